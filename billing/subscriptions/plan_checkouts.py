"""The first payment of a plan, at providers that know none of our names: a row says before
what it must be, and nothing is served until that was verified."""

from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction

from accounts.models import Organization
from billing.events import BillingPeriod, PeriodPaid, SubscriptionChanged
from billing.models import Plan, PlanCheckout, Subscription

SAME_ATTEMPT = timedelta(minutes=20)

State = PlanCheckout.State


class WrongAmount(Exception):
    """Paid, but less than the plan costs, or in another currency, or for another plan."""


@transaction.atomic
def start(
    *,
    organization: Organization,
    plan: Plan,
    billing_period: BillingPeriod,
    provider: str,
    now: datetime,
) -> PlanCheckout:
    """Return the row that waits for a plan's first payment; of two clicks the same one.

    The address is kept: at the provider a subscription belongs to it for life.
    """
    Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    price = plan.price_yearly if billing_period == "yearly" else plan.price_monthly
    if price is None:
        raise ValueError(f"{plan.code} is not sold {billing_period}")
    pending = PlanCheckout.objects.filter(
        organization=organization,
        plan=plan,
        billing_period=billing_period,
        amount=price,
        email=organization.billing_email,
        provider=provider,
        state=State.PENDING,
        created_at__gt=now - SAME_ATTEMPT,
    ).first()
    return pending or PlanCheckout.objects.create(
        organization=organization,
        plan=plan,
        billing_period=billing_period,
        amount=price,
        currency=plan.currency,
        provider=provider,
        email=organization.billing_email,
        created_at=now,
    )


def note_checkout(checkout: PlanCheckout, *, url: str) -> None:
    PlanCheckout.objects.filter(pk=checkout.pk).update(checkout_url=url)


@transaction.atomic
def demand_paid(
    reference: UUID, *, changed: SubscriptionChanged, paid: PeriodPaid | None, now: datetime
) -> None:
    """Check what was paid against the row, once; later periods have no row of their own.

    Raises `WrongAmount`.
    """
    row = PlanCheckout.objects.select_for_update().filter(pk=reference).first()
    if row is None or row.state == State.PAID or paid is None:
        return
    is_right = (
        paid.currency == row.currency
        and paid.amount >= row.amount
        and changed.plan_code == row.plan.code
        and changed.billing_period == row.billing_period
    )
    if is_right:
        _close(row, State.PAID, now)
    else:
        raise WrongAmount(f"{paid.amount} {paid.currency} were paid, not {row}")


def note_email(subscription_id: str, *, provider: str, reference: UUID) -> None:
    """Keep the address that a new subscription belongs to."""
    row = PlanCheckout.objects.filter(pk=reference).first()
    if row:
        Subscription.objects.filter(
            provider=provider, provider_subscription_id=subscription_id, customer_email=""
        ).update(customer_email=row.email)


@transaction.atomic
def give_up(checkout_id: UUID, *, state: PlanCheckout.State, now: datetime) -> str:
    """Close one that will not be paid. Returns `closed` or `already`."""
    row = PlanCheckout.objects.select_for_update().get(pk=checkout_id)
    if row.state != State.PENDING:
        return "already"
    _close(row, state, now)
    return "closed"


def _close(row: PlanCheckout, state: PlanCheckout.State, now: datetime) -> None:
    row.state, row.closed_at = state, now
    row.save(update_fields=["state", "closed_at"])
