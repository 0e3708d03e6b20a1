"""Sign-in, sign-up, letters: all in our own hand."""

import re

import pytest
from django.core import mail
from django.template.loader import get_template

from accounts.models import User
from tests.factories.accounts import PASSWORD
from tests.pages.browsing import code_of

pytestmark = pytest.mark.django_db

OUR_STYLE = "/static/css/tokens.css"
# Texts of the library that would show through.
FOREIGN = ("Menu:", "Please reauthenticate", "Messages:", "Hello from")


@pytest.fixture
def freshly_signed_in(client, owner):
    """Signed in, and asked again for the password, as important pages do."""
    client.post("/accounts/login/", {"login": owner.email, "password": PASSWORD})
    client.post("/accounts/reauthenticate/", {"password": PASSWORD})
    return client


def assert_ours(response) -> str:
    page = response.content.decode()
    assert response.status_code == 200
    assert OUR_STYLE in page
    assert page.count("<h1") == 1
    assert not any(words in page for words in FOREIGN)
    assert "<p><label" not in page
    return page


@pytest.mark.parametrize(
    "url",
    [
        "login/",
        "signup/",
        "inactive/",
        "confirm-email/",
        "confirm-email/no-such-key/",
        "password/reset/",
        "password/reset/done/",
        "password/reset/key/1-no-key/",
        "password/reset/key/done/",
    ],
)
def test_door_is_in_our_design(client, url):
    assert_ours(client.get(f"/accounts/{url}"))


@pytest.mark.parametrize(
    "url",
    [
        "email/",
        "password/change/",
        "logout/",
        "reauthenticate/",
        "2fa/",
        "2fa/totp/activate/",
    ],
)
def test_pages_about_ones_sign_in_are_in_our_design(freshly_signed_in, url):
    assert_ours(freshly_signed_in.get(f"/accounts/{url}"))


def test_two_factor_from_first_to_last_is_in_our_design(freshly_signed_in, owner):
    browser = freshly_signed_in
    secret = re.search(
        r'value="([A-Z2-7]{32})"', assert_ours(browser.get("/accounts/2fa/totp/activate/"))
    )[1]
    activated = browser.post(
        "/accounts/2fa/totp/activate/", {"code": code_of(secret)}, follow=True
    )
    assert "Each lets you in once" in assert_ours(activated)

    assert "Signing in asks for a code" in assert_ours(browser.get("/accounts/2fa/"))
    codes = assert_ours(browser.get("/accounts/2fa/recovery-codes/"))
    assert len(re.findall(r"<li><code>[0-9a-f]+</code>", codes)) == 10
    assert_ours(browser.get("/accounts/2fa/recovery-codes/generate/"))
    assert_ours(browser.get("/accounts/2fa/totp/deactivate/"))
    assert_ours(browser.get("/accounts/2fa/reauthenticate/"))

    browser.post("/accounts/logout/")
    step = browser.post(
        "/accounts/login/", {"login": owner.email, "password": PASSWORD}, follow=True
    )
    assert "One more step" in assert_ours(step)


def test_wrong_password_is_told_beside_the_form(client, owner):
    page = assert_ours(
        client.post("/accounts/login/", {"login": owner.email, "password": "wrong"})
    )

    assert 'role="alert"' in page
    assert "not correct" in page


def test_field_errors_stand_at_their_field_and_are_tied_to_it(client):
    page = assert_ours(
        client.post("/accounts/signup/", {"email": "no address", "password1": "short"})
    )

    assert 'id="id_email_error"' in page
    email = re.search(r'<input type="email"[^>]+>', page)[0]
    assert 'aria-invalid="true"' in email
    assert "id_email_error" in email
    password = re.search(r'<input type="password"[^>]+>', page)[0]
    assert "id_password1_helptext" in password
    assert "placeholder" not in page


def test_sign_up_letter_is_plain_and_leads_to_the_next_step(client):
    client.post(
        "/accounts/signup/",
        {"email": "new@example.com", "password1": PASSWORD},
        follow=True,
    )
    letter = mail.outbox[-1]
    link = re.search(r"https?://\S+", letter.body)[0]

    assert letter.subject == "Confirm your address"
    assert "name your organization" in letter.body
    asked = assert_ours(client.get(re.sub(r"^https?://[^/]+", "", link)))
    assert "new@example.com" in asked


