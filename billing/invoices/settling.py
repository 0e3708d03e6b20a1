"""Money that came for an invoice of our own, by bank transfer, as staff saw it."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.errors import NotPayable
from billing.invoices import dunning
from billing.models import Document, Payment

BY_TRANSFER = "transfer"


@transaction.atomic
def mark_paid(document: Document, *, actor: User, now: datetime) -> Payment:
    """Note that an open invoice of ours was paid in full. Once: a second time returns the
    same payment. Raises `NotPayable` for what a provider collects."""
    document = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if document.payment is not None:
        return document.payment
    if not document.is_ours or document.state != Document.State.OPEN:
        raise NotPayable
    payment = Payment.objects.create(
        organization_id=document.organization_id,
        provider=BY_TRANSFER,
        provider_payment_id=f"document:{document.pk}",
        invoice=document,
        amount=document.total,
        currency=document.currency,
        paid_at=now,
        created_at=now,
    )
    document.state, document.paid_at = Document.State.PAID, now
    document.amount_paid, document.payment = document.total, payment
    document.save(update_fields=["state", "paid_at", "amount_paid", "payment"])
    audit.record(
        organization=document.organization,
        actor=actor,
        action="invoice.paid",
        detail={"document": str(document.pk), "number": document.number},
        now=now,
    )
    dunning.push(document.organization, now=now)
    return payment
