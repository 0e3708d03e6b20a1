"""Invoices that a provider made: kept in the same list, with links to its pages."""

from datetime import datetime

from django.db import transaction

from accounts.models import Organization
from billing import payments
from billing.documents import details
from billing.events import Invoiced
from billing.models import Document, Payment


@transaction.atomic
def take(fact: Invoiced, *, organization: Organization, now: datetime) -> Document:
    """Keep an invoice as it is now at the provider; news may come twice and late.

    A paid one that is of no subscription period counts as a payment here: overage,
    pay-as-you-go, a change of plan.
    """
    document = _row(fact, organization, now)
    if document.state not in (Document.State.PAID, Document.State.VOID):
        document.state = fact.state
    document.number = fact.number or document.number
    document.provider_document_id = fact.invoice_id
    document.subtotal, document.tax, document.total = fact.subtotal, fact.tax, fact.total
    document.amount_paid = max(document.amount_paid, fact.amount_paid)
    # One that is charged to a card has no day at the provider; ours keeps the one we gave.
    document.due_at = fact.due_at or document.due_at
    document.paid_at = fact.paid_at or document.paid_at
    document.url, document.pdf_url = fact.url, fact.pdf_url
    document.lines = [
        {"text": line.text, "quantity": line.quantity, "amount": line.amount}
        for line in fact.lines
    ]
    document.save()
    if fact.state == "paid":
        _join_payment(document, fact, now)
    return document


def _row(fact: Invoiced, organization: Organization, now: datetime) -> Document:
    rows = Document.objects.select_for_update(of=("self",)).filter(
        organization=organization, provider=fact.provider
    )
    known = rows.filter(provider_document_id=fact.invoice_id).first()
    if known is None and fact.document_id:
        known = rows.filter(pk=fact.document_id, provider_document_id="").first()
    if known is not None:
        return known
    # Two events at once: the second waits here and finds the first one's row.
    document, _ = Document.objects.select_for_update(of=("self",)).get_or_create(
        provider=fact.provider,
        provider_document_id=fact.invoice_id,
        defaults={
            "organization": organization,
            "kind": Document.Kind.INVOICE,
            "state": fact.state,
            "number": fact.number,
            "currency": fact.currency,
            "subtotal": fact.subtotal,
            "tax": fact.tax,
            "total": fact.total,
            "customer": details.copied(organization),
            "seller": details.seller(),
            "issued_at": fact.issued_at,
            "created_at": now,
        },
    )
    return document


def _join_payment(document: Document, fact: Invoiced, now: datetime) -> None:
    if fact.amount_paid <= 0 or document.payment_id is not None:
        return
    payment = payments.named(fact.provider, fact.invoice_id).first()
    if payment is None and fact.is_period:
        # Its period is counted first, by its own fact.
        return
    if payment is None:
        payment = Payment.objects.create(
            organization_id=document.organization_id,
            provider=fact.provider,
            provider_payment_id=fact.invoice_id,
            invoice=document,
            amount=fact.amount_paid,
            currency=fact.currency,
            paid_at=fact.paid_at or now,
            created_at=now,
        )
    document.payment = payment
    document.save(update_fields=["payment"])
