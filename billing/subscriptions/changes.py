"""Changing a subscription: another plan, an end with what is paid, and a change of mind.

The provider is asked, outside any transaction; what became of it arrives as its news and is
applied by `transitions.follow`; what a provider that sends no such news has agreed to is noted
here. So doing a thing twice, at once or late ends in one state.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import TypeVar, cast, get_args

from accounts.models import Organization
from billing import plans, provider_failures
from billing.errors import (
    NotSold,
    NotSubscribed,
    OtherCurrency,
    PlanStays,
    SamePlan,
)
from billing.events import BillingPeriod, SubscriptionStopped
from billing.models import Plan, Subscription
from billing.models.subscriptions import LIVING
from billing.providers import registry
from billing.providers.answers import ChangePreview as PreviewedChange
from billing.providers.base import ProviderError, SubscriptionProvider
from billing.providers.orders import LaterPlan
from billing.subscriptions import quotes, unrenewed

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change would cost and give. Amounts are in `currency`; minutes each month."""

    plan_code: str
    plan_name: str
    billing_period: str
    due_now: Decimal
    next_amount: Decimal
    currency: str
    takes_effect_at: datetime
    # Negative where the new plan includes fewer.
    minutes_gained: int
    is_upgrade: bool
    # Sent along with the change, it is charged what is said here; empty where nothing is.
    quote: str = ""


@dataclass(frozen=True, slots=True)
class ChangeAsked:
    """What the provider was asked to do; its answer arrives as its news."""

    plan_code: str
    billing_period: str
    # When the subscription ends or becomes the plan named; empty: at once.
    ends_at: datetime | None = None
    # The difference could not be charged (yet), so the plan stays as it is.
    is_unpaid: bool = False


def preview(
    organization: Organization, plan_code: str, billing_period: str, now: datetime
) -> ChangePreview:
    """Return what moving to a plan would cost now and each period after it.

    Raises `NotSubscribed`, `NotSold`, `SamePlan`, `OtherCurrency`, `PlanStays` where the
    provider changes no plans, `ProviderUnavailable`.
    """
    subscription = _living(organization)
    plan, price_id = _wanted(subscription, plan_code, billing_period)
    is_up = _is_up(subscription, plan, billing_period)
    if is_up:
        seen = _asked_now(subscription, price_id)
    else:
        seen = _at_end(subscription, plan, billing_period, now)
    return ChangePreview(
        plan_code=plan.code,
        plan_name=plan.name,
        billing_period=billing_period,
        due_now=seen.due_now,
        next_amount=seen.next_amount,
        currency=seen.currency,
        takes_effect_at=seen.takes_effect_at,
        minutes_gained=plan.rate_card.included_minutes
        - subscription.rate_card.included_minutes,
        is_upgrade=is_up,
        quote=quotes.give(
            subscription,
            plan_code=plan.code,
            billing_period=billing_period,
            at=seen.takes_effect_at,
        )
        if is_up
        else "",
    )


def change(
    organization: Organization,
    plan_code: str,
    billing_period: str,
    now: datetime,
    *,
    quote: str = "",
) -> ChangeAsked:
    """Ask for a higher plan at once, the difference being paid now, as it was quoted if it
    was; for a lower one, or for months instead of years, from the period's end on.

    Raises as `preview` does, and `QuoteGone`.
    """
    subscription = _living(organization)
    plan, price_id = _wanted(subscription, plan_code, billing_period)
    if not _is_up(subscription, plan, billing_period):
        return _change_at_end(subscription, plan, billing_period, now)
    counts_from = quotes.read(
        quote, subscription, plan_code=plan.code, billing_period=billing_period, now=now
    )
    attempt = f"{subscription.generation}:{now:%Y%m%d%H}"
    quoted = f":{counts_from:%Y%m%d%H%M%S}" if counts_from else ""
    key = f"change:{subscription.pk}:{attempt}:{price_id}{quoted}"
    provider = _provider(subscription)
    is_paid = _ask(
        lambda: provider.change_plan(
            subscription.provider_subscription_id,
            price_id=price_id,
            key=key,
            counts_from=counts_from,
        )
    )
    return ChangeAsked(plan.code, billing_period, is_unpaid=not is_paid)


