"""A mail service, or the mail server, says that an address takes nothing: letters stop, staff
and the customer see it, and one press of a button lets them go there again."""

import base64
import hashlib
import hmac
import json
import time
from smtplib import SMTPRecipientsRefused

import pytest
from django.contrib.auth.models import Group
from django.core import mail
from django.urls import reverse
from django.utils import timezone

from accounts import invitations
from accounts.models import AuditEntry
from billing.letters import bounces, posting, writing
from billing.letters.bounces import Bounce
from billing.letters.wording import Words
from billing.models import BouncedAddress, Letter
from tests.factories import metering as make
from tests.letters.test_posting import Server

pytestmark = pytest.mark.django_db
SECRET = "service:a-long-password"
BASIC = "Basic " + base64.b64encode(SECRET.encode()).decode()
HARD = {
    "RecordType": "Bounce",
    "Type": "HardBounce",
    "Email": "Owner@Example.com",
    "Description": "The server was unable to deliver your message",
    "Details": "550 5.1.1 no such user",
    "BouncedAt": "2026-01-15T12:00:00Z",
    "MessageID": "1",
    "ID": 1,
}


@pytest.fixture(autouse=True)
def secrets(settings):
    settings.ANYMAIL = {
        "WEBHOOK_SECRET": [SECRET],
        "MAILGUN_WEBHOOK_SIGNING_KEY": "mailgun-signing-key",
    }


@pytest.fixture
def tell(client):
    def told(event, service="postmark", authorization=BASIC, **more):
        headers = {"Authorization": authorization} if authorization else {}
        body = event if isinstance(event, str) else json.dumps(event)
        return client.post(
            f"/api/webhooks/mail/{service}",
            body,
            content_type="application/json",
            headers=headers,
            **more,
        )

    return told


def write(organization, now, about="1") -> None:
    writing.write(
        "minutes_gone",
        Words("News", "Something happened", ("It did.",)),
        organization=organization,
        about=about,
        now=now,
    )


def test_a_bounce_stops_letters_to_that_address_with_a_note(organization, now, tell):
    assert organization.billing_email == "owner@example.com"
    assert tell(HARD).status_code == 200
    assert tell(HARD).status_code == 200
    assert BouncedAddress.objects.get().detail == "550 5.1.1 no such user"
    write(organization, now)
    assert posting.post_due(now=now) == 0
    letter = Letter.objects.get()
    assert (letter.state, letter.error) == (
        "refused",
        "Not sent: this address does not exist.",
    )
    assert mail.outbox == []


@pytest.mark.parametrize(
    "event",
    [
        HARD | {"RecordType": "Delivery", "Recipient": "owner@example.com"},
        HARD | {"RecordType": "Open", "Recipient": "owner@example.com"},
        HARD | {"Type": "Transient"},
    ],
    ids=["delivered", "opened", "busy"],
)
def test_what_is_no_bounce_marks_nobody(tell, event):
    assert tell(event).status_code == 200
    assert not BouncedAddress.objects.exists()


def test_a_complaint_stops_letters_too(organization, tell):
    complaint = HARD | {"RecordType": "SpamComplaint", "Type": "SpamComplaint"}
    assert tell(complaint).status_code == 200
    assert bounces.mark_of(organization.billing_email).reason == "complained"


@pytest.mark.parametrize("shown", ["", "Basic " + "x" * 20, "Bearer x"])
def test_without_the_secret_nothing_is_believed(tell, shown):
    assert tell(HARD, authorization=shown).status_code == 401
    assert not BouncedAddress.objects.exists()


def test_without_a_secret_of_ours_the_endpoint_is_closed(tell, settings):
    settings.ANYMAIL = {"WEBHOOK_SECRET": []}
    assert tell(HARD).status_code == 503


@pytest.mark.parametrize("body", ["", "{", "[]", "null", '{"Email": 7}', "{}"])
def test_nonsense_is_refused_and_is_no_error_of_ours(tell, body):
    assert tell(body).status_code in (200, 400)
    assert not BouncedAddress.objects.exists()


def test_no_other_service_is_known(tell):
    assert tell(HARD, service="base").status_code == 404


