"""Invoices of ours that are not paid in time stop the calls, and payment lets them go on."""

from datetime import datetime

from accounts.models import Organization
from billing import plans
from billing.invoices import overdue
from billing.models import Subscription
from billing.models.subscriptions import LIVING
from billing.subscriptions import standing
from metering.balances import cycles
from metering.models import Allowance

Standing = Allowance.Standing


def push(organization: Organization, *, now: datetime) -> None:
    """Tell metering whether invoices of ours are overdue; once none is, whatever else holds
    counts again."""
    allowance = Allowance.objects.select_related("rate_card").get(organization=organization)
    if overdue.is_behind(organization.pk, now=now):
        wanted: str = Standing.PAST_DUE
    elif allowance.standing != Standing.PAST_DUE:
        return
    else:
        wanted = _without_debts(allowance, now)
    if allowance.standing != wanted:
        cycles.set_standing(organization_id=organization.pk, standing=wanted, now=now)


def push_overdue(*, now: datetime) -> int:
    """Stop those whose invoice has become overdue; returns how many."""
    late = Organization.objects.filter(
        pk__in=overdue.since(now).values("organization"), allowance__isnull=False
    ).exclude(allowance__standing=Standing.PAST_DUE)
    for organization in late:
        push(organization, now=now)
    return len(late)


def _without_debts(allowance: Allowance, now: datetime) -> str:
    living = Subscription.objects.filter(
        organization_id=allowance.organization_id, status__in=LIVING
    )
    subscription = living.order_by("created_at").last()
    if subscription is not None and subscription.payments.exists():
        return standing.of(subscription, now=now) or Standing.GOOD
    is_none = plans.is_without_plan(allowance.rate_card)
    return Standing.NO_PLAN if is_none else Standing.GOOD
