from datetime import UTC, datetime

import pytest

from accounts import members
from accounts.errors import InvalidDetail, NotAMember, OnlyTheOwner, OwnerStays
from accounts.models import AuditEntry, Membership

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def role_of(user) -> str | None:
    return Membership.objects.filter(user=user).values_list("role", flat=True).first()


def test_changing_a_role_takes_effect_and_is_written_once(organization, owner, member):
    for _ in range(2):
        members.change_role(
            organization, user=member, role="accountant", actor=owner, now=NOW
        )

    assert role_of(member) == "accountant"
    entry = AuditEntry.objects.get(action="member.role_changed")
    assert entry.detail == {"user": member.pk, "from": "member", "to": "accountant"}


@pytest.mark.parametrize("role", ["owner", "wizard", ""])
def test_only_roles_that_can_be_given_are_given(organization, owner, member, role):
    with pytest.raises(InvalidDetail):
        members.change_role(organization, user=member, role=role, actor=owner, now=NOW)


def test_owner_keeps_the_role_and_cannot_leave_or_be_removed(organization, owner, admin):
    with pytest.raises(OwnerStays):
        members.change_role(organization, user=owner, role="member", actor=admin, now=NOW)
    with pytest.raises(OwnerStays):
        members.remove(organization, user=owner, actor=admin, now=NOW)
    with pytest.raises(OwnerStays):
        members.leave(organization, user=owner, now=NOW)

    assert role_of(owner) == "owner"


def test_member_leaves(organization, member):
    members.leave(organization, user=member, now=NOW)

    assert role_of(member) is None
    assert AuditEntry.objects.get(action="member.left").actor == member


def test_removed_member_is_gone_and_removing_again_says_so(organization, owner, member):
    members.remove(organization, user=member, actor=owner, now=NOW)

    with pytest.raises(NotAMember):
        members.remove(organization, user=member, actor=owner, now=NOW)


def test_stranger_is_no_member_to_be_changed(organization, owner, stranger):
    with pytest.raises(NotAMember):
        members.change_role(organization, user=stranger, role="admin", actor=owner, now=NOW)


def test_organization_is_handed_over_and_the_old_owner_stays_as_admin(
    organization, owner, member
):
    members.transfer(organization, to=member, actor=owner, now=NOW)

    organization.refresh_from_db()
    assert organization.owner == member
    assert (role_of(member), role_of(owner)) == ("owner", "admin")
    entry = AuditEntry.objects.get(action="organization.transferred")
    assert entry.detail == {"from": owner.pk, "to": member.pk}


def test_only_the_owner_hands_over_and_only_to_a_member(
    organization, owner, admin, stranger
):
    with pytest.raises(OnlyTheOwner):
        members.transfer(organization, to=admin, actor=admin, now=NOW)
    with pytest.raises(NotAMember):
        members.transfer(organization, to=stranger, actor=owner, now=NOW)

    assert role_of(owner) == "owner"
