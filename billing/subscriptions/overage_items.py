"""The item of a subscription that bills overage: monthly, whatever the plan's own period.

Checkout takes prices of one interval only, so a yearly plan's item is attached once its
subscription is known here. A subscription keeps the overage price it began with until its
plan is changed.
"""

from typing import cast

from billing.models import Plan, PlanVersion, Subscription
from billing.models.subscriptions import SERVED
from billing.providers.base import PaymentProvider, SubscriptionProvider


def ensure(provider: PaymentProvider, subscription_id: str) -> bool:
    """Attach the item that a served subscription lacks, or move one of another plan.

    Returns whether the provider was asked; asking twice changes nothing there. Raises
    `ProviderError`. Calls the provider: never inside a transaction.
    """
    subscription = (
        Subscription.objects.select_related("plan")
        .filter(
            provider=provider.name,
            provider_subscription_id=subscription_id,
            status__in=SERVED,
        )
        .first()
    )
    price_id = _missing_price(subscription) if subscription else ""
    if price_id:
        cast(SubscriptionProvider, provider).attach_overage(
            subscription_id, metered_price_id=price_id
        )
    return bool(price_id)


def _missing_price(subscription: Subscription) -> str:
    """Return the price that overage should be billed at and is not; "" if all is well."""
    wanted: str = _overage_price(subscription.plan, subscription.provider)
    metered = subscription.items.filter(is_metered=True)
    billed_at = set(metered.values_list("provider_price_id", flat=True))
    if not wanted or wanted in billed_at:
        return ""
    if not billed_at or billed_at & _of_other_plans(subscription):
        return wanted
    return ""


def _of_other_plans(subscription: Subscription) -> set[str]:
    """Also what they were sold at before."""
    own, provider = subscription.plan_id, subscription.provider
    sold: list[Plan | PlanVersion] = [
        *Plan.objects.exclude(pk=own),
        *PlanVersion.objects.exclude(plan=own),
    ]
    return {_overage_price(one, provider) for one in sold} - {""}


def _overage_price(plan: Plan | PlanVersion, provider: str) -> str:
    ids: dict[str, str] = plan.provider_ids.get(provider, {})
    return ids.get("overage", "")
