"""Signing up, in and back in, over HTTP, reading the letters."""

import re

import pyotp
import pytest
import time_machine
from allauth.mfa.totp.internal import auth as totp
from django.core import mail
from django.test import Client
from django.urls import reverse
from django.utils.timezone import now

from accounts import people
from accounts.models import User
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db

NEW = {
    "email": "Ann@Example.com",
    "password1": "a long enough passphrase",
    "organization": "Lee & Sons",
}


def sign_up(browser: Client, **changes):
    return browser.post("/accounts/signup/", NEW | changes)


def link_in_letter() -> str:
    """The path of the only link in the newest letter."""
    (link,) = set(re.findall(r"http://localhost:8000(/accounts/\S+)", mail.outbox[-1].body))
    return link


def is_signed_in(browser: Client) -> bool:
    return "_auth_user_id" in browser.session


def test_new_person_verifies_the_address_and_lands_on_the_dashboard(client):
    waiting = sign_up(client)

    assert waiting.url == reverse("account_email_verification_sent")
    assert not is_signed_in(client)
    assert mail.outbox[0].to == ["ann@example.com"]
    confirmed = client.post(link_in_letter())
    assert confirmed.url == reverse("website:dashboard")
    assert is_signed_in(client)
    user = User.objects.get()
    assert (user.email, user.organization_wanted) == ("ann@example.com", "Lee & Sons")
    assert not user.memberships.exists()


def test_letter_opened_in_another_browser_verifies_and_asks_to_sign_in(client):
    sign_up(client)
    elsewhere = Client()

    reply = elsewhere.post(link_in_letter())

    assert reply.url == "/accounts/login/"
    assert not is_signed_in(elsewhere)
    signed_in = elsewhere.post(
        "/accounts/login/", {"login": "ann@example.com", "password": NEW["password1"]}
    )
    assert signed_in.url == reverse("website:dashboard")


def test_looking_at_the_letters_link_verifies_nothing(client):
    sign_up(client)

    assert client.get(link_in_letter()).status_code == 200

    assert not people.verified_emails(User.objects.get())


def test_unverified_person_cannot_sign_in_and_gets_another_letter(client, settings):
    settings.ACCOUNT_EMAIL_CONFIRMATION_COOLDOWN = 0
    sign_up(client)

    reply = Client().post(
        "/accounts/login/", {"login": "ann@example.com", "password": NEW["password1"]}
    )

    assert reply.url == reverse("account_email_verification_sent")
    assert len(mail.outbox) == 2


def test_links_lead_to_our_site_whatever_host_was_asked(client, settings):
    settings.ALLOWED_HOSTS = ["evil.example"]

    client.post("/accounts/signup/", NEW, headers={"Host": "evil.example"})

    assert link_in_letter().startswith("/accounts/confirm-email/")
    assert "evil.example/accounts/confirm" not in mail.outbox[0].body


@pytest.mark.parametrize(
    ("wrong", "said"),
    [
        ({"password1": "short"}, "at least 12 characters"),
        ({"password1": "123456789012"}, "entirely numeric"),
        ({"email": "nobody"}, "valid email"),
        ({"organization": "x" * 201}, "at most 200"),
    ],
)
def test_sign_up_that_cannot_be_is_said_in_the_form(client, wrong, said):
    reply = sign_up(client, **wrong)

    assert reply.status_code == 200
    assert said in reply.content.decode()
    assert not User.objects.exists()


def test_taken_address_is_told_to_its_owner_alone(client):
    make.make_user(email="ann@example.com")

    taken = sign_up(client)
    free = sign_up(Client(), email="bob@example.com")

    assert (taken.status_code, taken.url) == (free.status_code, free.url)
    assert User.objects.count() == 2
    assert mail.outbox[0].subject == "You have signed up before"


