"""From Stripe's events to our rows and back: the worker against the sandbox."""

import pytest

from billing import inbox
from billing.models import PaymentEvent
from billing.subscriptions import changes

pytestmark = pytest.mark.django_db


def test_a_year_gets_its_monthly_overage_from_the_worker_once(paying) -> None:
    subscription = paying.subscribe("starter", "yearly")
    assert paying.prices_at_stripe() == {"starter_yearly", "starter_overage"}
    [metered] = subscription.items.filter(is_metered=True)
    [flat] = subscription.items.filter(is_metered=False)
    assert (metered.period_ends_at - metered.period_starts_at).days == 28
    assert (flat.period_ends_at - flat.period_starts_at).days == 365

    everything = PaymentEvent.objects.values_list("id", flat=True)
    inbox.replay(list(everything), now=paying.now)
    assert len(paying.at_stripe["items"]["data"]) == 2


def test_a_lost_answer_attaches_no_second_item(paying, stripe, monkeypatch) -> None:
    monkeypatch.setattr("time.sleep", lambda seconds: None)
    stripe.control(
        "faults", method="POST", path="/v1/subscription_items", kind="lost_answer", times=2
    )
    paying.subscribe("starter", "yearly")
    assert len(paying.at_stripe["items"]["data"]) == 2


def test_a_month_brings_its_overage_along_and_nothing_is_attached(paying) -> None:
    paying.subscribe("starter")
    assert paying.prices_at_stripe() == {"starter_monthly", "starter_overage"}
    assert len(paying.stripe.every("subscription_item")) == 2


def test_a_higher_plan_takes_its_own_overage_price_along(paying) -> None:
    paying.subscribe("starter")
    changes.change(paying.organization, "growth", "monthly", paying.now)
    paying.hear()
    assert paying.subscription.plan.code == "growth"
    assert paying.prices_at_stripe() == {"growth_monthly", "growth_overage"}
