"""Each row of the ledgers says what it was, and leads to what made it."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import Payment
from metering.balances import cycles, ledger
from metering.usage import record
from servicebilling.website import movements
from tests.factories import metering as make
from tests.pages import stories
from tests.website.reading import cheaply, seen
from tests.website.test_documents_page import receipt_of

pytestmark = pytest.mark.django_db

HISTORY = "/dashboard/billing/history"
MINUS = "\N{MINUS SIGN}"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def add(organization, minutes, *, kind, reference, now):
    ledger.add_credit_minutes(
        organization_id=organization.pk,
        minutes=minutes,
        kind=kind,
        reference=reference,
        now=now,
    )


def test_the_minutes_that_leave_when_a_cycle_ends_are_explained(
    mine, organization, number, now
):
    add(organization, 20, kind="bonus", reference="welcome", now=now)
    for _ in range(11):
        stories.talk(number, at=now, seconds=600)
    cycles.roll_over(organization.pk, now=now + timedelta(days=32))

    page = cheaply(mine, f"{HISTORY}?kind=cycles")

    assert "110 minutes had been used; the count begins again at 0." in page
    assert "10 minutes of them came from the credit." in page
    assert f"{MINUS}110" in page
    movement = mine.get(f"{HISTORY}?kind=cycles").context["page"].minute_movements[0]
    calls = mine.get(movement.url).context["page"].minute_movements
    assert sum(one.line.used_change for one in calls) == 110


def test_a_call_says_which_minutes_paid_and_leads_to_itself(
    client_of, owner, organization, now
):
    card = make.make_card(included_minutes=1, when_exhausted="overage", unit_price="0.50")
    make.make_balances(now=now, organization=organization, card=card)
    stories.talk(stories.number_of(organization, now=now), at=now, seconds=170)
    browser = client_of(owner)

    page = cheaply(browser, HISTORY)

    assert "Call 1 minute of your own, 2 minutes charged beyond them. The call" in page
    movement = browser.get(HISTORY).context["page"].minute_movements[0]
    assert browser.get(movement.url).status_code == 200


def test_bought_minutes_lead_to_their_receipt(mine, organization, now):
    receipt = receipt_of(organization, now=now)
    payment = Payment.objects.create(
        organization=organization,
        provider="flutterwave",
        provider_payment_id="1",
        invoice=receipt,
        amount=Decimal(25),
        currency="USD",
        paid_at=now,
        created_at=now,
    )
    receipt.payment = payment
    receipt.save(update_fields=["payment"])
    add(organization, 7, kind="purchase", reference=f"grant:{payment.pk}", now=now)

    page = cheaply(mine, f"{HISTORY}?kind=added")

    assert f"Minutes bought 7 minutes added to the credit. Receipt {receipt.number}" in page


def test_another_organizations_papers_are_not_named(mine, organization, now):
    theirs = make.make_balances(now=now)
    receipt = receipt_of(theirs, now=now)
    add(organization, 7, kind="purchase", reference=f"grant:{receipt.pk}", now=now)

    assert receipt.number not in seen(mine.get(HISTORY))


def test_wallet_rows_name_the_meter(client_of, owner, organization, now):
    card = make.make_card(when_exhausted="wallet", included_minutes=0)
    make.make_rate(card, meter="ai_query", included=None, unit_price="0.05")
    make.make_balances(now=now, organization=organization, card=card, wallet="20")
    record.record_ai_query(organization, key="q", now=now)

    page = cheaply(client_of(owner), f"{HISTORY}?ledger=wallet")

    assert f"AI queries 1 used. The event {MINUS}$0.05 $19.95" in page


@pytest.mark.parametrize(
    ("kind", "change", "said"),
    [
        ("refund", -5, "5 minutes of the refunded payment taken back."),
        ("dispute", 5, "5 minutes given back: the payment holds after all."),
        ("adjustment", -1, "By our staff: 1 minute fewer of credit."),
    ],
)
def test_corrections_say_what_was_corrected(mine, organization, now, kind, change, said):
    add(organization, 50, kind="bonus", reference="first", now=now)
    add(organization, change, kind=kind, reference="second", now=now)

    assert said in seen(mine.get(HISTORY))


def test_nothing_is_asked_for_rows_that_need_nothing(
    organization, number, now, django_assert_num_queries
):
    with django_assert_num_queries(0):
        assert movements.of_minutes(organization, []) == []
