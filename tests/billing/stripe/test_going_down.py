"""A lower plan, or months instead of years, from the period's end on: at the sandbox."""

from decimal import Decimal

import pytest

from billing.models import Payment
from billing.subscriptions import changes
from metering.models import Allowance
from tests.billing.stripe.customers import Paying

pytestmark = pytest.mark.django_db


def _allowance(paying: Paying) -> Allowance:
    return Allowance.objects.select_related("rate_card").get(
        organization=paying.organization
    )


def test_a_lower_plan_takes_over_with_the_next_period(paying) -> None:
    ends_at = paying.subscribe("growth").period_ends_at
    seen = changes.preview(paying.organization, "starter", "monthly", paying.now)
    assert (seen.due_now, seen.next_amount, seen.takes_effect_at) == (0, 204, ends_at)
    for _ in range(2):
        asked = changes.change(paying.organization, "starter", "monthly", paying.now)
    assert asked.ends_at == ends_at
    paying.hear()

    subscription = paying.subscription
    assert (subscription.plan.code, subscription.next_plan.code) == ("growth", "starter")
    assert _allowance(paying).plan_minutes == 1000
    assert paying.prices_at_stripe() == {"growth_monthly", "growth_overage"}

    paying.wait(days=28, hours=2)
    subscription = paying.subscription
    assert (subscription.plan.code, subscription.next_plan) == ("starter", None)
    assert subscription.price == Decimal(204)
    assert paying.prices_at_stripe() == {"starter_monthly", "starter_overage"}
    assert (_allowance(paying).plan_minutes, _allowance(paying).rate_card.code) == (
        500,
        "starter-1",
    )
    amounts = Payment.objects.order_by("paid_at").values_list("amount", flat=True)
    assert list(amounts) == [Decimal(366 + 249), Decimal(204)]


def test_a_year_becomes_months_when_it_is_over(paying) -> None:
    ends_at = paying.subscribe("starter", "yearly").period_ends_at
    changes.change(paying.organization, "starter", "monthly", paying.now)
    paying.hear()
    assert paying.subscription.next_billing_period == "monthly"

    paying.wait(days=364)
    assert paying.subscription.billing_period == "yearly"
    paying.wait(days=1, hours=2)
    subscription = paying.subscription
    assert (subscription.billing_period, subscription.price) == ("monthly", Decimal(204))
    assert subscription.period_starts_at == ends_at
    assert subscription.next_plan is None
    assert paying.prices_at_stripe() == {"starter_monthly", "starter_overage"}
    assert Payment.objects.order_by("-paid_at")[0].amount == Decimal(204)
    assert _allowance(paying).plan_minutes == 500


@pytest.mark.parametrize("act", ["undo_cancel", "cancel_at_period_end", "up"])
def test_what_was_to_follow_gives_way_to_what_is_asked_next(paying, act) -> None:
    paying.subscribe("growth")
    changes.change(paying.organization, "starter", "monthly", paying.now)
    paying.hear()
    assert paying.subscription.next_plan.code == "starter"
    if act == "up":
        changes.change(paying.organization, "enterprise", "monthly", paying.now)
    else:
        getattr(changes, act)(paying.organization, paying.now)
    paying.hear()
    subscription = paying.subscription
    assert subscription.next_plan is None
    assert subscription.plan.code == ("enterprise" if act == "up" else "growth")
    assert (subscription.cancel_at is not None) == (act == "cancel_at_period_end")


def test_who_was_to_end_goes_on_with_the_lower_plan(paying) -> None:
    paying.subscribe("growth")
    changes.cancel_at_period_end(paying.organization, paying.now)
    changes.change(paying.organization, "starter", "monthly", paying.now)
    paying.hear()
    assert paying.subscription.cancel_at is None
    assert paying.subscription.next_plan.code == "starter"