def test_password_letters(client, owner):
    client.post("/accounts/password/reset/", {"email": owner.email})
    letter = mail.outbox[-1]
    assert letter.subject == "Set a new password"
    path = re.search(r"https?://[^/]+(\S+)", letter.body)[1]
    form = client.get(path, follow=True)
    assert "Set a new password" in assert_ours(form)

    new = "another horse battery staple"
    done = client.post(
        form.redirect_chain[-1][0], {"password1": new, "password2": new}, follow=True
    )

    assert "Your password is set" in assert_ours(done)
    assert mail.outbox[-1].subject == "Your password was set anew"
    assert "If it was not" in mail.outbox[-1].body
    assert User.objects.get().check_password(new)


def test_letter_to_nobody_says_so(client):
    client.post("/accounts/password/reset/", {"email": "nobody@example.com"})

    assert mail.outbox[-1].subject == "No sign-in with this address"
    assert "nobody@example.com" in mail.outbox[-1].body


def test_letter_of_a_second_sign_up_tells_only_the_owner_of_the_address(client, owner):
    client.post("/accounts/signup/", {"email": owner.email, "password1": PASSWORD})

    assert mail.outbox[-1].to == [owner.email]
    assert mail.outbox[-1].subject == "You have signed up before"


def test_adding_and_removing_an_address_sends_letters(freshly_signed_in, owner):
    browser = freshly_signed_in
    added = browser.post(
        "/accounts/email/", {"action_add": "", "email": "second@example.com"}, follow=True
    )
    page = assert_ours(added)
    assert "We have sent an e-mail to second@example.com" in page
    assert "Not confirmed" in page

    removed = browser.post(
        "/accounts/email/",
        {"action_remove": "", "email": "second@example.com"},
        follow=True,
    )
    assert "second@example.com is removed" in assert_ours(removed)
    assert mail.outbox[-1].subject == "An address was removed"


def test_changed_password_is_told_by_letter(freshly_signed_in):
    new = "another horse battery staple"
    freshly_signed_in.post(
        "/accounts/password/change/",
        {"oldpassword": PASSWORD, "password1": new, "password2": new},
    )

    assert mail.outbox[-1].subject == "Your password was changed"


def test_letters_lead_to_our_site_whatever_host_was_asked(client, owner, settings):
    settings.WEBSITE_URL = "https://billing.example"
    known, unknown = {"email": owner.email}, {"email": "nobody@example.com"}
    for url, form in (
        ("/accounts/password/reset/", known),
        ("/accounts/password/reset/", unknown),
        ("/accounts/signup/", known | {"password1": PASSWORD}),
        ("/accounts/signup/", unknown | {"password1": PASSWORD}),
    ):
        client.post(url, form, headers={"host": "127.0.0.1"})

        links = re.findall(r"https?://\S+", mail.outbox[-1].body)
        assert len(links) == 1
        assert links[0].startswith("https://billing.example/accounts/")
    assert len(mail.outbox) == 4


def test_letters_are_signed_by_the_product_and_not_by_the_host(client, owner):
    client.post(
        "/accounts/password/reset/", {"email": owner.email}, headers={"host": "127.0.0.1"}
    )

    body = mail.outbox[-1].body
    assert body.strip().endswith("ServiceBilling")
    assert "127.0.0.1" not in body
    assert "&#" not in body


@pytest.mark.parametrize(
    "name",
    [
        "account/email/account_already_exists",
        "account/email/email_changed",
        "account/email/email_confirm",
        "account/email/email_confirmation",
        "account/email/email_confirmation_signup",
        "account/email/email_deleted",
        "account/email/password_changed",
        "account/email/password_reset",
        "account/email/password_reset_key",
        "account/email/password_set",
        "account/email/unknown_account",
        "mfa/email/recovery_codes_generated",
        "mfa/email/totp_activated",
        "mfa/email/totp_deactivated",
    ],
)
def test_every_letter_that_can_be_sent_is_our_own(name, settings):
    for part in ("subject", "message"):
        origin = get_template(f"{name}_{part}.txt").origin.name
        assert origin.startswith(str(settings.BASE_DIR / "templates"))


def test_what_is_told_of_passwords_is_what_is_asked_of_them(client, settings):
    [length] = [one for one in settings.AUTH_PASSWORD_VALIDATORS if one["OPTIONS"]]
    assert len(settings.AUTH_PASSWORD_VALIDATORS) == 4

    page = client.get("/accounts/signup/").content.decode()

    assert f"At least {length['OPTIONS']['min_length']} characters" in page
    assert "<li>Your password" not in page
