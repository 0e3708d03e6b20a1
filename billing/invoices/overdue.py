"""Invoices of ours: of pay-as-you-go months, and of overage that is asked for apart.

A subscription's own invoice is not among them: its status says how it stands.
"""

from datetime import datetime
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from billing.models import Document, OverageDelivery


def is_ours(document: Document) -> bool:
    """Return whether an invoice's payment decides about calls by itself."""
    return document.cycle_id is not None or document.overage.exists()


def since(now: datetime) -> QuerySet[Document]:
    """Return the invoices of ours that should have been paid by now, and are not."""
    apart = OverageDelivery.objects.filter(invoice=OuterRef("pk"))
    return Document.objects.filter(
        Q(cycle__isnull=False) | Exists(apart),
        state__in=[Document.State.OPEN, Document.State.UNCOLLECTIBLE],
        due_at__lte=now,
    )


def is_behind(organization_id: UUID, *, now: datetime) -> bool:
    """Return whether an organization has such an invoice."""
    return since(now).filter(organization_id=organization_id).exists()