def test_a_service_that_signs_must_have_signed(tell):
    def signed(key: str) -> dict:
        stamp, token = str(int(time.time())), "a-token"
        signature = hmac.new(key.encode(), f"{stamp}{token}".encode(), hashlib.sha256)
        return {
            "signature": {
                "timestamp": stamp,
                "token": token,
                "signature": signature.hexdigest(),
            },
            "event-data": {
                "event": "failed",
                "severity": "permanent",
                "reason": "bounce",
                "recipient": "owner@example.com",
                "timestamp": time.time(),
                "id": "1",
                "delivery-status": {"message": "no such user", "code": 550},
            },
        }

    assert tell(signed("wrong"), service="mailgun").status_code == 401
    assert not BouncedAddress.objects.exists()
    assert tell(signed("mailgun-signing-key"), service="mailgun").status_code == 200
    assert BouncedAddress.objects.get().told_by == "mailgun"


def test_a_mail_server_that_knows_no_such_user_marks_the_address(
    organization, now, settings, monkeypatch
):
    settings.EMAIL_BACKEND = "tests.letters.test_posting.Server"
    fault = SMTPRecipientsRefused({"owner@example.com": (550, b"no such user")})
    monkeypatch.setattr(Server, "fault", fault)
    write(organization, now)
    posting.post_due(now=now)
    assert bounces.mark_of(organization.billing_email).told_by == "mail server"


def test_the_customer_sees_it_and_can_have_letters_again(
    organization, owner, member, client_of, now, tell
):
    make.make_balances(organization=organization, now=timezone.now())
    tell(HARD)
    page = client_of(owner).get("/dashboard").content.decode()
    assert "Our e-mails do not arrive" in page
    assert "It works again" in page
    assert "It works again" not in client_of(member).get("/dashboard").content.decode()

    asked = {"organization": organization.slug}
    again = reverse("website:letters-again")
    assert client_of(member).post(again, asked).status_code == 403
    assert client_of(owner).post(again, asked).status_code == 302
    assert "Our e-mails do not" not in client_of(owner).get("/dashboard").content.decode()
    entry = AuditEntry.objects.get(action="letters.address_cleared")
    assert "example.com" not in str(entry.detail)
    write(organization, now)
    assert posting.post_due(now=now) == 1
    # It came back once more.
    tell(HARD)
    assert bounces.mark_of(organization.billing_email)


@pytest.mark.parametrize("page", ["alerts", "team"])
def test_a_recipients_own_page_says_so_with_the_way_to_mend_it(
    page, organization, owner, member, client_of, now
):
    make.make_balances(organization=organization, now=timezone.now())
    invitations.invite(
        organization, email="new@example.com", role="member", invited_by=owner, now=now
    )
    for address in (member.email, "new@example.com"):
        bounces.note(Bounce(address, "bounced", told_by="postmark"), now=now)
    url = reverse(f"website:{page}")
    seen_by_owner = client_of(owner).get(url).content.decode()
    seen_by_member = client_of(member).get(url).content.decode()
    assert seen_by_owner.count("E-mails come back") == (2 if page == "team" else 1)
    assert "It works again" in seen_by_owner
    assert "Change your address" in seen_by_member
    assert "It works again" not in seen_by_member

    asked = {"organization": organization.slug, "address": member.email, "page": page}
    again = reverse("website:letters-again")
    assert client_of(member).post(again, asked).status_code == 403
    reply = client_of(owner).post(again, asked)
    assert reply.url.startswith(url)
    assert bounces.mark_of(member.email) is None
    # Nobody has letters sent to who is none of theirs.
    client_of(owner).post(again, asked | {"address": "new@example.com"})
    assert bounces.mark_of("new@example.com")


@pytest.mark.parametrize(("group", "may"), [("support", True), ("finance", False)])
def test_staff_see_it_and_may_clear_it(staff, client_of, now, group, may):
    bounces.note(Bounce("a@b.example", "bounced", told_by="postmark"), now=now)
    staff.groups.set([Group.objects.get(name=group)])
    browser, row = client_of(staff), BouncedAddress.objects.get()
    url = reverse("admin:billing_bouncedaddress_changelist")
    assert "a@b.example" in browser.get(url).content.decode()
    browser.post(url, {"action": "write_again", "_selected_action": [row.pk]})
    assert (bounces.mark_of("a@b.example") is None) == may
