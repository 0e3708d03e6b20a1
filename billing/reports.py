"""What is sold, and what an organization has: the read side of billing."""

from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal

from accounts.models import Organization
from billing import pricing
from billing.errors import NotSold
from billing.models import MinuteBundle, Plan, Subscription
from billing.models.subscriptions import ENDED
from billing.providers import registry
from billing.purchases import starting
from metering.errors import NoBalances
from metering.models import Allowance, WalletTransaction

RECENT_TRANSACTIONS = 10


@dataclass(frozen=True, slots=True)
class PlanOffer:
    """A plan as it is sold; prices are empty for a period it is not sold by."""

    code: str
    name: str
    currency: str
    price_monthly: Decimal | None
    price_yearly: Decimal | None
    yearly_saving_percent: int
    setup_fee: Decimal
    trial_days: int
    included_minutes: int
    when_exhausted: str
    monthly_wallet_grant: Decimal


@dataclass(frozen=True, slots=True)
class BundleOffer:
    code: str
    minutes: int
    price: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class SubscriptionReport:
    plan: str
    plan_name: str
    billing_period: str
    status: str
    provider: str
    price: Decimal
    currency: str
    period_ends_at: datetime | None
    cancel_at: datetime | None
    action_url: str
    # What it becomes at `period_ends_at`; empty: it stays what it is.
    next_plan: str = ""
    next_plan_name: str = ""
    next_billing_period: str = ""


@dataclass(frozen=True, slots=True)
class WalletRow:
    at: datetime
    kind: str
    amount: Decimal
    balance_after: Decimal
    reason: str


@dataclass(frozen=True, slots=True)
class Status:
    organization: str
    currency: str
    standing: str
    rate_card: str
    subscription: SubscriptionReport | None
    wallet_balance: Decimal
    recent_transactions: tuple[WalletRow, ...]


def plans_on_offer() -> list[PlanOffer]:
    """Return the public plans in the order they are shown; one query."""
    rows = Plan.objects.filter(is_active=True, is_public=True).select_related("rate_card")
    return [_offer(plan) for plan in rows]


def plans_to_change_to(subscription: SubscriptionReport) -> list[PlanOffer]:
    """Return the public plans that a subscription may become: with the prices, of those
    periods that its provider takes money for. One query; none where plans are not changed."""
    if not registry.get(subscription.provider).changes_plans:
        return []
    rows = Plan.objects.filter(
        is_active=True, is_public=True, currency=subscription.currency
    ).select_related("rate_card")
    offers = []
    for plan in rows:
        ids = plan.provider_ids.get(subscription.provider, {})
        offer = replace(
            _offer(plan),
            price_monthly=(ids.get("monthly") and plan.price_monthly) or None,
            price_yearly=(ids.get("yearly") and plan.price_yearly) or None,
        )
        if offer.price_monthly or offer.price_yearly:
            offers.append(offer)
    return offers


def bundles_on_offer(organization: Organization, *, now: datetime) -> list[BundleOffer]:
    """Return the bundles in the organization's currency at today's prices."""
    bundles = MinuteBundle.objects.filter(is_active=True, currency=organization.currency)
    offered = list(bundles)
    try:
        minute = starting.minute_price(organization, now=now) if offered else None
    except NotSold:
        minute = None
    if minute is None:
        return []
    return [
        BundleOffer(one.code, one.minutes, minute.of(one.minutes), one.currency)
        for one in offered
    ]


def status_of(organization: Organization) -> Status:
    """Return plan, subscription, wallet and its newest transactions. Raises `NoBalances`."""
    allowances = Allowance.objects.select_related("rate_card")
    allowance = allowances.filter(organization=organization).first()
    if allowance is None:
        raise NoBalances
    rows = WalletTransaction.objects.filter(organization=organization).order_by("-id")
    return Status(
        organization=organization.slug,
        currency=organization.currency,
        standing=allowance.standing,
        rate_card=allowance.rate_card.code,
        subscription=subscription_of(organization),
        wallet_balance=organization.wallet.balance,
        recent_transactions=tuple(
            WalletRow(row.created_at, row.kind, row.amount, row.balance_after, row.reason)
            for row in rows[:RECENT_TRANSACTIONS]
        ),
    )


def subscription_of(organization: Organization) -> SubscriptionReport | None:
    """Return the subscription that lives, else None."""
    found = (
        Subscription.objects.filter(organization=organization)
        .exclude(status__in=[*ENDED, "incomplete"])
        .select_related("plan", "next_plan")
        .first()
    )
    if found is None:
        return None
    return SubscriptionReport(
        plan=found.plan.code,
        plan_name=found.plan.name,
        billing_period=found.billing_period,
        status=found.status,
        provider=found.provider,
        price=found.price,
        currency=found.currency,
        period_ends_at=found.period_ends_at,
        cancel_at=found.cancel_at,
        action_url=found.action_url,
        next_plan=found.next_plan.code if found.next_plan else "",
        next_plan_name=found.next_plan.name if found.next_plan else "",
        next_billing_period=found.next_billing_period,
    )


def _offer(plan: Plan) -> PlanOffer:
    return PlanOffer(
        code=plan.code,
        name=plan.name,
        currency=plan.currency,
        price_monthly=plan.price_monthly,
        price_yearly=plan.price_yearly,
        yearly_saving_percent=pricing.yearly_saving_percent(
            monthly=plan.price_monthly or Decimal(0),
            yearly=plan.price_yearly or 12 * (plan.price_monthly or Decimal(0)),
        ),
        setup_fee=plan.setup_fee,
        trial_days=plan.trial_days,
        included_minutes=plan.rate_card.included_minutes,
        when_exhausted=plan.rate_card.when_exhausted,
        monthly_wallet_grant=plan.monthly_wallet_grant,
    )
