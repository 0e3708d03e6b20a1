"""Minutes for money: the price is ours, the credit comes with the money, and comes once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from accounts import settings_history
from accounts.models import Organization
from billing import checkout, inbox
from billing.errors import NotSold, OtherCurrency, ProviderUnavailable
from billing.events import Failed, Paid
from billing.models import Discrepancy, Payment, PaymentEvent, Purchase
from billing.providers.base import ProviderError
from billing.purchases import fulfilling
from metering.balances import ledger
from metering.models import Allowance
from tests.billing.conftest import stored

BUNDLE = "minutes-100-usd"


def _buy(buyer, now, bundle: str = BUNDLE) -> Purchase:
    checkout.buy_bundle(
        organization=buyer, bundle_code=bundle, provider="stripe", started_by=None, now=now
    )
    return Purchase.objects.latest("created_at")


def _paid(purchase, now, **changes) -> Paid:
    fact = {
        "provider": "stripe",
        "purchase_id": purchase.pk,
        "payment_id": f"pi_{purchase.pk}",
        "amount": purchase.price,
        "currency": purchase.currency,
        "paid_at": now,
    }
    return Paid(**fact | changes)


def _credit(buyer) -> int:
    return Allowance.objects.get(organization=buyer).credit_minutes


def test_paid_minutes_are_credited_once_however_often_it_is_told(buyer, payments, now):
    purchase = _buy(buyer, now)
    assert (purchase.price, purchase.minutes) == (Decimal("25.00"), 100)
    assert _credit(buyer) == 0
    payments.other_facts["checkout.session.completed"] = _paid(purchase, now)
    for number in range(3):
        event = stored("checkout.session.completed", now=now, number=number)
        assert inbox.process(event, now=now) == PaymentEvent.State.PROCESSED
    assert _credit(buyer) == 100
    assert Payment.objects.count() == 1
    purchase.refresh_from_db()
    assert purchase.state == Purchase.State.FULFILLED


def test_a_page_that_is_paid_after_the_organization_was_closed_is_told_to_staff(
    buyer, payments, now
):
    purchase = _buy(buyer, now)
    Organization.objects.filter(pk=buyer.pk).update(status="closed")
    assert fulfilling.fulfil(_paid(purchase, now), now=now) == "fulfilled"
    told = Discrepancy.objects.get()
    assert (told.kind, told.ours, told.theirs) == (
        "paid_for_nothing",
        "the organization is closed",
        f"USD 25.00 paid on {now:%Y-%m-%d}",
    )


def test_a_second_payment_of_one_purchase_waits_for_staff(buyer, payments, now):
    """Two tabs, two cards: the money is there twice, the minutes once."""
    purchase = _buy(buyer, now)
    states = []
    for number, payment in enumerate(["pi_1", "pi_2", "pi_1"]):
        payments.other_facts["paid"] = _paid(purchase, now, payment_id=payment)
        states.append(inbox.process(stored("paid", now=now, number=number), now=now))
    assert states == ["processed", "quarantined", "processed"]
    assert _credit(buyer) == 100
    assert "paid again by pi_2" in PaymentEvent.objects.get(state="quarantined").error


def test_two_clicks_open_one_page(buyer, payments, now):
    first, second = _buy(buyer, now), _buy(buyer, now + timedelta(seconds=1))
    assert first == second
    assert [name for name, _ in payments.calls].count("start_purchase") == 1


def test_an_old_attempt_is_not_taken_up_again(buyer, payments, now):
    assert _buy(buyer, now) != _buy(buyer, now + timedelta(hours=1))


@pytest.mark.parametrize(
    "changes", [{"amount": Decimal("24.99")}, {"amount": Decimal(250)}, {"currency": "NGN"}]
)
def test_another_amount_than_was_asked_for_credits_nothing(buyer, payments, now, changes):
    purchase = _buy(buyer, now)
    payments.other_facts["paid"] = _paid(purchase, now, **changes)
    inbox.process(stored("paid", now=now), now=now)
    purchase.refresh_from_db()
    assert purchase.state == Purchase.State.MISMATCHED
    assert _credit(buyer) == 0
    assert Payment.objects.get().amount == changes.get("amount", purchase.price)


def test_a_payment_of_another_customer_is_kept_for_staff(
    buyer, other_organization, payments, now
):
    purchase = _buy(buyer, now)
    payments.other_facts["paid"] = _paid(purchase, now)
    payments.customer_id = "cus_of_somebody_else"
    event = stored("paid", now=now)
    assert inbox.process(event, now=now) == PaymentEvent.State.QUARANTINED
    assert _credit(buyer) == 0


def test_a_changed_markup_changes_no_open_purchase(buyer, payments, now):
    purchase = _buy(buyer, now)
    later = now + timedelta(minutes=1)
    settings_history.set_value(
        "markup_percent", "100", organization=None, actor="a test", now=later
    )
    payments.other_facts["paid"] = _paid(purchase, now)
    inbox.process(stored("paid", now=now), now=now)
    assert _credit(buyer) == 100
    assert _buy(buyer, now + timedelta(hours=1)).price == Decimal("40.00")


def test_money_that_comes_after_the_page_expired_still_counts(buyer, payments, now):
    purchase = _buy(buyer, now)
    payments.other_facts["expired"] = Failed("stripe", purchase.pk, "expired")
    payments.other_facts["paid"] = _paid(purchase, now)
    inbox.process(stored("expired", now=now), now=now)
    purchase.refresh_from_db()
    assert purchase.state == Purchase.State.EXPIRED
    inbox.process(stored("paid", now=now), now=now)
    inbox.process(stored("expired", now=now, number=1), now=now)
    purchase.refresh_from_db()
    assert (purchase.state, _credit(buyer)) == (Purchase.State.FULFILLED, 100)


def test_bought_minutes_repay_what_is_owed(buyer, payments, now):
    ledger.add_credit_minutes(
        organization_id=buyer.pk, minutes=-30, kind="adjustment", reference="test", now=now
    )
    purchase = _buy(buyer, now)
    payments.other_facts["paid"] = _paid(purchase, now)
    inbox.process(stored("paid", now=now), now=now)
    assert _credit(buyer) == 70


def test_what_is_not_sold_is_refused(buyer, payments, now):
    with pytest.raises(NotSold):
        _buy(buyer, now, bundle="minutes-1-usd")
    assert not Purchase.objects.exists()


def test_nothing_is_converted(buyer, payments, now):
    buyer.currency = "EUR"
    buyer.save()
    with pytest.raises(OtherCurrency):
        _buy(buyer, now)
    buyer.currency = "USD"
    buyer.save()


def test_a_silent_provider_leaves_a_purchase_that_can_be_tried_again(
    buyer, payments, now, monkeypatch
):
    def fail(checkout):
        raise ProviderError("timed out", retry=True)

    with monkeypatch.context() as broken:
        broken.setattr(payments, "start_purchase", fail)
        with pytest.raises(ProviderUnavailable):
            _buy(buyer, now)
    (pending,) = Purchase.objects.all()
    assert _buy(buyer, now + timedelta(seconds=5)) == pending


def test_an_event_that_fails_is_tried_again_and_parked_after_ten(
    buyer, payments, now, monkeypatch
):
    def fail(event_type, body):
        raise ProviderError("down", retry=True)

    purchase = _buy(buyer, now)
    event = stored("paid", now=now)
    with monkeypatch.context() as broken:
        broken.setattr(payments, "fetch", fail)
        moment = now
        for _ in range(10):
            assert inbox.due(now=moment) == [event]
            state = inbox.process(event, now=moment)
            moment += timedelta(hours=3)
        assert state == PaymentEvent.State.PARKED
        assert inbox.due(now=moment) == []
    payments.other_facts["paid"] = _paid(purchase, now)
    assert inbox.replay([event], now=moment) == {PaymentEvent.State.PROCESSED: 1}
    assert _credit(buyer) == 100
