"""An organization's documents, newest first: every provider's in one list."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Q

from accounts.models import Organization
from billing.models import Document

PAGE = 50


@dataclass(frozen=True, slots=True)
class DocumentRow:
    """`url` and `pdf_url` are the provider's pages; empty where the paper is our own."""

    id: UUID
    kind: str
    number: str
    state: str
    provider: str
    is_ours: bool
    currency: str
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    issued_at: datetime
    due_at: datetime | None
    paid_at: datetime | None
    url: str
    pdf_url: str


@dataclass(frozen=True, slots=True)
class DocumentLine:
    text: str
    quantity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class DocumentSheet:
    """Everything that is printed on a document."""

    row: DocumentRow
    lines: tuple[DocumentLine, ...]
    seller: dict[str, Any]
    customer: dict[str, Any]
    period_starts_at: datetime | None
    period_ends_at: datetime | None
    # Number of what a credit note takes back.
    corrects: str


def documents_of(
    organization: Organization,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int = PAGE,
) -> list[DocumentRow]:
    """Return a page of documents, newest first; `before` is the last row of the page before.

    Those that are still being prepared are not shown.
    """
    rows = Document.objects.filter(organization=organization).exclude(
        state=Document.State.PREPARED
    )
    if before is not None:
        issued_at, id = before
        rows = rows.filter(Q(issued_at__lt=issued_at) | Q(issued_at=issued_at, id__lt=id))
    return [_row(document) for document in rows.order_by("-issued_at", "-id")[:limit]]


def sheet_of(organization: Organization, document_id: UUID) -> DocumentSheet | None:
    """Return what is printed on one document; None if the organization has no such one."""
    found = (
        Document.objects.filter(organization=organization, pk=document_id)
        .exclude(state=Document.State.PREPARED)
        .select_related("corrects")
        .first()
    )
    if found is None:
        return None
    return DocumentSheet(
        row=_row(found),
        lines=tuple(
            DocumentLine(line["text"], line["quantity"], Decimal(line["amount"]))
            for line in found.lines
        ),
        seller=found.seller,
        customer=found.customer,
        period_starts_at=found.period_starts_at,
        period_ends_at=found.period_ends_at,
        corrects=found.corrects.number if found.corrects else "",
    )


def _row(document: Document) -> DocumentRow:
    return DocumentRow(
        id=document.pk,
        kind=document.kind,
        number=document.number,
        state=document.state,
        provider=document.provider,
        is_ours=document.is_ours,
        currency=document.currency,
        subtotal=document.subtotal,
        tax=document.tax,
        total=document.total,
        issued_at=document.issued_at,
        due_at=document.due_at,
        paid_at=document.paid_at,
        url=document.url,
        pdf_url=document.pdf_url,
    )
