"""Minutes paid from the wallet: both sides move, or neither."""

from decimal import Decimal
from uuid import uuid4

import pytest

from accounts import settings_history
from billing.errors import OtherCurrency, TooLittleMoney
from billing.models import MinuteBundle, Purchase
from billing.purchases import from_wallet
from metering.balances import ledger
from metering.models import MinuteTransaction, Wallet
from metering.verification.run import verify
from tests.crowd import Crowd
from tests.factories import metering as make
from tests.length import IS_LONG

pytestmark = pytest.mark.django_db


@pytest.fixture
def wallet(buyer, now):
    ledger.move_money(
        organization_id=buyer.pk,
        amount=Decimal(30),
        kind="top_up",
        reference=make.reference_of(),
        now=now,
    )
    return Wallet.objects.get(organization=buyer)


def buy(organization, now, code="minutes-100-usd", **rest):
    return from_wallet.buy(
        organization=organization, bundle_code=code, bought_by=None, now=now, **rest
    )


@pytest.fixture
def code(buyer) -> str:
    return MinuteBundle.objects.get(minutes=100, currency="USD").code


def test_the_price_leaves_the_wallet_and_the_minutes_come(buyer, wallet, code, now):
    purchase = buy(buyer, now, code)
    wallet.refresh_from_db()
    assert (purchase.price, wallet.balance) == (25, 5)
    assert MinuteTransaction.objects.get(kind="purchase").credit_change == 100


def test_with_too_little_money_nothing_moves(buyer, wallet, code, now):
    buy(buyer, now, code)
    with pytest.raises(TooLittleMoney):
        buy(buyer, now, code)
    wallet.refresh_from_db()
    assert wallet.balance == 5
    assert Purchase.objects.count() == 1


def test_one_click_sent_twice_is_one_purchase(buyer, wallet, code, now):
    attempt = uuid4()
    first = buy(buyer, now, code, attempt=attempt)
    assert buy(buyer, now, code, attempt=attempt) == first
    wallet.refresh_from_db()
    assert wallet.balance == 5


def test_a_bundle_in_another_currency_is_refused(buyer, wallet, code, now):
    MinuteBundle.objects.filter(code=code).update(currency="EUR")
    with pytest.raises(OtherCurrency):
        buy(buyer, now, code)


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_of_racing_purchases_as_many_are_paid_as_the_wallet_has_units(now):
    """With LONG=1: 800 at a wallet of 500; a tenth of it otherwise."""
    tenths = 10 if IS_LONG else 1
    settings_history.set_value(
        "base_minute_cost", {"USD": "1"}, organization=None, actor="test", now=now
    )
    settings_history.set_value(
        "markup_percent", "0", organization=None, actor="test", now=now
    )
    MinuteBundle.objects.create(code="one", minutes=1, currency="USD")
    organization = make.make_balances(now=now, wallet=str(50 * tenths))

    def purchase(thread: int) -> bool:
        try:
            buy(organization, now, "one")
        except TooLittleMoney:
            return False
        return True

    with Crowd(8) as crowd:
        bought = sum(sum(crowd.at_once(purchase)) for _ in range(10 * tenths))
    assert bought == 50 * tenths
    assert Wallet.objects.get(organization=organization).balance == 0
    assert verify(now=now).findings == []
