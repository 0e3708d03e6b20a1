"""Inviting, joining, roles, handing over and leaving, as people do it."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.test import Client
from django.utils import timezone

from accounts.models import AuditEntry, Invitation, Membership
from billing.letters import posting
from billing.models import Letter
from tests.factories import accounts as make
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

TEAM = "/dashboard/team"


@pytest.fixture
def boss(client_of, owner, number):
    return client_of(owner)


def invite(browser, *, email="new@example.com", role="member") -> str:
    """Returns the path of the link in the letter."""
    browser.post(f"{TEAM}/invite", {"email": email, "role": role})
    return re.search(r"http://\S+(/invitations/\S+)", mail.outbox[-1].body)[1]


def role_of(person) -> str:
    found = Membership.objects.filter(user=person).values_list("role", flat=True)
    return found.first() or ""


def test_page_lists_who_belongs_and_who_is_invited(boss, admin, accountant, member):
    invite(boss)

    page = cheaply(boss, TEAM)

    assert "Olga Owner You owner@example.com" in page
    assert "4 people" in page
    assert "new@example.com Member, invited by Olga Owner" in page


def test_member_sees_the_team_and_changes_nothing(client_of, boss, member):
    browser = client_of(member)

    page = seen(browser.get(TEAM))
    assert "Invite somebody" not in page
    assert "Leave Acme Dental" in page
    assert browser.post(f"{TEAM}/invite", {"email": "x@example.com"}).status_code == 403


def test_letter_lets_its_reader_in_once(client_of, boss, organization, stranger):
    path = invite(boss, email=stranger.email, role="accountant")
    browser = client_of(stranger)

    assert "Join Acme Dental" in seen(browser.get(path))
    joined = browser.post(path)
    assert joined.url == "/dashboard?organization=acme-dental"
    assert "Welcome to Acme Dental" in seen(browser.get(joined.url))
    assert role_of(stranger) == "accountant"
    again = browser.post(path)
    assert again.status_code == 409
    assert "no longer good" in again.content.decode()


def test_link_of_another_opens_nothing(client_of, boss, stranger):
    path = invite(boss, email="somebody@example.com")
    browser = client_of(stranger)

    page = seen(browser.get(path))
    assert "You are signed in as stranger@example.net instead." in page
    assert "Join as" not in page
    refused = browser.post(path)

    assert refused.status_code == 403
    assert "sent to another e-mail address" in refused.content.decode()
    assert role_of(stranger) == ""


def test_whoever_is_not_signed_in_comes_back_to_the_invitation(boss, stranger):
    path = invite(boss, email=stranger.email)
    browser = Client()

    assert f"/accounts/login/?next={path}" in browser.get(path).content.decode()
    browser.force_login(
        stranger, backend="allauth.account.auth_backends.AuthenticationBackend"
    )
    assert browser.get("/dashboard").url == path


@pytest.mark.parametrize(
    ("email", "why"),
    [
        ("no address", "Enter a valid email address"),
        ("owner@example.com", "already a member"),
        ("twice@example.com", "has an open invitation"),
    ],
)
def test_bad_invitations_keep_what_was_typed(boss, email, why):
    invite(boss, email="twice@example.com")

    answer = boss.post(f"{TEAM}/invite", {"email": email, "role": "admin"})

    assert why in seen(answer)
    assert f'value="{email}"' in answer.content.decode()


def test_invitation_waits_for_a_mail_server_and_its_key_is_nowhere(boss, settings):
    taken = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    boss.post(f"{TEAM}/invite", {"email": "new@example.com", "role": "member"})
    assert "sent as soon as one does" in seen(boss.get(TEAM))
    letter = Letter.objects.get()
    assert (letter.kind, letter.state) == ("invitation", "waiting")

    settings.EMAIL_BACKEND = taken
    assert posting.post_due(now=timezone.now() + timedelta(minutes=1)) == 1
    sent = mail.outbox[-1]
    path = re.search(r"http://\S+(/invitations/\S+)", sent.body)[1]
    assert "Join" in Client().get(path).content.decode()
    assert path in sent.alternatives[0].content
    token = path.rsplit("/", 1)[1]
    letter.refresh_from_db()
    assert token not in str(vars(letter))
    assert letter.state == "delivered"


def test_withdrawn_invitation_that_waited_is_not_sent(boss, settings):
    taken = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    boss.post(f"{TEAM}/invite", {"email": "new@example.com", "role": "member"})
    boss.post(f"{TEAM}/withdraw", {"invitation": Invitation.objects.get().pk})
    settings.EMAIL_BACKEND = taken
    assert posting.post_due(now=timezone.now() + timedelta(minutes=1)) == 0
    assert Letter.objects.get().error.startswith("Withdrawn")
    assert mail.outbox == []


def test_invitation_can_be_withdrawn(boss):
    path = invite(boss)

    boss.post(f"{TEAM}/withdraw", {"invitation": Invitation.objects.get().pk})

    assert "no longer good" in Client().get(path).content.decode()


def test_roles_change_and_members_go(boss, member):
    boss.post(f"{TEAM}/role", {"member": member.pk, "role": "accountant"})
    assert role_of(member) == "accountant"
    boss.post(f"{TEAM}/role", {"member": member.pk, "role": "owner"})
    assert role_of(member) == "accountant"
    boss.post(f"{TEAM}/remove", {"member": member.pk})
    assert role_of(member) == ""


def test_nobody_of_another_organization_can_be_named(boss, other_organization, stranger):
    boss.post(f"{TEAM}/remove", {"member": stranger.pk})

    assert "not a member" in seen(boss.get(TEAM))
    assert role_of(stranger) == "owner"


def test_owner_hands_over_and_only_when_sure(boss, organization, admin, owner):
    boss.post(f"{TEAM}/transfer", {"member": admin.pk})
    assert role_of(admin) == "admin"

    boss.post(f"{TEAM}/transfer", {"member": admin.pk, "sure": "on"})

    assert (role_of(admin), role_of(owner)) == ("owner", "admin")
    assert AuditEntry.objects.filter(action="organization.transferred").exists()


def test_leaving_ends_the_membership_and_the_owner_stays(client_of, boss, member, owner):
    left = client_of(member).post(f"{TEAM}/leave", {"organization": "acme-dental"})
    assert (left.status_code, role_of(member)) == (302, "")

    boss.post(f"{TEAM}/leave")
    assert role_of(owner) == "owner"
    assert "The owner stays" in seen(boss.get(TEAM))


def test_person_of_two_organizations_is_led_on_after_leaving(client_of, boss, member):
    make.make_organization(name="Second", owner=member)

    left = client_of(member).post(f"{TEAM}/leave", {"organization": "acme-dental"})

    assert left.url == "/dashboard"
