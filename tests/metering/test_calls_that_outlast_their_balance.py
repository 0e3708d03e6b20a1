"""A call that talks longer than the wallet can pay for is ended by the cap it was given; one
that ignores its cap is charged in full, flagged, and the last."""

from datetime import datetime, timedelta
from decimal import Decimal

import pytest
from django.test import Client
from django.utils import timezone

from metering.models import Call, Hold, Wallet
from metering.verification.run import verify
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.test_placed_calls import MOBILE, deliver, place

pytestmark = pytest.mark.django_db


@pytest.fixture
def rich_for_two_minutes():
    """25 cents, calls at 10 cents a minute by the second."""
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price="0.10", increments=(1, 1)
    )
    began = timezone.now()
    organization = make.make_balances(now=began, card=card, wallet="0.25")
    number = make.make_number(organization=organization, valid_from=began)
    number.e164 = "+12025550143"
    number.save(update_fields=["e164"])
    yield organization
    assert verify(now=timezone.now()).findings == []


@pytest.fixture
def program(rich_for_two_minutes) -> Client:
    key = accounts.make_key(organization=rich_for_two_minutes, scopes=["calls:create"])
    return Client(headers={"Authorization": f"Bearer {key.key}"})


def balance(organization) -> Decimal:
    return Wallet.objects.get(organization=organization).balance


def test_it_is_ended_by_its_cap_and_the_wallet_pays_no_more(
    provider, program, rich_for_two_minutes
):
    provider.control("next_calls", [{"talk_seconds": 15 * 60}])
    assert place(program, to=MOBILE).json()["seconds_max"] == 2 * 60 - 5

    deliver(provider, Client())

    call = Call.objects.get()
    assert (call.status, call.ended_reason) == ("completed", "exceeded-max-duration")
    assert (call.duration_seconds, call.flags) == (116, [])
    assert call.price == Decimal("0.193333")
    assert balance(rich_for_two_minutes) == Decimal("0.25") - call.price
    assert Hold.objects.get().state == "settled"
    assert place(program, to=MOBILE).status_code == 402
    assert len(provider.calls()) == 1


def test_one_that_ignores_its_cap_is_charged_flagged_and_the_last(
    provider, program, rich_for_two_minutes
):
    provider.control("next_calls", [{"talk_seconds": 15 * 60}])
    place(program, to=MOBILE)
    waiting = provider.messages()
    report = waiting[-1]["message"]
    ended_at = datetime.fromisoformat(report["startedAt"]) + timedelta(minutes=10)
    report["endedAt"] = ended_at.isoformat().replace("+00:00", "Z")
    provider.box.outbox.extend(waiting)

    deliver(provider, Client())

    call = Call.objects.get()
    assert call.duration_seconds == 600
    assert call.flags == ["over_cap"]
    assert balance(rich_for_two_minutes) == Decimal("0.25") - Decimal("1.00")
    assert place(program, to=MOBILE).status_code == 402
