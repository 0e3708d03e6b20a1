"""The wallet fills itself by consent, and buys minutes after a look at the price."""

from decimal import Decimal

import pytest

from billing.models import AutoTopUp, Payment, Purchase, TopUp
from billing.providers import registry
from billing.providers.answers import SavedCard
from billing.topups import standing_orders
from metering.balances import ledger
from metering.models import Wallet
from tests.factories import metering as make
from tests.fakes import FakePayments
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

ORDER = "/dashboard/billing/auto-top-up"
BUY = "/dashboard/billing/buy-from-wallet"


@pytest.fixture
def mine(catalogue, number, organization, client_of, owner, now, monkeypatch):
    monkeypatch.setattr(registry, "get", lambda name: FakePayments())
    ledger.move_money(
        organization_id=organization.pk,
        amount=Decimal(30),
        kind="top_up",
        reference=make.reference_of(),
        now=now,
    )
    return client_of(owner)


@pytest.fixture
def card(monkeypatch):
    saved = SavedCard(token="tok", label="Visa ···· 4242", email="a@example.com")
    monkeypatch.setattr(
        standing_orders, "_newest_card", lambda organization, now: ("flutterwave", saved)
    )


def said(**changes) -> dict[str, str]:
    return {
        "threshold": "20",
        "amount": "50",
        "max_per_day": "100",
        "max_per_month": "500",
        "agreed": "on",
    } | changes


def test_order_is_turned_on_shown_and_turned_off(mine, card):
    mine.post(ORDER, said())

    page = cheaply(mine, ORDER)
    assert "Adds $50.00 when less than $20.00 is free" in page
    assert "Visa ···· 4242" in page
    mine.post(f"{ORDER}/off")
    assert not AutoTopUp.objects.get().is_on
    assert "In force" not in seen(mine.get(ORDER))


@pytest.mark.parametrize(
    "bad",
    [
        {"agreed": ""},
        {"amount": "x"},
        {"amount": "NaN"},
        {"threshold": "-1"},
        {"max_per_day": "10"},
        {"max_per_month": "60"},
        {"amount": "0.01"},
    ],
)
def test_bad_orders_turn_nothing_on_and_lose_nothing(mine, card, bad):
    answer = mine.post(ORDER, said(threshold="17.5") | bad)

    page = answer.content.decode()
    assert answer.status_code == 200
    assert "field-errors" in page or "banner-bad" in page
    assert "17.5" in page or "threshold" in bad
    assert not AutoTopUp.objects.exists()


def test_without_a_card_it_says_what_to_do(mine):
    assert "There is no saved card yet" in seen(mine.post(ORDER, said()))


def test_price_is_shown_first_and_one_attempt_buys_once(mine, organization):
    code = {"bundle": "minutes-100-usd"}
    first = mine.post(BUY, code)
    assert "Price $25.00 In the wallet now $30.00 Left after it $5.00" in seen(first)
    assert not Purchase.objects.exists()

    for _ in range(2):
        answer = mine.post(BUY, code | {"attempt": first.context["attempt"]})

    assert Purchase.objects.count() == 1
    assert Wallet.objects.get(organization=organization).balance == 5
    assert "100 minutes were credited" in seen(mine.get(answer.url))
    assert "holds too little" in seen(mine.post(BUY, code))


def test_what_is_not_sold_is_not_bought(mine):
    answer = mine.post(BUY, {"bundle": "\0", "attempt": "x"})

    assert "This is not for sale" in seen(mine.get(answer.url))


def test_money_for_the_wallet_is_named_among_the_payments(mine, organization, now):
    Payment.objects.create(
        organization=organization,
        provider="stripe",
        provider_payment_id="pi_1",
        top_up=TopUp.objects.create(
            organization=organization,
            provider="stripe",
            amount=Decimal(30),
            currency="USD",
            created_at=now,
        ),
        amount=Decimal(30),
        currency="USD",
        paid_at=now,
        created_at=now,
    )

    assert "Wallet Once Stripe $30.00" in cheaply(mine, "/dashboard/billing")
