"""The whole story over HTTP: somebody signs up, gets a number, talks until the minutes are
gone, is refused, is given more by the operator, and talks again."""

import json
import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.core import mail
from django.core.management import call_command
from django.test import Client

from accounts.models import Organization
from billing import catalogue_loading
from metering.verification.run import verify
from tests.signing import vapi_secret

pytestmark = pytest.mark.django_db

NUMBER_ID, ASSISTANT_ID = "number-of-the-story", "assistant-of-the-story"


class Provider:
    """Posts what Vapi would, signed, about calls to one number."""

    def __init__(self) -> None:
        self.calls = 0

    def post(self, message: dict) -> dict:
        answer = Client().post(
            "/api/webhooks/vapi",
            json.dumps({"message": message}),
            content_type="application/json",
            headers=vapi_secret(),
        )
        assert answer.status_code == 200, answer.content
        return answer.json()

    def ring(self) -> tuple[str, dict]:
        """A caller dials; returns the call's id and what we answered."""
        self.calls += 1
        call_id = f"story-{self.calls}"
        return call_id, self.post(
            {"type": "assistant-request", "call": self._call(call_id)}
        )

    def report(self, call_id: str, *, seconds: int) -> None:
        ended = datetime.now(UTC)
        self.post(
            {
                "type": "end-of-call-report",
                "call": self._call(call_id),
                "startedAt": (ended - timedelta(seconds=seconds)).isoformat(),
                "endedAt": ended.isoformat(),
                "endedReason": "customer-ended-call",
                "cost": 0.12,
            }
        )

    def _call(self, call_id: str) -> dict:
        return {
            "id": call_id,
            "type": "inboundPhoneCall",
            "phoneNumberId": NUMBER_ID,
            "customer": {"number": "+12025550178"},
        }


def _sign_up(browser: Client) -> Organization:
    browser.post(
        "/accounts/signup/",
        {
            "email": "ann@example.com",
            "password1": "a long enough passphrase",
            "organization": "Lee & Sons",
        },
    )
    (link,) = set(re.findall(r"http://localhost:8000(/accounts/\S+)", mail.outbox[-1].body))
    browser.post(link)
    browser.post(
        "/organizations/new",
        {"name": "Lee & Sons", "timezone": "Europe/London", "currency": "USD"},
    )
    return Organization.objects.get()


def _read(browser: Client) -> str:
    """The dashboard as it reads."""
    text = re.sub(r"<[^>]+>", " ", browser.get("/dashboard").content.decode())
    return " ".join(text.split())


def test_from_sign_up_to_a_refused_call_and_back() -> None:
    catalogue_loading.load(now=datetime.now(UTC))
    browser, provider = Client(), Provider()
    organization = _sign_up(browser)

    _, answer = provider.ring()
    assert "error" in answer, "nobody owns the number yet"

    call_command(
        "map_number",
        organization.slug,
        "--phone-number=+12025550143",
        f"--phone-number-id={NUMBER_ID}",
        f"--assistant-id={ASSISTANT_ID}",
    )
    _, answer = provider.ring()
    assert "error" in answer, "without a plan there are no minutes"

    call_command("adjust_minutes", organization.slug, "--credit=5", "--reason=to try it")
    first, answer = provider.ring()
    assert answer["assistantId"] == ASSISTANT_ID
    assert answer["assistantOverrides"]["maxDurationSeconds"] == 3 * 60 - 5
    provider.report(first, seconds=121)
    provider.report(first, seconds=121)
    assert "2 minutes remaining" in _read(browser)

    second, answer = provider.ring()
    assert answer["assistantOverrides"]["maxDurationSeconds"] == 2 * 60 - 5
    provider.report(second, seconds=118)
    assert "0 minutes remaining" in _read(browser)

    refused, answer = provider.ring()
    assert set(answer) == {"error"}
    assert "minutes" not in answer["error"], "callers are not told of bills"
    assert "Refused" in _read(browser)

    call_command("adjust_minutes", organization.slug, "--credit=10", "--reason=goodwill")
    _, answer = provider.ring()
    assert answer["assistantId"] == ASSISTANT_ID
    calls = organization.calls.order_by("created_at")
    assert [call.status for call in calls] == [
        "refused",
        "completed",
        "completed",
        "refused",
        "active",
    ]
    assert sum(call.cost or 0 for call in calls) == Decimal("0.24")
    assert verify(now=datetime.now(UTC)).findings == []
