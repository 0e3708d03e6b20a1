"""Tells the provider for whom documents are, whenever that has changed: outside any
transaction, and as often as it takes."""

import logging
from datetime import UTC, datetime, timedelta

from django.db.models import F, OuterRef, Q, QuerySet, Subquery, Value
from django.db.models.functions import Coalesce

from accounts.models import Organization
from billing.documents import details
from billing.models import BillingDetails, ToldCustomer
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.orders import CustomerDetails

PROVIDER = "stripe"
TRIED_AGAIN_AFTER = timedelta(minutes=15)
# Stands for details that were never entered: nothing differs from nothing.
NEVER = Value(datetime(1970, 1, 1, tzinfo=UTC))

log = logging.getLogger(__name__)


def tell_changed(*, now: datetime, limit: int = 200) -> int:
    """Tell the provider of customers whose details are not what it was told; returns of how
    many. What it refuses waits until they change again."""
    told = 0
    for organization in changed(now=now)[:limit]:
        told += _tell(organization, now)
    return told


def changed(*, now: datetime) -> QuerySet[Organization]:
    """Return the customers that are to be told of."""
    known = ToldCustomer.objects.filter(organization=OuterRef("pk"))
    entered = BillingDetails.objects.filter(organization=OuterRef("pk"))
    rows = Organization.objects.exclude(stripe_customer_id="").annotate(
        told_name=Subquery(known.values("name")[:1]),
        told_email=Subquery(known.values("email")[:1]),
        told_details=Coalesce(Subquery(known.values("details_updated_at")[:1]), NEVER),
        again_at=Subquery(known.values("next_attempt_at")[:1]),
        details_at=Coalesce(Subquery(entered.values("updated_at")[:1]), NEVER),
    )
    is_same = Q(
        told_email=F("billing_email"), told_name=F("name"), told_details=F("details_at")
    )
    is_new = Q(told_name__isnull=True)
    return rows.filter(is_new | ~is_same | Q(again_at__lte=now)).order_by("pk")


def _tell(organization: Organization, now: datetime) -> int:
    row = BillingDetails.objects.filter(organization=organization).first()
    error, again_at = "", None
    try:
        registry.keeping_customers(PROVIDER).update_customer(
            organization.stripe_customer_id, _said(organization, is_complete=bool(row))
        )
    except ProviderError as failure:
        log.warning("the details of %s were not taken: %s", organization.slug, failure)
        error = str(failure)[:300]
        again_at = now + TRIED_AGAIN_AFTER if failure.retry else None
    # What was read before is what was told: a change meanwhile is told next.
    ToldCustomer.objects.update_or_create(
        organization=organization,
        defaults={
            "name": organization.name,
            "email": organization.billing_email,
            "details_updated_at": row.updated_at if row else None,
            "told_at": now,
            "error": error,
            "next_attempt_at": again_at,
        },
    )
    return int(not error)


def _said(organization: Organization, *, is_complete: bool) -> CustomerDetails:
    found = details.of(organization)
    address = {
        "line1": found.line1,
        "line2": found.line2,
        "postal_code": found.postal_code,
        "city": found.city,
        "state": found.region,
        "country": found.country,
    }
    return CustomerDetails(
        name=found.name,
        email=organization.billing_email,
        address=address,
        tax_id_type=found.tax_id_type,
        tax_id=found.tax_id,
        is_complete=is_complete,
    )
