"""Money that came for an invoice by bank transfer, as staff saw it."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.models import User
from billing.documents import taking_over
from billing.errors import NotPayable, ProviderUnavailable, ReasonMissing
from billing.invoices import dunning
from billing.models import Document, Payment
from billing.providers import registry
from billing.providers.base import ProviderError

BY_TRANSFER = "transfer"
# Providers that can be told that an invoice was paid past them.
CAN_BE_TOLD = ("stripe",)
REASON_LENGTH_MIN = 3


def is_payable(document: Document) -> bool:
    """Return whether an invoice waits for money that may come by transfer."""
    if document.kind != Document.Kind.INVOICE:
        return False
    if document.state not in (Document.State.OPEN, Document.State.UNCOLLECTIBLE):
        return False
    return document.is_ours or (
        document.provider in CAN_BE_TOLD and bool(document.provider_document_id)
    )


def mark_paid(document: Document, *, reason: str, actor: User, now: datetime) -> Document:
    """Note that an invoice was paid in full by transfer; `reason` says how that is known,
    such as the line of the bank's statement. Once: a second time changes nothing.

    A provider whose invoice it is hears of it first, so that it asks nobody any more. Raises
    `NotPayable`, `ReasonMissing`, `ProviderUnavailable`.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ReasonMissing
    document.refresh_from_db()
    if document.state == Document.State.PAID:
        return document
    if not is_payable(document):
        raise NotPayable
    if not document.is_ours:
        _tell_provider(document, now)
    return _keep(document, reason=reason.strip(), actor=actor, now=now)


def _tell_provider(document: Document, now: datetime) -> None:
    try:
        fact = registry.billing_usage(document.provider).mark_paid(
            document.provider_document_id
        )
    except ProviderError as error:
        raise ProviderUnavailable(
            f"The provider did not do it, nothing was changed here: {error}"
        ) from error
    taking_over.take(fact, organization=document.organization, now=now)


@transaction.atomic
def _keep(document: Document, *, reason: str, actor: User, now: datetime) -> Document:
    row = Document.objects.select_for_update(of=("self",)).get(pk=document.pk)
    if row.is_ours:
        if row.state == Document.State.PAID:
            return row
        if not is_payable(row):
            raise NotPayable
        payment = Payment.objects.create(
            organization_id=row.organization_id,
            provider=BY_TRANSFER,
            provider_payment_id=f"document:{row.pk}",
            invoice=row,
            amount=row.total,
            currency=row.currency,
            paid_at=now,
            created_at=now,
        )
        row.state, row.paid_at = Document.State.PAID, now
        row.amount_paid, row.payment = row.total, payment
        row.save(update_fields=["state", "paid_at", "amount_paid", "payment"])
    audit.record(
        organization=row.organization,
        actor=actor,
        action="invoice.paid",
        detail={"document": str(row.pk), "number": row.number, "reason": reason},
        now=now,
    )
    dunning.push(row.organization, now=now)
    return row
