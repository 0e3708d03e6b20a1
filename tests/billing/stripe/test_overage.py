"""Overage on Stripe's meter: each minute once, whatever breaks on the way."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from accounts.models import Organization
from billing import catalogue_loading, discrepancies, plans
from billing.models import (
    Discrepancy,
    OverageDelivery,
    Subscription,
    SubscriptionItem,
)
from billing.overage import collecting, comparing, deciding, refused, sending
from billing.providers import registry
from billing.providers.stripe import meters
from billing.providers.stripe.journal import Journal
from metering.balances import cycles
from metering.models import OverageCharge, UsageCharge

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
State, Route = OverageDelivery.State, OverageDelivery.Route
METER_EVENTS = "/v1/billing/meter_events"


@pytest.fixture
def subscriber(organization, provider, customer, gateway, monkeypatch) -> Organization:
    """On an overage plan that Stripe bills, with a meter there."""
    catalogue_loading.load(now=NOW)
    organization.currency = "EUR"
    organization.stripe_customer_id = customer.id
    organization.save()
    plan = plans.get("starter")
    plans.open_organization(organization=organization, plan=plan, now=NOW)
    meters.ensure(Journal(gateway))
    subscription = Subscription.objects.create(
        organization=organization,
        plan=plan,
        rate_card=plan.rate_card,
        price=Decimal(204),
        currency="EUR",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        created_at=NOW,
    )
    for is_metered in (False, True):
        SubscriptionItem.objects.create(
            subscription=subscription,
            provider_item_id=f"si_{is_metered}",
            provider_price_id="price",
            is_metered=is_metered,
            period_starts_at=NOW,
            period_ends_at=NOW + timedelta(days=28),
        )
    monkeypatch.setattr(registry, "get", lambda name: provider)
    return organization


def _charge(organization, minutes: int = 3, *, at: datetime = NOW) -> OverageCharge:
    cycle = organization.allowance.cycle
    number = OverageCharge.objects.count()
    return OverageCharge.objects.create(
        organization=organization,
        cycle=cycle,
        rate_card=cycle.rate_card,
        reference=f"call:{number}",
        minutes=minutes,
        amount=minutes * Decimal("0.50"),
        currency="EUR",
        occurred_at=at,
        created_at=at,
    )


def _deliver(now: datetime) -> None:
    collecting.collect(now=now)
    for row_id in sending.due(now=now):
        sending.send(row_id, now=now)


def _at_stripe(
    provider, organization, *, until: datetime = NOW + timedelta(days=30)
) -> int:
    return provider.usage_total(
        organization.stripe_customer_id, starts_at=NOW - timedelta(days=2), ends_at=until
    )


def _states() -> set[str]:
    return set(OverageDelivery.objects.values_list("state", flat=True))


FAULTS = [
    [],
    [{"kind": "500", "times": 8, "applied": "true"}],
    [{"kind": "500", "times": 8}],
    [{"kind": "500", "times": 4, "applied": "true", "kept": "true"}],
    [{"kind": "lost_answer", "times": 7}],
    [{"kind": "429", "times": 5}],
    [
        {"kind": "429", "percent": 30, "seed": 1, "times": 0},
        {"kind": "lost_answer", "percent": 30, "seed": 2, "times": 0},
    ],
]


@pytest.mark.parametrize(
    "faults",
    FAULTS,
    ids=["none", "500 after", "500 before", "500 kept", "lost", "429", "both"],
)
def test_a_month_of_overage_arrives_once_whatever_breaks(
    subscriber, provider, stripe, faults, no_waiting
):
    for minutes in (1, 2, 3, 4, 5, -2):
        _charge(subscriber, minutes)
    for fault in faults:
        stripe.control("faults", method="POST", path=METER_EVENTS, **fault)
    moment = NOW
    for _ in range(40):
        moment += timedelta(minutes=11)
        _deliver(moment)
        if _states() == {State.DELIVERED}:
            break
    assert _states() == {State.DELIVERED}
    assert _at_stripe(provider, subscriber) == 13
    assert comparing.compare_all(now=moment + timedelta(hours=2)) == 0
    assert not Discrepancy.objects.exists()


@pytest.fixture
def no_waiting(monkeypatch) -> None:
    """The SDK waits between its own retries; tests do not."""
    monkeypatch.setattr("time.sleep", lambda seconds: None)


def test_a_worker_that_dies_after_sending_sends_the_same_key_again(
    subscriber, provider, monkeypatch
):
    _charge(subscriber, 7)
    collecting.collect(now=NOW)
    (row_id,) = sending.due(now=NOW)

    class Killed(BaseException):
        pass

    def die(self, *, now):
        raise Killed

    with monkeypatch.context() as dying:
        dying.setattr(OverageDelivery, "note_delivered", die)
        with pytest.raises(Killed):
            sending.send(row_id, now=NOW)
    assert sending.due(now=NOW) == []
    later = NOW + timedelta(minutes=11)
    assert sending.send(row_id, now=later) == State.DELIVERED
    assert _at_stripe(provider, subscriber) == 7


@pytest.mark.parametrize("was_taken", [True, False])
def test_after_thirty_hours_stripe_is_asked_before_anything_is_sent_again(
    subscriber, provider, stripe, no_waiting, was_taken
):
    _charge(subscriber, 7)
    kind = "lost_answer" if was_taken else "no_answer"
    stripe.control("faults", kind=kind, times="3", method="POST", path=METER_EVENTS)
    stripe.control("faults", kind="no_answer", times="0", skip="0", path="/v1/*")
    _deliver(NOW)
    stripe.control("clock", hours="30", wait="no")
    after = NOW + timedelta(hours=30)
    stripe.control("faults/clear")
    _deliver(after)
    assert _states() == {State.UNCERTAIN}
    assert _at_stripe(provider, subscriber) == (7 if was_taken else 0)
    assert not any(comparing.resolve_uncertain(now=after).values())
    sums_are_complete = after + timedelta(hours=1)
    outcome = comparing.resolve_uncertain(now=sums_are_complete)
    assert outcome["taken" if was_taken else "resent"] == 1
    _deliver(sums_are_complete + timedelta(minutes=1))
    assert _states() == {State.DELIVERED}
    assert _at_stripe(provider, subscriber) == 7


def test_what_comes_too_late_for_its_invoice_waits_for_the_next(
    subscriber, provider, stripe
):
    SubscriptionItem.objects.update(
        period_starts_at=NOW + timedelta(days=28), period_ends_at=NOW + timedelta(days=59)
    )
    Subscription.objects.update(provider_subscription_id="")
    in_time, late = NOW + timedelta(days=28, minutes=30), NOW + timedelta(days=28, hours=2)
    _charge(subscriber, 2, at=NOW + timedelta(days=27))
    stripe.control("clock", days="28", wait="no")
    _deliver(in_time)
    assert OverageDelivery.objects.get().route == Route.METER
    _charge(subscriber, 5, at=NOW + timedelta(days=27))
    _deliver(late)
    late_row = OverageDelivery.objects.get(minutes=5)
    assert (late_row.route, late_row.state) == (Route.ITEM, State.DELIVERED)
    (item,) = stripe.get("invoiceitems")["data"]
    assert (item["amount"], item["currency"]) == (250, "eur")
    OverageDelivery.objects.filter(pk=late_row.pk).update(
        state=State.WAITING, next_attempt_at=late
    )
    _deliver(late)
    assert len(stripe.get("invoiceitems")["data"]) == 1


def test_without_a_subscription_overage_waits_and_goes_when_there_is_one(
    subscriber, provider
):
    Subscription.objects.update(status="canceled")
    _charge(subscriber, 4)
    _deliver(NOW)
    assert OverageDelivery.objects.get().route == Route.NONE
    Subscription.objects.update(status="active")
    _deliver(NOW + timedelta(minutes=1))
    assert _at_stripe(provider, subscriber) == 4


def test_what_other_meters_charged_is_one_item_and_later_changes_another(
    subscriber, provider, stripe
):
    Subscription.objects.update(provider_subscription_id="")
    cycle = subscriber.allowance.cycle

    def use(amount: str) -> None:
        UsageCharge.objects.create(
            organization=subscriber,
            cycle=cycle,
            rate_card=cycle.rate_card,
            meter="api_call",
            reference=f"use:{UsageCharge.objects.count()}",
            quantity=1,
            amount=Decimal(amount),
            currency="EUR",
            occurred_at=NOW,
            created_at=NOW,
        )

    for _ in range(5):
        use("0.003")
    closed = NOW + timedelta(days=29)
    collecting.collect_meters(now=NOW)
    assert not OverageDelivery.objects.exists()
    cycles.roll_over(subscriber.pk, now=closed)
    for _ in range(2):
        collecting.collect_meters(now=closed)
        _deliver(closed)
    use("0.0251")
    collecting.collect_meters(now=closed)
    _deliver(closed)
    amounts = [row["amount"] for row in reversed(stripe.get("invoiceitems")["data"])]
    assert amounts == [2, 2]


def test_a_report_that_stripe_throws_away_is_marked_and_goes_on_the_invoice(
    subscriber, provider, stripe, staff
):
    Subscription.objects.update(provider_subscription_id="")
    stripe.control("settings", meter_errors="later")
    _charge(subscriber, 4)
    with_ghost = subscriber.stripe_customer_id
    Organization.objects.update(stripe_customer_id="cus_ghost")
    _deliver(NOW)
    Organization.objects.filter(pk=subscriber.pk).update(stripe_customer_id=with_ghost)
    (told,) = stripe.get_v2("core/events")["data"]
    fetched = provider.fetch(told["type"], told)
    (fact,) = fetched.facts
    assert refused.mark(fact, now=NOW) == 1
    assert refused.mark(fact, now=NOW) == 0
    row = OverageDelivery.objects.get()
    assert (row.state, Discrepancy.objects.get().subject) == (State.REFUSED, row.key)
    deciding.put_on_next_invoice(row.pk, reason="agreed", actor=staff, now=NOW)
    deciding.put_on_next_invoice(row.pk, reason="agreed", actor=staff, now=NOW)
    _deliver(NOW)
    assert stripe.get("invoiceitems")["data"][0]["amount"] == 200
    assert Discrepancy.objects.get().settled_at == NOW


def test_a_difference_with_stripe_is_a_row_until_it_is_gone(subscriber, provider):
    _charge(subscriber, 4)
    _deliver(NOW)
    OverageDelivery.objects.update(minutes=5)
    later = NOW + timedelta(hours=2)
    assert comparing.compare_all(now=later) == 1
    assert comparing.compare_all(now=later) == 1
    found = Discrepancy.objects.get()
    assert (found.ours, found.theirs) == ("5 minutes", "4 minutes")
    OverageDelivery.objects.update(minutes=4)
    assert comparing.compare_all(now=later) == 0
    assert Discrepancy.objects.get().settled_at == later


@pytest.mark.breaks_books
def test_an_accepted_difference_stays_accepted_when_the_totals_grow(
    subscriber, provider, staff, stripe
):
    _charge(subscriber, 4)
    _deliver(NOW)
    OverageDelivery.objects.update(minutes=5)
    later = NOW + timedelta(hours=2)
    stripe.control("clock", hours="2", wait="no")
    comparing.compare_all(now=later)
    first = Discrepancy.objects.get()
    discrepancies.accept(first.pk, reason="one too many", actor=staff, now=later)
    _charge(subscriber, 10, at=later)
    _deliver(later)
    for hours in (4, 28):
        assert comparing.compare_all(now=NOW + timedelta(hours=hours)) == 0
    assert Discrepancy.objects.count() == 1

    OverageDelivery.objects.filter(minutes=10).update(minutes=13)
    assert comparing.compare_all(now=NOW + timedelta(hours=29)) == 1
    grown = Discrepancy.objects.get(settled_at=None)
    assert (grown.ours, grown.apart_by) == ("18 minutes", 4)
    assert grown.theirs == "14 minutes; +1 between them was accepted"
    OverageDelivery.objects.filter(minutes=13).update(minutes=10)
    assert comparing.compare_all(now=NOW + timedelta(hours=30)) == 0
    assert not Discrepancy.objects.filter(settled_at=None).exists()


@pytest.mark.breaks_books
def test_unbilled_overage_that_was_accepted_is_not_told_again_with_what_came_later(
    subscriber, staff
):
    Subscription.objects.update(status="canceled")
    _charge(subscriber, 4)
    collecting.collect(now=NOW)
    first_told = NOW + timedelta(days=4)
    deciding.notice_unbilled(now=first_told)
    row = Discrepancy.objects.get()
    discrepancies.accept(row.pk, reason="they know", actor=staff, now=first_told)
    assert deciding.notice_unbilled(now=NOW + timedelta(days=5)) == 0

    later = NOW + timedelta(days=6)
    _charge(subscriber, 6, at=later)
    collecting.collect(now=later)
    assert deciding.notice_unbilled(now=later + timedelta(days=4)) == 1
    assert Discrepancy.objects.get(settled_at=None).ours == "EUR 3.00"
