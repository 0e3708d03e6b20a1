"""Another plan, an end with what is paid, a change of mind: asked, then told by webhook."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing import inbox
from billing.errors import (
    NotSold,
    NotSubscribed,
    ProviderUnavailable,
    QuoteGone,
    SamePlan,
)
from billing.models import Plan, Subscription
from billing.providers.base import ProviderError
from billing.subscriptions import changes
from metering.balances import months
from metering.models import Allowance
from tests.billing.conftest import stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def plans_by_price(buyer):
    """The plans sold by the month in dollars, cheapest first, with ids at the provider."""
    sold = list(
        Plan.objects.filter(currency="USD", is_active=True, price_monthly__gt=0)
        .select_related("rate_card")
        .order_by("price_monthly")
    )
    for plan in sold:
        plan.provider_ids = {"stripe": {"monthly": f"price_{plan.code}"}}
        plan.save(update_fields=["provider_ids"])
    low, high = sold[0], sold[-1]
    assert low.price_monthly < high.price_monthly
    return low, high


@pytest.fixture
def subscribed(buyer, payments, now, plans_by_price):
    def to(plan):
        payments.subscribe(
            plan_code=plan.code,
            at=now,
            until=months.boundary(now, 1),
            amount=plan.price_monthly,
            currency="USD",
        )
        inbox.process(stored("invoice.paid", now=now, period=0), now=now)
        return Subscription.objects.get(organization=buyer)

    return to


def test_preview_tells_cost_and_minutes(buyer, plans_by_price, subscribed, now):
    low, high = plans_by_price
    subscribed(low)
    seen = changes.preview(buyer, high.code, "monthly", now)
    assert (seen.due_now, seen.next_amount, seen.is_upgrade) == (
        Decimal("75.5"),
        Decimal("200"),
        True,
    )
    gained = high.rate_card.included_minutes - low.rate_card.included_minutes
    assert seen.minutes_gained == gained


def test_going_up_asks_once_and_counts_when_told(
    buyer, payments, plans_by_price, subscribed, now
):
    low, high = plans_by_price
    subscribed(low)
    changes.change(buyer, high.code, "monthly", now)
    changes.change(buyer, high.code, "monthly", now + timedelta(seconds=1))
    asked = [what for name, what in payments.calls if name == "change_plan"]
    assert len(asked) == 2
    assert asked[0] == asked[1]
    assert Subscription.objects.get(organization=buyer).plan == low

    payments.become(plan_code=high.code)
    inbox.process(stored("customer.subscription.updated", now=now, period=0), now=now)

    assert Subscription.objects.get(organization=buyer).plan == high
    assert Allowance.objects.get(organization=buyer).rate_card_id == high.rate_card_id


def test_what_cannot_be_changed_to_is_refused(buyer, plans_by_price, subscribed, now):
    low, high = plans_by_price
    with pytest.raises(NotSubscribed):
        changes.preview(buyer, high.code, "monthly", now)
    subscribed(high)
    with pytest.raises(SamePlan):
        changes.change(buyer, high.code, "monthly", now)
    with pytest.raises(NotSold):
        changes.change(buyer, low.code, "weekly", now)


def test_each_change_of_mind_is_asked_anew(
    buyer, payments, plans_by_price, subscribed, now
):
    subscription = subscribed(plans_by_price[0])
    ended = changes.cancel_at_period_end(buyer, now)
    assert ended.ends_at == subscription.period_ends_at
    changes.undo_cancel(buyer, now + timedelta(seconds=1))
    changes.cancel_at_period_end(buyer, now + timedelta(seconds=2))
    asked = [call for call in payments.calls if call[0] in ("cancel_at_end", "undo_cancel")]
    assert [name for name, _ in asked] == ["cancel_at_end", "undo_cancel", "cancel_at_end"]
    assert len({key for _, key in asked}) == 3


def test_a_silent_provider_is_told_in_words(
    buyer, payments, plans_by_price, subscribed, now, monkeypatch
):
    subscribed(plans_by_price[0])

    def silent(*_args, **_named):
        raise ProviderError("time-out", retry=True)

    monkeypatch.setattr(payments, "cancel_at_end", silent)
    with pytest.raises(ProviderUnavailable):
        changes.cancel_at_period_end(buyer, now)


def test_what_was_quoted_is_charged_for_an_hour_and_for_that_change_alone(
    buyer, plans_by_price, payments, subscribed, now
):
    low, high = plans_by_price
    subscribed(low)
    seen = changes.preview(buyer, high.code, "monthly", now)
    later = now + timedelta(minutes=59)
    changes.change(buyer, high.code, "monthly", later, quote=seen.quote)
    assert payments.counted_from == seen.takes_effect_at
    changes.change(buyer, high.code, "monthly", later)
    assert payments.counted_from is None
    for quote, at in [
        (seen.quote, now + timedelta(minutes=61)),
        (seen.quote[:-1], later),
        ("nonsense", later),
    ]:
        with pytest.raises(QuoteGone):
            changes.change(buyer, high.code, "monthly", at, quote=quote)
    Subscription.objects.update(period_starts_at=now + timedelta(days=1))
    with pytest.raises(QuoteGone):
        changes.change(buyer, high.code, "monthly", later, quote=seen.quote)
