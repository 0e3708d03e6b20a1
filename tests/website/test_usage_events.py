"""Every recorded use can be read: how much, under which key, and what paid it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from metering.balances import cycles
from metering.models import UsageEvent
from metering.usage import record
from metering.verification.run import verify
from tests.factories import metering as make
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

EVENTS = "/dashboard/usage/events"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def priced(organization, *, when_exhausted: str, now) -> None:
    """From now on two queries are included, and each further one costs half a dollar."""
    card = make.make_card(when_exhausted=when_exhausted, unit_price="0.10")
    card.rates.create(meter="ai_query", unit_price="0.50", included_quantity=2)
    cycles.change_card(organization_id=organization.pk, card_id=card.pk, now=now)


def asked(organization, key: str, *, now, queries: int = 5) -> UsageEvent:
    record.record_ai_query(
        organization, key=key, queries=queries, now=now, metadata={"model": "small"}
    )
    return UsageEvent.objects.get(idempotency_key=key)


def test_what_is_included_is_paid_by_nothing_else(mine, organization, now):
    priced(organization, when_exhausted="wallet", now=now)
    event = asked(organization, "night-batch-7", queries=2, now=now)

    page = cheaply(mine, f"{EVENTS}/{event.pk}")

    assert "Key night-batch-7" in page
    assert "Quantity 2" in page
    assert "The plan includes it: nothing else paid." in page
    assert "model small" in page
    assert "2 used in all, 0 of it beyond what is included" in page


def test_wallet_row_leads_to_the_event_that_it_paid(mine, organization, now):
    make.ledger.move_money(
        organization_id=organization.pk,
        amount=Decimal(10),
        kind="top_up",
        reference="test:1",
        now=now,
    )
    priced(organization, when_exhausted="wallet", now=now)
    asked(organization, "night-batch-7", now=now)

    history = mine.get("/dashboard/billing/history?ledger=wallet&kind=calls")
    [movement] = history.context["page"].wallet_movements
    assert movement.cause == "The event"
    page = cheaply(mine, movement.url)

    assert "Quantity 5 Beyond what is included 3 Charged $1.50" in page
    assert "The wallet paid it; the row is below." in page
    assert f"{movement.line.id} \N{MINUS SIGN}$1.50 $8.50" in page
    assert verify(now=now).findings == []


def test_overage_is_told_with_the_invoice_that_it_goes_onto(mine, organization, now):
    priced(organization, when_exhausted="overage", now=now)
    event = asked(organization, "night-batch-7", now=now)

    page = cheaply(mine, f"{EVENTS}/{event.pk}")

    assert "$1.50 goes onto the invoice of its cycle" in page


def test_an_event_taken_back_and_what_took_it_back_lead_to_each_other(
    mine, organization, now
):
    event = asked(organization, "night-batch-7", now=now)
    record.void(organization, key="night-batch-7", now=now)
    void = UsageEvent.objects.get(kind="void")

    assert "What changed it since" in seen(mine.get(f"{EVENTS}/{event.pk}"))
    assert str(void.pk) in mine.get(f"{EVENTS}/{event.pk}").content.decode()
    assert "What it took back 5 under the key night-batch-7" in seen(
        mine.get(f"{EVENTS}/{void.pk}")
    )


def test_events_are_listed_by_meter_and_day_page_after_page(mine, organization, now):
    for number in range(27):
        asked(
            organization, f"batch-{number}", queries=1, now=now - timedelta(minutes=number)
        )
    record.record_api_call(organization, key="other", now=now)
    today = f"{now.date()}"

    page = mine.get(f"{EVENTS}?meter=ai_query")
    assert "batch-24" in seen(page)
    assert "batch-25" not in seen(page)
    assert "other" not in [one.key for one in page.context["list"].page.events]
    older = mine.get(page.context["list"].next_url)
    assert [one.key for one in older.context["list"].page.events] == [
        "batch-25",
        "batch-26",
    ]
    assert "Nothing was recorded of this in this time" in seen(
        mine.get(f"{EVENTS}?first=2020-01-01&last=2020-01-02")
    )
    assert "other" in seen(mine.get(f"{EVENTS}?first={today}&meter=nonsense"))
    cheaply(mine, f"{EVENTS}?meter=ai_query")
