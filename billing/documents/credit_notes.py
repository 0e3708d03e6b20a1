"""Credit notes of our own: one for each refund that really went through."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.documents import details, numbering
from billing.documents.receipts import INVOICE_THEMSELVES
from billing.documents.receipts import issue as issue_receipt
from billing.events import Refunded
from billing.models import Document, Refund
from servicebilling.lib import money


def issue(fact: Refunded, *, now: datetime) -> Document | None:
    """Write the credit note of a refund once it has succeeded; one that fails later is
    taken back by a void note, which keeps its number."""
    refund = Refund.objects.get(provider=fact.provider, provider_id=fact.refund_id)
    if refund.status == Refund.Status.SUCCEEDED:
        return _issue(refund, now=now)
    if refund.status in (Refund.Status.FAILED, Refund.Status.CANCELED):
        Document.objects.filter(refund=refund).exclude(state=Document.State.VOID).update(
            state=Document.State.VOID
        )
    return None


def issue_missing(*, now: datetime, limit: int = 200) -> int:
    """Write the notes that are missing; returns how many."""
    missing = Refund.objects.filter(status=Refund.Status.SUCCEEDED, document=None)
    rows = list(missing.order_by("created_at")[:limit])
    for refund in rows:
        _issue(refund, now=now)
    return len(rows)


@transaction.atomic
def _issue(refund: Refund, *, now: datetime) -> Document:
    Refund.objects.select_for_update(of=("self",)).get(pk=refund.pk)
    known = Document.objects.filter(refund=refund).first()
    if known is not None:
        return known
    corrected = _corrected(refund, now)
    # Of what was paid with tax, the same part is tax.
    tax = Decimal(0)
    if corrected is not None and corrected.total:
        share = corrected.tax * refund.amount / corrected.total
        tax = money.rounded(share, refund.currency)
    document = Document(
        organization_id=refund.organization_id,
        kind=Document.Kind.CREDIT_NOTE,
        state=Document.State.PAID,
        provider=refund.provider,
        refund=refund,
        corrects=corrected,
        currency=refund.currency,
        subtotal=refund.amount - tax,
        tax=tax,
        total=refund.amount,
        amount_paid=refund.amount,
        lines=[{"text": _text(corrected), "quantity": "1", "amount": refund.amount - tax}],
        customer=details.copied(refund.organization),
        seller=details.seller(),
        issued_at=now,
        paid_at=refund.created_at,
        created_at=now,
    )
    numbering.give(document)
    document.save(force_insert=True)
    return document


def _corrected(refund: Refund, now: datetime) -> Document | None:
    payment = refund.payment
    if payment is None:
        return None
    known = Document.objects.filter(payment=payment).first() or payment.invoice
    is_theirs = payment.subscription_id and payment.provider in INVOICE_THEMSELVES
    if known is not None or is_theirs:
        return known
    return issue_receipt(payment, now=now)


def _text(corrected: Document | None) -> str:
    if corrected is None or not corrected.number:
        return "Refund"
    return f"Refund of {corrected.number}"
