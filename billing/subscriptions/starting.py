"""Beginning to subscribe: what is paid comes from the catalogue, never from the browser."""

from datetime import datetime
from typing import get_args

from accounts.models import Organization
from billing import plans
from billing.errors import AlreadySubscribed, NotSold, OtherCurrency
from billing.events import BillingPeriod
from billing.models import Payment, Plan, Subscription
from billing.models.subscriptions import LIVING
from billing.providers.orders import Customer, SubscriptionCheckout


def choose(
    *, organization: Organization, plan_code: str, billing_period: str, provider: str
) -> tuple[Plan, dict[str, str]]:
    """Return the plan and the provider's price ids for it.

    Raises `NotSold`, `AlreadySubscribed`, `OtherCurrency`.
    """
    plan = plans.on_sale(plan_code)
    ids: dict[str, str] = plan.provider_ids.get(provider, {})
    if billing_period not in get_args(BillingPeriod) or not ids.get(billing_period):
        raise NotSold(f"{plan.name} is not sold by this period.")
    living = Subscription.objects.filter(organization=organization, status__in=LIVING)
    if living.exists():
        raise AlreadySubscribed
    if organization.currency != plan.currency and plans.has_money(organization):
        raise OtherCurrency
    return plan, ids


def checkout_of(
    *,
    customer: Customer,
    organization: Organization,
    plan: Plan,
    ids: dict[str, str],
    billing_period: BillingPeriod,
    success_url: str,
    cancel_url: str,
    now: datetime,
) -> SubscriptionCheckout:
    """Return what the provider's page is to show. Twice within the hour is one page.

    Overage joins in the same checkout where both are monthly; a yearly plan's is attached
    once the subscription exists. The setup fee is for the first subscription only.
    """
    is_first = not Payment.objects.filter(
        organization=organization, subscription__isnull=False
    ).exists()
    setup_fee = ids.get("setup", "") if is_first and plan.setup_fee else ""
    metered = ids.get("overage", "") if billing_period == "monthly" else ""
    flat = ids[billing_period]
    return SubscriptionCheckout(
        customer=customer,
        plan_code=plan.code,
        billing_period=billing_period,
        flat_price_id=flat,
        metered_price_id=metered,
        setup_fee_price_id=setup_fee,
        trial_days=plan.trial_days if is_first else 0,
        success_url=success_url,
        cancel_url=cancel_url,
        idempotency_key=f"subscribe:{organization.pk}:{flat}:{setup_fee}:{now:%Y%m%d%H}",
    )
