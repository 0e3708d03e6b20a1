from datetime import UTC, datetime

import pytest
from django.db import IntegrityError, transaction

from accounts import invitations, members, organizations
from accounts.errors import InvalidDetail, OnlyTheOwner, OrganizationClosed
from accounts.models import ApiKey, AuditEntry, Invitation, Membership, Organization
from tests.factories import accounts as make

NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


def test_new_organization_belongs_to_its_owner_and_leaves_a_trace(owner):
    made = organizations.create(name="  Acme   Dental ", owner=owner, now=NOW)

    assert (made.name, made.slug, made.billing_email) == (
        "Acme Dental",
        "acme-dental",
        owner.email,
    )
    assert made.memberships.get().role == "owner"
    entry = AuditEntry.objects.get(organization=made)
    assert (entry.action, entry.actor, entry.created_at) == (
        "organization.created",
        owner,
        NOW,
    )
    # The trail outlives a wish to be erased.
    assert "Acme" not in str(entry.detail)


def test_organizations_of_one_name_get_slugs_of_their_own(owner):
    slugs = [
        organizations.create(name="Acme", owner=owner, now=NOW).slug for _ in range(22)
    ]

    assert slugs[:3] == ["acme", "acme-2", "acme-3"]
    assert len(set(slugs)) == 22


def test_name_without_latin_letters_still_gets_a_slug(owner):
    assert organizations.create(name="診療所", owner=owner, now=NOW).slug == "organization"


def test_name_longer_than_a_slug_may_be_is_cut_in_the_slug_alone(owner):
    made = organizations.create(name="a" * 200, owner=owner, now=NOW)

    assert len(made.name) == 200
    assert len(made.slug) <= 80


@pytest.mark.parametrize(
    "wrong",
    [
        {"name": "   "},
        {"name": "x" * 201},
        {"name": "Acme\x00"},
        {"timezone": "Mars/Olympus"},
        {"currency": "usd"},
        {"currency": "USD\n"},
        {"billing_email": "nobody"},
    ],
)
def test_details_that_cannot_be_used_are_refused_and_nothing_is_made(owner, wrong):
    with pytest.raises(InvalidDetail):
        organizations.create(**{"name": "Acme", "owner": owner, "now": NOW} | wrong)

    assert not Organization.objects.exists()


@pytest.mark.parametrize(
    ("email", "said", "offered"),
    [
        ("ann@acme-dental.com", "", "Acme Dental"),
        ("ann.lee@gmail.com", "", "Ann Lee"),
        ("ann@gmail.com", "Lee & Sons", "Lee & Sons"),
    ],
)
def test_first_organization_is_offered_a_name(email, said, offered):
    user = make.make_user(email=email)
    user.organization_wanted = said

    assert organizations.suggested_name(user) == offered


def test_describing_writes_what_changed_and_nothing_when_nothing_did(organization, owner):
    same = {"billing_email": owner.email, "timezone": "UTC", "actor": owner, "now": NOW}
    organizations.describe(organization, name="Acme Clinic", **same)
    organizations.describe(organization, name="Acme Clinic", **same)

    organization.refresh_from_db()
    assert (organization.name, organization.slug) == ("Acme Clinic", "acme-dental")
    entry = AuditEntry.objects.get(action="organization.described")
    assert entry.detail == {"fields": ["name"]}


def test_staff_suspend_an_organization_and_let_it_work_again(organization, staff):
    for status in ("suspended", "suspended", "active"):
        organizations.set_status(
            organization, status=status, reason="unpaid", actor=staff, now=NOW
        )

    trail = AuditEntry.objects.filter(actor=staff).order_by("id")
    assert [entry.action for entry in trail] == [
        "organization.suspended",
        "organization.active",
    ]


def test_closing_is_not_a_status_that_staff_set(organization, staff):
    with pytest.raises(InvalidDetail):
        organizations.set_status(
            organization, status="closed", reason="", actor=staff, now=NOW
        )


def test_closed_organization_loses_keys_and_invitations_and_takes_no_new_ones(
    organization, owner
):
    issued = make.make_key(organization=organization)
    invitations.invite(
        organization, email="new@example.com", role="member", invited_by=owner, now=NOW
    )
    organizations.close(organization, actor=owner, now=NOW)
    organizations.close(organization, actor=owner, now=NOW)

    assert ApiKey.objects.get(pk=issued.api_key.pk).revoked
    assert Invitation.objects.get().revoked_at == NOW
    assert AuditEntry.objects.filter(action="organization.closed").count() == 1
    organization.refresh_from_db()
    with pytest.raises(OrganizationClosed):
        make.make_key(organization=organization)
    with pytest.raises(OrganizationClosed):
        members.leave(organization, user=owner, now=NOW)


def test_only_the_owner_closes(organization, admin):
    with pytest.raises(OnlyTheOwner):
        organizations.close(organization, actor=admin, now=NOW)


def test_database_refuses_a_second_owner(organization, member):
    with pytest.raises(IntegrityError, match="organization_has_one_owner"):
        Membership.objects.filter(user=member).update(role="owner")


@pytest.mark.parametrize(
    ("model", "field"), [(Membership, "role"), (Organization, "status")]
)
def test_database_refuses_a_word_that_means_nothing(organization, model, field):
    with pytest.raises(IntegrityError, match="_is_known"), transaction.atomic():
        model.objects.update(**{field: "wizard"})
