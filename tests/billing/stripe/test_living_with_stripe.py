"""From Stripe's events to our rows and back: the worker against the sandbox."""

from datetime import timedelta

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


@pytest.mark.parametrize("where", ["on our page", "in the portal"])
def test_who_cancels_a_year_keeps_it_to_its_end(paying, where) -> None:
    """Stripe's own flag would end it with the month of its overage item."""
    ends_at = paying.subscribe("starter", "yearly").period_ends_at
    if where == "in the portal":
        there = paying.at_stripe
        paying.stripe.control(
            f"portal/{there['customer']}", act="cancel", subscription=there["id"]
        )
    else:
        changes.cancel_at_period_end(paying.organization, paying.now)
    paying.hear()
    assert paying.subscription.cancel_at == ends_at

    paying.wait(days=29)
    assert paying.subscription.status == "active"


def test_who_pays_a_year_after_cancelling_has_it_to_its_end(paying) -> None:
    paying.subscribe("starter")
    changes.cancel_at_period_end(paying.organization, paying.now)
    paying.hear()
    changes.change(paying.organization, "starter", "yearly", paying.now)
    paying.hear()
    mine = paying.subscription
    assert mine.billing_period == "yearly"
    assert mine.cancel_at == mine.period_ends_at


def test_a_date_that_somebody_set_on_purpose_stays(paying) -> None:
    paying.subscribe("starter", "yearly")
    on_purpose = paying.now + timedelta(days=100)
    paying.stripe.post(
        f"subscriptions/{paying.at_stripe['id']}", cancel_at=int(on_purpose.timestamp())
    )
    paying.hear()
    assert paying.subscription.cancel_at == on_purpose


def test_a_dearer_plan_that_cannot_be_paid_changes_nothing_until_another_card_pays(
    paying,
) -> None:
    paying.subscribe("starter")
    customer = paying.at_stripe["customer"]
    paying.stripe.control(f"portal/{customer}", act="card", card="4000000000000341")
    asked = changes.change(paying.organization, "growth", "monthly", paying.now)
    assert asked.is_unpaid
    paying.hear()
    assert paying.subscription.plan.code == "starter"
    assert paying.prices_at_stripe() == {"starter_monthly", "starter_overage"}

    paying.stripe.control(f"portal/{customer}", act="card", card="4242424242424242")
    paying.wait(hours=1)
    asked = changes.change(paying.organization, "growth", "monthly", paying.now)
    assert not asked.is_unpaid
    paying.hear()
    assert (paying.subscription.plan.code, paying.subscription.status) == (
        "growth",
        "active",
    )
