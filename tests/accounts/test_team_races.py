"""Two people do it at the same moment: real threads, real transactions."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from threading import Barrier

import pytest
from django.db import connection

from accounts import api_keys, invitations, members, organizations
from accounts.errors import AccountsError
from accounts.models import AuditEntry, Membership, Organization
from tests.factories import accounts as make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def at_once(deeds: list[Callable[[], object]]) -> list[object]:
    """Do all deeds at the same moment; return what each gave or how it was refused."""
    start = Barrier(len(deeds), timeout=60)

    def do(deed: Callable[[], object]) -> object:
        try:
            start.wait()
            return deed()
        except AccountsError as error:
            return type(error).__name__
        finally:
            connection.close()

    with ThreadPoolExecutor(len(deeds)) as threads:
        return list(threads.map(do, deeds))


def test_letter_read_in_many_tabs_lets_in_once(organization, owner):
    newcomer = make.make_user(email="new@example.com")
    invited = invitations.invite(
        organization, email=newcomer.email, role="member", invited_by=owner, now=NOW
    )

    ends = at_once([lambda: invitations.accept(invited.token, user=newcomer, now=NOW)] * 8)

    assert sum(isinstance(end, Membership) for end in ends) == 1
    assert {end for end in ends if isinstance(end, str)} == {"InvitationOver"}
    assert AuditEntry.objects.filter(action="invitation.accepted").count() == 1


def test_invitation_is_either_accepted_or_withdrawn(organization, owner):
    newcomer = make.make_user(email="new@example.com")
    for _ in range(10):
        invited = invitations.invite(
            organization, email=newcomer.email, role="member", invited_by=owner, now=NOW
        )
        at_once(
            [
                lambda token=invited.token: invitations.accept(
                    token, user=newcomer, now=NOW
                ),
                lambda it=invited.invitation: invitations.revoke(it, actor=owner, now=NOW),
            ]
        )
        invited.invitation.refresh_from_db()
        is_member = Membership.objects.filter(user=newcomer).exists()
        assert is_member == (invited.invitation.accepted_at is not None)
        Membership.objects.filter(user=newcomer).delete()


def test_organization_handed_to_two_at_once_has_one_owner(
    organization, owner, admin, member
):
    ends = at_once(
        [
            lambda: members.transfer(organization, to=admin, actor=owner, now=NOW),
            lambda: members.transfer(organization, to=member, actor=owner, now=NOW),
        ]
    )

    assert sorted(type(end).__name__ for end in ends) == ["Organization", "str"]
    organization.refresh_from_db()
    assert organization.memberships.get(role="owner").user == organization.owner


def test_heir_who_leaves_at_that_moment_leaves_no_organization_without_owner(
    organization, owner, member
):
    at_once(
        [
            lambda: members.transfer(organization, to=member, actor=owner, now=NOW),
            lambda: members.leave(organization, user=member, now=NOW),
        ]
    )

    organization.refresh_from_db()
    assert organization.memberships.get(role="owner").user == organization.owner


def test_many_organizations_of_one_name_at_once(owner):
    at_once(
        [lambda: organizations.create(name="Acme", owner=owner, now=NOW) for _ in range(8)]
    )

    assert len(set(Organization.objects.values_list("slug", flat=True))) == 8


def test_key_withdrawn_twice_at_once_leaves_one_trace(organization, owner):
    issued = make.make_key(organization=organization)

    at_once([lambda: api_keys.revoke(issued.api_key, actor=owner, now=NOW)] * 4)

    assert AuditEntry.objects.filter(action="api_key.revoked").count() == 1
