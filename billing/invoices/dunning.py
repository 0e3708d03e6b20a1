"""Invoices that are not paid in time stop the calls, and payment lets them go on."""

from datetime import datetime

from django.db.models import QuerySet

from accounts.models import Organization
from billing.models import Document, Subscription
from billing.models.subscriptions import LIVING
from metering.balances import cycles
from metering.models import Allowance

Standing = Allowance.Standing


def push(organization: Organization, *, now: datetime) -> None:
    """Tell metering whether pay-as-you-go invoices are overdue. A subscription beside them
    says for itself how it stands, so only `past_due` is pushed then."""
    allowance = Allowance.objects.get(organization=organization)
    if _overdue(now).filter(organization=organization).exists():
        wanted = Standing.PAST_DUE
    elif allowance.standing != Standing.PAST_DUE or _has_subscription(organization):
        return
    else:
        wanted = Standing.GOOD
    if allowance.standing != wanted:
        cycles.set_standing(organization_id=organization.pk, standing=wanted, now=now)


def push_overdue(*, now: datetime) -> int:
    """Stop those whose invoice has become overdue; returns how many."""
    late = Organization.objects.filter(
        documents__in=_overdue(now), allowance__standing=Standing.GOOD
    ).distinct()
    for organization in late:
        push(organization, now=now)
    return len(late)


def _overdue(now: datetime) -> QuerySet[Document]:
    return Document.objects.filter(
        cycle__isnull=False,
        state__in=[Document.State.OPEN, Document.State.UNCOLLECTIBLE],
        due_at__lte=now,
    )


def _has_subscription(organization: Organization) -> bool:
    return Subscription.objects.filter(
        organization=organization, status__in=LIVING
    ).exists()
