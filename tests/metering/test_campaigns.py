"""Calls of campaigns: asked for before they are dialled, charged on what was held."""

import json
from datetime import UTC, datetime, timedelta

import pytest
from django.test import Client
from django.utils import timezone

from metering.calls import placements
from metering.models import Allowance, Call, Placement
from metering.verification.run import verify
from servicebilling.sandbox.vapi import calls
from tests.factories import accounts
from tests.factories import metering as make
from tests.signing import vapi_secret

pytestmark = pytest.mark.django_db
MOBILE = "+12025550178"


@pytest.fixture(autouse=True)
def books_add_up():
    """By today's clock, which the stand-in's is, too."""
    yield
    assert verify(now=timezone.now()).findings == []


@pytest.fixture
def acme():
    month = timezone.now() - timedelta(days=3)
    return make.make_balances(now=month, card=make.make_card(included_minutes=20))


@pytest.fixture
def number(acme):
    number = make.make_number(
        organization=acme, valid_from=datetime(2026, 1, 1, tzinfo=UTC)
    )
    number.e164 = "+12025550143"
    number.save()
    return number


@pytest.fixture
def program(acme, number) -> Client:
    key = accounts.make_key(organization=acme, scopes=["calls:create"])
    return Client(headers={"Authorization": f"Bearer {key.key}"})


def place(program: Client, path: str = "/api/calls", *, key: str = "", **body):
    headers = {"Idempotency-Key": key} if key else {}
    return program.post(
        path, json.dumps(body), content_type="application/json", headers=headers
    )


def deliver(provider, client: Client) -> None:
    for waiting in provider.messages():
        answer = client.post(
            "/api/webhooks/vapi",
            json.dumps({"message": waiting["message"]}),
            content_type="application/json",
            headers=vapi_secret(),
        )
        assert answer.status_code == 200


def held(acme) -> int:
    return Allowance.objects.get(organization=acme).minutes_held


def test_a_campaign_dials_only_what_can_be_paid(provider, acme, number):
    def ask(contact_id: str, **changes):
        message = {
            "type": "campaign.predial",
            "campaignId": "campaign-1",
            "contact": {"id": contact_id, "number": MOBILE},
            "phoneNumber": {"id": number.provider_number_id},
        } | changes
        answer = Client().post(
            "/api/webhooks/vapi",
            json.dumps({"message": message}),
            content_type="application/json",
            headers=vapi_secret(),
        )
        return answer.json()

    assert ask("one") == {"eligible": True}
    assert ask("one") == {"eligible": True}
    assert held(acme) == 5
    assert ask("two", contact={"id": "two", "number": "+19005551234"}) == {
        "eligible": False
    }
    assert ask("three", phoneNumber={"id": "nobodys"}) == {"eligible": False}
    assert ask("", contact={}) == {"eligible": False}
    Allowance.objects.filter(organization=acme).update(minutes_ceiling=5)
    assert ask("four") == {"eligible": False}
    Allowance.objects.filter(organization=acme).update(minutes_ceiling=20)


def test_a_campaigns_call_is_charged_on_what_was_held_for_it(provider, acme, number):
    _, placement = placements.admit(
        organization=acme,
        kind=Placement.Kind.CAMPAIGN,
        agent=number.agent,
        number=number,
        call_to=MOBILE,
        campaign_id="campaign-1",
        contact_id="one",
        now=timezone.now(),
    )
    calls.create(
        provider.box,
        kind="outboundPhoneCall",
        assistant_id=number.agent.provider_assistant_id,
        number_id=number.provider_number_id,
        customer=MOBILE,
        campaign_id="campaign-1",
    )
    provider.box.run_due()
    deliver(provider, Client())

    placement.refresh_from_db()
    assert placement.state == "placed"
    call = Call.objects.get()
    assert (call.status, call.billed_minutes, call.is_unadmitted) == ("completed", 2, False)
    assert held(acme) == 0
