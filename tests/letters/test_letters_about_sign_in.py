"""Letters about a person's sign-in: one layout, and a change is told though mail was down."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.core import mail
from django.utils import timezone

from billing.letters import posting
from billing.models import Letter

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery staple"


def change_password(browser) -> None:
    browser.post(
        "/accounts/password/change/",
        {
            "oldpassword": PASSWORD,
            "password1": "another horse 77",
            "password2": "another horse 77",
        },
    )


def test_a_changed_address_is_told_to_the_old_one_in_the_one_layout(client_of, owner):
    EmailAddress.objects.create(user=owner, email="new@example.com", verified=True)
    browser = client_of(owner)
    browser.post("/accounts/email/", {"email": "new@example.com", "action_primary": ""})
    letter = Letter.objects.get(kind="sign_in")
    assert letter.state == "delivered"
    sent = mail.outbox[-1]
    assert sent.to == [letter.address] == [owner.email]
    for part in (sent.body, sent.alternatives[0].content):
        assert "to new@example.com" in part
        assert "If it was not, set a new password at once" in " ".join(part.split())
    assert "max-width:560px" in sent.alternatives[0].content


def test_a_change_while_mail_is_down_is_told_later(client_of, owner, settings):
    taken = settings.EMAIL_BACKEND
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST, settings.EMAIL_PORT = "127.0.0.1", 1
    change_password(client_of(owner))
    assert Letter.objects.get().state == "waiting"
    settings.EMAIL_BACKEND = taken
    assert posting.post_due(now=timezone.now() + timedelta(hours=2)) == 1
    assert mail.outbox[-1].subject == "Your password was changed"


def test_a_letter_with_a_key_is_in_the_layout_and_kept_nowhere(client, owner):
    client.post("/accounts/password/reset/", {"email": owner.email})
    sent = mail.outbox[-1]
    html = sent.alternatives[0].content
    (link,) = [line for line in sent.body.splitlines() if line.startswith("http")]
    assert f'href="{link}"' in html
    assert "Set a new password" in html
    assert not Letter.objects.exists()