@pytest.mark.parametrize("typed", ["owner@example.com", " OWNER@Example.com "])
def test_person_signs_in_however_the_address_is_typed(client, owner, typed):
    reply = client.post("/accounts/login/", {"login": typed, "password": make.PASSWORD})

    assert reply.url == reverse("website:dashboard")
    assert is_signed_in(client)


@pytest.mark.parametrize("login", ["owner@example.com", "nobody@example.com"])
def test_wrong_password_and_unknown_address_look_alike(client, owner, login):
    reply = client.post("/accounts/login/", {"login": login, "password": "not the one"})

    assert reply.status_code == 200
    assert "are not correct" in reply.content.decode()
    assert not is_signed_in(client)


def test_guessing_is_stopped_even_when_the_guess_is_right_at_last(client, owner):
    for _ in range(5):
        client.post("/accounts/login/", {"login": owner.email, "password": "a guess"})

    reply = client.post(
        "/accounts/login/", {"login": owner.email, "password": make.PASSWORD}
    )

    assert "Too many failed login attempts" in reply.content.decode()
    assert not is_signed_in(client)


def test_inactive_person_stays_out(client, owner):
    User.objects.update(is_active=False)

    client.post("/accounts/login/", {"login": owner.email, "password": make.PASSWORD})

    assert not is_signed_in(client)


def test_sign_in_does_not_lead_to_another_site(client, owner):
    reply = client.post(
        "/accounts/login/?next=https://evil.example/",
        {"login": owner.email, "password": make.PASSWORD},
    )

    assert reply.url == reverse("website:dashboard")


def test_forgotten_password_is_set_anew_by_letter_and_the_old_one_ends(client, owner):
    client.post("/accounts/password/reset/", {"email": "OWNER@example.com"})
    link = link_in_letter()
    form = client.get(link).url
    changed = client.post(
        form,
        {"password1": "quite another passphrase", "password2": "quite another passphrase"},
    )

    assert changed.status_code == 302
    owner.refresh_from_db()
    assert owner.check_password("quite another passphrase")
    used = Client().get(link)
    assert "This link is used up" in used.content.decode()


def test_changed_password_ends_the_sessions_elsewhere(owner, client_of):
    here, elsewhere = client_of(owner), client_of(owner)
    here.post(
        "/accounts/password/change/",
        {
            "oldpassword": make.PASSWORD,
            "password1": "quite another passphrase",
            "password2": "quite another passphrase",
        },
    )

    assert elsewhere.get("/accounts/email/").status_code == 302


def test_reset_for_an_unknown_address_tells_nothing(client, owner):
    known = client.post("/accounts/password/reset/", {"email": owner.email})
    unknown = client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert (known.status_code, known.url) == (unknown.status_code, unknown.url)


def test_signing_out_needs_a_form(owner, client_of):
    browser = client_of(owner)

    browser.get("/accounts/logout/")
    assert is_signed_in(browser)
    browser.post("/accounts/logout/")

    assert not is_signed_in(browser)


# Standing still, so that the code does not run out between being made and being typed.
@time_machine.travel("2026-03-01T12:00:00Z", tick=False)
def test_second_factor_that_was_set_up_is_asked_for(client, owner):
    secret = totp.generate_totp_secret()
    totp.TOTP.activate(owner, secret)

    asked = client.post(
        "/accounts/login/?next=/dashboard",
        {"login": owner.email, "password": make.PASSWORD},
    )

    assert asked.url.startswith(reverse("mfa_authenticate"))
    assert not is_signed_in(client)
    client.post(asked.url, {"code": "000000"})
    assert not is_signed_in(client)
    client.post(asked.url, {"code": code_now(secret)})
    assert is_signed_in(client)


def code_now(secret: str) -> str:
    return pyotp.TOTP(secret).now()


def test_person_made_by_a_command_signs_in_at_once(client):
    password = people.new_password()
    people.create_verified(email="Cmd@Example.com", password=password, now=now())

    client.post("/accounts/login/", {"login": "cmd@example.com", "password": password})

    assert is_signed_in(client)
    assert len(password) >= 16
