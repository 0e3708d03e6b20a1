"""Receipts of our own, for payments that the provider makes no document for."""

from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Q

from billing.documents import details, numbering
from billing.models import Document, Payment

# These make an invoice of their own for each period of a subscription.
INVOICE_THEMSELVES = ("stripe",)


@transaction.atomic
def issue(payment: Payment, *, now: datetime) -> Document:
    """Return the receipt of a payment, made if it has none."""
    Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    known = Document.objects.filter(payment=payment).first()
    if known is not None:
        return known
    document = Document(
        organization_id=payment.organization_id,
        kind=Document.Kind.RECEIPT,
        state=Document.State.PAID,
        provider=payment.provider,
        payment=payment,
        currency=payment.currency,
        subtotal=payment.amount,
        tax=payment.tax,
        total=payment.amount + payment.tax,
        amount_paid=payment.amount + payment.tax,
        lines=[{"text": _text(payment), "quantity": "1", "amount": payment.amount}],
        customer=details.copied(payment.organization),
        seller=details.seller(),
        period_starts_at=payment.period_starts_at,
        period_ends_at=payment.period_ends_at,
        issued_at=now,
        paid_at=payment.paid_at,
        created_at=now,
    )
    numbering.give(document)
    document.save(force_insert=True)
    return document


def issue_missing(*, now: datetime, limit: int = 200) -> int:
    """Issue the receipts that are missing, oldest payment first; returns how many."""
    of_theirs = Q(subscription__isnull=False, provider__in=INVOICE_THEMSELVES)
    missing = (
        Payment.objects.filter(document=None, invoice=None, amount__gt=Decimal(0))
        .exclude(of_theirs)
        .order_by("paid_at")
    )
    rows = list(missing[:limit])
    for payment in rows:
        issue(payment, now=now)
    return len(rows)


def _text(payment: Payment) -> str:
    if payment.purchase is not None:
        return f"{payment.purchase.minutes} call minutes"
    if payment.subscription is not None:
        return (payment.plan or payment.subscription.plan).name
    return "Wallet top-up"
