from datetime import UTC, datetime, timedelta

import pytest

from accounts import invitations, organizations
from accounts.errors import (
    AlreadyAMember,
    AlreadyInvited,
    InvalidDetail,
    InvitationForSomebodyElse,
    InvitationNotFound,
    InvitationOver,
)
from accounts.models import AuditEntry, Invitation, Membership
from tests.factories import accounts as make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def invited(organization, owner):
    return invitations.invite(
        organization,
        email="New@Example.com",
        role="accountant",
        invited_by=owner,
        now=NOW,
    )


@pytest.fixture
def newcomer(db):
    return make.make_user(email="new@example.com")


def test_letter_lets_its_reader_in_with_the_role_it_names(organization, invited, newcomer):
    membership = invitations.accept(invited.token, user=newcomer, now=NOW)

    assert (membership.organization, membership.role) == (organization, "accountant")
    assert [entry.action for entry in AuditEntry.objects.order_by("id")[1:]] == [
        "invitation.sent",
        "invitation.accepted",
    ]


def test_table_alone_lets_nobody_in(invited):
    kept = Invitation.objects.values().get()

    assert invited.token not in str(kept)
    assert invited.token not in repr(invited)
    with pytest.raises(InvitationNotFound):
        invitations.find(kept["token_hash"], now=NOW)


def test_invitation_is_good_until_its_last_moment_and_not_after(invited, newcomer):
    end = NOW + timedelta(days=7)

    assert invitations.find(invited.token, now=end - timedelta(microseconds=1))
    with pytest.raises(InvitationOver):
        invitations.accept(invited.token, user=newcomer, now=end)
    assert not Membership.objects.filter(user=newcomer).exists()


def test_invitation_works_once(invited, newcomer):
    invitations.accept(invited.token, user=newcomer, now=NOW)

    with pytest.raises(InvitationOver):
        invitations.accept(invited.token, user=newcomer, now=NOW)


def test_invitation_is_of_no_use_to_another_address(invited, stranger):
    with pytest.raises(InvitationForSomebodyElse):
        invitations.accept(invited.token, user=stranger, now=NOW)


def test_address_must_be_proved_and_not_only_claimed(invited, newcomer):
    newcomer.emailaddress_set.update(verified=False)

    with pytest.raises(InvitationForSomebodyElse):
        invitations.accept(invited.token, user=newcomer, now=NOW)


def test_withdrawn_invitation_is_over(invited, owner, newcomer):
    for _ in range(2):
        invitations.revoke(invited.invitation, actor=owner, now=NOW)

    with pytest.raises(InvitationOver):
        invitations.accept(invited.token, user=newcomer, now=NOW)
    assert AuditEntry.objects.filter(action="invitation.revoked").count() == 1


def test_accepted_invitation_cannot_be_withdrawn(invited, owner, newcomer):
    invitations.accept(invited.token, user=newcomer, now=NOW)

    with pytest.raises(InvitationOver, match="Remove the member"):
        invitations.revoke(invited.invitation, actor=owner, now=NOW)


def test_one_open_invitation_per_address_and_a_new_one_after_it_ran_out(
    organization, owner, invited
):
    again = {"email": "new@example.com", "role": "member", "invited_by": owner}
    with pytest.raises(AlreadyInvited):
        invitations.invite(organization, now=NOW, **again)

    later = invitations.invite(organization, now=NOW + timedelta(days=7), **again)

    with pytest.raises(InvitationOver):
        invitations.find(invited.token, now=NOW + timedelta(days=7))
    assert invitations.find(later.token, now=NOW + timedelta(days=8)).role == "member"


def test_member_is_not_invited_again(organization, owner, member):
    with pytest.raises(AlreadyAMember):
        invitations.invite(
            organization, email=member.email, role="admin", invited_by=owner, now=NOW
        )


def test_member_cannot_raise_themselves_by_an_older_letter(organization, invited, newcomer):
    Membership.objects.create(organization=organization, user=newcomer, role="member")

    with pytest.raises(AlreadyAMember):
        invitations.accept(invited.token, user=newcomer, now=NOW)
    assert Membership.objects.get(user=newcomer).role == "member"


@pytest.mark.parametrize("wrong", [{"role": "owner"}, {"email": "nobody"}])
def test_nobody_is_invited_as_owner_or_without_an_address(organization, owner, wrong):
    with pytest.raises(InvalidDetail):
        invitations.invite(
            organization,
            **{"email": "a@b.cd", "role": "member", "invited_by": owner, "now": NOW}
            | wrong,
        )


def test_invitation_of_a_closed_organization_is_over(
    organization, owner, invited, newcomer
):
    organizations.close(organization, actor=owner, now=NOW)

    with pytest.raises(InvitationOver):
        invitations.accept(invited.token, user=newcomer, now=NOW)