def cancel_at_period_end(organization: Organization, now: datetime) -> ChangeAsked:
    """Ask that the subscription end with what is paid; nothing changes if it does already.

    Our row may lag behind, so the provider is asked in any case, with a new key: an older
    one would replay an answer from before a change of mind.

    Raises `NotSubscribed`, `ProviderUnavailable`.
    """
    subscription = _living(organization)
    provider = _provider(subscription)
    key = f"cancel:{subscription.pk}:{now.isoformat()}"
    id = subscription.provider_subscription_id
    _ask(lambda: provider.cancel_at_end(id, key=key))
    if subscription.provider in unrenewed.SILENT_PROVIDERS:
        unrenewed.stop(SubscriptionStopped(subscription.provider, id), now=now)
    ends_at = subscription.cancel_at or subscription.period_ends_at
    return ChangeAsked(subscription.plan.code, subscription.billing_period, ends_at)


def undo_cancel(organization: Organization, now: datetime) -> ChangeAsked:
    """Ask that a subscription go on as it is that was to end, or to become another plan's;
    nothing happens if it does anyway.

    Our row may not know yet that it is to end, so the provider is asked in any case.
    Raises `NotSubscribed`, `ProviderUnavailable`.
    """
    subscription = _living(organization)
    provider = _provider(subscription)
    key = f"resume:{subscription.pk}:{now.isoformat()}"
    id = subscription.provider_subscription_id
    _ask(lambda: provider.undo_cancel(id, key=key))
    if subscription.provider in unrenewed.SILENT_PROVIDERS:
        unrenewed.go_on(id, provider=subscription.provider, now=now)
    return ChangeAsked(subscription.plan.code, subscription.billing_period)


def _change_at_end(
    subscription: Subscription, plan: Plan, billing_period: str, now: datetime
) -> ChangeAsked:
    ids = plan.provider_ids[subscription.provider]
    later = LaterPlan(
        plan_code=plan.code,
        billing_period=cast(BillingPeriod, billing_period),
        price_id=ids[billing_period],
        metered_price_id=ids.get("overage", ""),
    )
    provider = _provider(subscription)
    _ask(
        lambda: provider.change_plan_at_end(
            subscription.provider_subscription_id,
            plan=later,
            key=f"later:{subscription.pk}:{now.isoformat()}",
        )
    )
    return ChangeAsked(plan.code, billing_period, subscription.period_ends_at)


def _asked_now(subscription: Subscription, price_id: str) -> PreviewedChange:
    try:
        return _provider(subscription).preview_change(
            subscription.provider_subscription_id, price_id=price_id
        )
    except ProviderError as error:
        raise provider_failures.told(error) from error


def _at_end(
    subscription: Subscription, plan: Plan, billing_period: str, now: datetime
) -> PreviewedChange:
    price = plan.price_yearly if billing_period == "yearly" else plan.price_monthly
    return PreviewedChange(
        due_now=Decimal(0),
        next_amount=price or Decimal(0),
        currency=plan.currency,
        takes_effect_at=subscription.period_ends_at or now,
    )


def _living(organization: Organization) -> Subscription:
    found = (
        Subscription.objects.select_related("plan", "rate_card")
        .filter(organization=organization, status__in=LIVING)
        .first()
    )
    if found is None:
        raise NotSubscribed
    return found


def _wanted(
    subscription: Subscription, plan_code: str, billing_period: str
) -> tuple[Plan, str]:
    own = subscription.plan
    plan = own if plan_code == own.code else plans.on_sale(plan_code)
    ids = plan.provider_ids.get(subscription.provider, {})
    price_id = ids.get(billing_period, "")
    if billing_period not in get_args(BillingPeriod) or not price_id:
        raise NotSold(f"{plan.name} is not sold by this period.")
    if plan.currency != subscription.currency:
        raise OtherCurrency
    if plan == subscription.plan and billing_period == subscription.billing_period:
        raise SamePlan
    if not _provider(subscription).changes_plans:
        raise PlanStays
    return plan, price_id


def _is_up(subscription: Subscription, plan: Plan, billing_period: str) -> bool:
    """By price a month; the same plan goes up from monthly to yearly, never back."""
    if plan == subscription.plan:
        return billing_period == "yearly"
    wanted = plan.price_yearly if billing_period == "yearly" else plan.price_monthly
    was_yearly = subscription.billing_period == Subscription.BillingPeriod.YEARLY
    if was_yearly and billing_period == "monthly":
        return False
    months_now = 12 if was_yearly else 1
    months_then = 12 if billing_period == "yearly" else 1
    return (wanted or 0) * months_now > subscription.price * months_then


def _provider(subscription: Subscription) -> SubscriptionProvider:
    return cast(SubscriptionProvider, registry.get(subscription.provider))


def _ask(act: Callable[[], Answer]) -> Answer:
    try:
        return act()
    except ProviderError as error:
        raise provider_failures.told(error) from error
