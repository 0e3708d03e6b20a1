"""A subscription follows its provider; each paid period opens or vouches for its cycle once."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import permutations

import pytest
from django.db import transaction

from billing import inbox
from billing.events import Refunded
from billing.models import Discrepancy, Payment, PaymentEvent, Subscription
from billing.providers.answers import FetchedFacts
from billing.reversals import recording
from billing.subscriptions import transitions
from metering.balances import cycles, ledger, months
from metering.models import Allowance, BillingCycle
from metering.verification.run import verify
from tests.billing.conftest import stored
from tests.length import IS_LONG

FLAT = Decimal("49")


def _subscribe(payments, at: datetime, *, plan: str = "cutoff", currency: str = "USD"):
    until = months.boundary(at, 1)
    payments.subscribe(plan_code=plan, at=at, until=until, amount=FLAT, currency=currency)


def _tell(payments, now: datetime, *kinds: str) -> None:
    for number, kind in enumerate(kinds):
        period = len(payments.paid) - 1
        event = stored(kind, now=now, number=number, period=period)
        assert inbox.process(event, now=now) == PaymentEvent.State.PROCESSED, (
            PaymentEvent.objects.get(pk=event).error
        )


def _allowance(buyer) -> Allowance:
    return Allowance.objects.select_related("rate_card", "cycle").get(organization=buyer)


def test_the_first_payment_opens_a_cycle_where_the_period_starts(buyer, payments, now):
    starts = now + timedelta(hours=2)
    _subscribe(payments, starts)
    _tell(payments, starts + timedelta(minutes=1), "checkout.session.completed")
    allowance = _allowance(buyer)
    assert allowance.rate_card.code == "cutoff-1"
    assert (allowance.plan_minutes, allowance.standing) == (100, "good")
    assert allowance.cycle.starts_at == starts
    assert allowance.cycle_ends_at == months.boundary(starts, 1)
    assert BillingCycle.objects.filter(organization=buyer).count() == 2


def test_the_first_plan_decides_the_currency(buyer, payments, now):
    _subscribe(payments, now, plan="starter", currency="EUR")
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    buyer.refresh_from_db()
    assert (buyer.currency, buyer.wallet.currency) == ("EUR", "EUR")
    assert _allowance(buyer).plan_minutes == 500


def test_all_orders_of_six_events_end_in_one_state(buyer, payments, now):
    """Everything has happened at the provider; its six events then come in any order."""
    _subscribe(payments, now)
    second = months.boundary(now, 1)
    payments.pay(at=second, until=months.boundary(now, 2), amount=FLAT, currency="USD")
    payments.become(cancel_at=months.boundary(now, 2))
    told_at = second + timedelta(minutes=5)
    six = [
        ("checkout.session.completed", {}),
        ("customer.subscription.created", {}),
        ("invoice.paid", {"period": 0}),
        ("customer.subscription.updated", {}),
        ("invoice.paid", {"period": 1}),
        ("customer.subscription.updated", {}),
    ]
    ends = set()
    orders = list(permutations(six))
    assert len(orders) == 720
    # Each takes a good part of a second; LONG=1 goes through them all.
    step = 1 if IS_LONG else 40
    for number, order in enumerate(orders[::step]):
        with transaction.atomic():
            for place, (kind, body) in enumerate(order):
                event = stored(kind, now=told_at, number=100 * number + place, **body)
                inbox.process(event, now=told_at)
            ends.add(_end_state(buyer))
            transaction.set_rollback(True)
    assert number + 1 == 720 // step
    assert len(ends) == 1, ends


def _end_state(buyer) -> tuple:
    allowance = _allowance(buyer)
    subscription = Subscription.objects.get()
    return (
        allowance.plan_minutes,
        allowance.standing,
        allowance.rate_card.code,
        allowance.rolls_until,
        allowance.minutes_ceiling,
        subscription.status,
        subscription.cancel_at,
        tuple(Payment.objects.order_by("paid_at").values_list("amount", flat=True)),
        PaymentEvent.objects.filter(state="processed").count(),
    )


def test_a_renewal_vouches_for_the_cycle_that_opened_by_itself(buyer, payments, now):
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    second = months.boundary(now, 1)
    cycles.roll_over(buyer.pk, now=second + timedelta(minutes=1))
    payments.pay(at=second, until=months.boundary(now, 2), amount=FLAT, currency="USD")
    _tell(payments, second + timedelta(hours=1), "invoice.paid", "invoice.paid")
    allowance = _allowance(buyer)
    assert allowance.cycle.starts_at == second
    assert (allowance.plan_minutes, allowance.cycle.is_paid) == (100, True)
    assert Payment.objects.count() == 2


@pytest.mark.parametrize("day", [28, 29, 30, 31])
def test_two_years_of_renewals_keep_the_anchor(buyer, payments, now, day):
    starts = datetime(2028, 1, day, 9, tzinfo=UTC)
    _subscribe(payments, starts)
    _tell(payments, starts, "invoice.paid")
    for month in range(1, 25):
        begins, ends = months.boundary(starts, month), months.boundary(starts, month + 1)
        payments.pay(at=begins, until=ends, amount=FLAT, currency="USD")
        _tell(payments, begins + timedelta(minutes=3), "invoice.paid")
    opened = BillingCycle.objects.filter(organization=buyer, starts_at__gte=starts)
    assert [cycle.starts_at for cycle in opened.order_by("starts_at")] == [
        months.boundary(starts, month) for month in range(25)
    ]
    assert all(cycle.is_paid and cycle.included_minutes == 100 for cycle in opened)
    february = opened.get(starts_at__month=2, starts_at__year=2028)
    assert february.starts_at.day == min(day, 29)


def test_a_failed_renewal_has_its_grace_then_refuses_then_recovers(buyer, payments, now):
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    fails = months.boundary(now, 1) + timedelta(hours=1)
    payments.become(status="past_due")
    _tell(payments, fails, "customer.subscription.updated")
    assert _allowance(buyer).standing == "grace"
    assert transitions.push_overdue(now=fails + timedelta(days=2)) == 0
    assert transitions.push_overdue(now=fails + timedelta(days=3, minutes=1)) == 1
    assert _allowance(buyer).standing == "past_due"
    payments.pay(
        at=months.boundary(now, 1),
        until=months.boundary(now, 2),
        amount=FLAT,
        currency="USD",
    )
    _tell(payments, fails + timedelta(days=4), "invoice.paid")
    assert (_allowance(buyer).standing, _allowance(buyer).plan_minutes) == ("good", 100)
    assert Subscription.objects.get().past_due_since is None


def test_after_the_end_plan_minutes_are_gone_and_bought_ones_stay(buyer, payments, now):
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    ledger.add_credit_minutes(
        organization_id=buyer.pk, minutes=50, kind="purchase", reference="p", now=now
    )
    ends = months.boundary(now, 1)
    payments.become(status="canceled", ended_at=ends)
    _tell(payments, ends, "customer.subscription.deleted")
    allowance = _allowance(buyer)
    assert (allowance.standing, allowance.plan_minutes) == ("no_plan", 0)
    assert (allowance.credit_minutes, allowance.minutes_ceiling) == (50, 50)


def test_news_of_what_is_over_already_puts_no_plan_in_force(buyer, payments, now):
    """Subscribed and ended while nobody listened; the events are caught up in any order."""
    _subscribe(payments, now)
    payments.become(status="canceled", ended_at=now + timedelta(hours=1))
    told_at = now + timedelta(days=2)
    kinds = ("checkout.session.completed", "invoice.paid", "customer.subscription.deleted")
    for order in permutations(kinds):
        with transaction.atomic():
            _tell(payments, told_at, *order)
            allowance = _allowance(buyer)
            assert (allowance.standing, allowance.plan_minutes) == ("no_plan", 0)
            assert Payment.objects.get().amount == FLAT
            assert not Discrepancy.objects.exists()
            transaction.set_rollback(True)


def test_what_is_paid_after_the_end_is_told_to_staff_and_serves_nobody(
    buyer, payments, now
):
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    second = months.boundary(now, 1)
    ended_at = second + timedelta(days=20)
    payments.pay(at=second, until=months.boundary(now, 2), amount=FLAT, currency="USD")
    payments.paid[-1] = replace(payments.paid[-1], paid_at=ended_at + timedelta(days=1))
    payments.become(status="canceled", ended_at=ended_at)
    told_at = ended_at + timedelta(days=2)
    for _ in range(2):
        _tell(payments, told_at, "customer.subscription.deleted", "invoice.paid")
    allowance = _allowance(buyer)
    assert (allowance.standing, allowance.plan_minutes) == ("no_plan", 0)
    told = Discrepancy.objects.get()
    assert (told.kind, told.organization) == ("paid_for_nothing", buyer)
    assert told.theirs.startswith("USD 49.00 paid on")


def test_money_that_goes_back_for_an_ended_plan_takes_nothing_of_the_next_one(
    buyer, payments, now
):
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    payments.become(status="canceled", ended_at=now + timedelta(days=5))
    _tell(payments, now + timedelta(days=5), "customer.subscription.deleted")
    begins = now + timedelta(days=6)
    first = payments.paid.copy()
    until = months.boundary(begins, 1)
    payments.subscribe(
        plan_code="hybrid", at=begins, until=until, amount=FLAT, currency="USD"
    )
    payments.become(subscription_id="sub_next")
    payments.paid[-1] = replace(payments.paid[-1], subscription_id="sub_next")
    _tell(payments, begins, "invoice.paid")
    assert _allowance(buyer).plan_minutes == 1000

    refund = Refunded(
        provider="stripe",
        refund_id="re_1",
        payment_ids=(first[0].invoice_id,),
        amount=FLAT,
        currency="USD",
        status="succeeded",
        is_effective=True,
        created_at=begins,
    )
    recording.record(refund, now=begins + timedelta(hours=1))
    allowance = _allowance(buyer)
    assert (allowance.plan_minutes, allowance.credit_minutes) == (1000, 0)


def test_the_end_is_final_whatever_comes_later(buyer, payments, now):
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    payments.become(status="canceled", ended_at=now)
    _tell(payments, now + timedelta(hours=1), "customer.subscription.deleted")
    payments.become(status="active", ended_at=None)
    _tell(payments, now + timedelta(hours=2), "customer.subscription.updated")
    assert Subscription.objects.get().status == "canceled"
    assert _allowance(buyer).standing == "no_plan"


def test_a_snapshot_that_was_overtaken_is_fetched_again(buyer, payments, now, monkeypatch):
    """Two workers fetched; the older snapshot came last and must not undo the newer."""
    _subscribe(payments, now)
    _tell(payments, now + timedelta(minutes=1), "invoice.paid")
    fetch, fetched = payments.fetch, []

    def overtaken(event_type, body) -> FetchedFacts:
        stale = fetch(event_type, body)
        fetched.append(event_type)
        if len(fetched) == 1:
            payments.become(cancel_at=months.boundary(now, 1))
            monkeypatch.setattr(payments, "fetch", fetch)
            _tell(payments, now + timedelta(minutes=2), "customer.subscription.updated")
            monkeypatch.setattr(payments, "fetch", overtaken)
        return stale

    monkeypatch.setattr(payments, "fetch", overtaken)
    _tell(payments, now + timedelta(minutes=3), "customer.subscription.updated")
    assert len(fetched) == 2
    assert Subscription.objects.get().cancel_at == months.boundary(now, 1)


def test_a_higher_plan_adds_the_share_of_the_month_that_is_left(buyer, payments, now):
    _subscribe(payments, now, plan="starter", currency="EUR")
    _tell(payments, now, "invoice.paid")
    half = now + (months.boundary(now, 1) - now) / 2
    payments.become(plan_code="growth")
    _tell(payments, half, "customer.subscription.updated", "customer.subscription.updated")
    assert _allowance(buyer).plan_minutes == 500 + 250
    assert Subscription.objects.get().plan.code == "growth"


def test_flipping_between_plans_gains_nothing(buyer, payments, now):
    _subscribe(payments, now, plan="starter", currency="EUR")
    _tell(payments, now, "invoice.paid")
    half = now + (months.boundary(now, 1) - now) / 2
    for minute in range(5):
        payments.become(plan_code="growth" if minute % 2 == 0 else "starter")
        at = half + timedelta(minutes=minute)
        _tell(payments, at, "customer.subscription.updated")
    assert _allowance(buyer).plan_minutes <= 750


def test_a_wallet_plan_grants_its_money_with_each_payment_once(buyer, payments, now):
    _subscribe(payments, now, plan="wallet-starter")
    _tell(payments, now, "invoice.paid", "invoice.paid", "checkout.session.completed")
    buyer.wallet.refresh_from_db()
    assert buyer.wallet.balance == 49


def test_news_of_a_customer_nobody_knows_waits(buyer, payments, now):
    _subscribe(payments, now)
    payments.customer_id = "cus_not_yet_written_down"
    event = stored("invoice.paid", now=now, period=0)
    assert inbox.process(event, now=now) == PaymentEvent.State.RECEIVED
    assert not Subscription.objects.exists()
    assert verify(now=now).findings == []
