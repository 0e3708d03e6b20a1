"""From a closed month to its invoice: the row first, then the provider, outside any
transaction. One that was interrupted is gone on with, never begun again."""

import logging
from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from django.db import transaction
from django.db.models import CharField
from django.db.models.functions import Cast

from accounts.models import Organization
from billing import discrepancies
from billing.documents import details, numbering, taking_over
from billing.invoices import amounts, dunning
from billing.models import Discrepancy, Document
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.orders import InvoiceLineOrder, InvoiceOrder
from metering.balances import ledger
from metering.models import BillingCycle
from servicebilling.lib import money

PAID_WITHIN_DAYS = 14
PROVIDER = "stripe"

log = logging.getLogger(__name__)


@transaction.atomic
def prepare(cycle_id: UUID, *, now: datetime) -> Document | None:
    """Write down what a closed month's invoice will say; None if there is nothing to ask.

    The same month has one invoice, whoever asks. Credits that exceed what is due wait for a
    later month. An organization that no provider bills gets an invoice of our own at once.
    """
    cycle = BillingCycle.objects.select_related("organization").get(pk=cycle_id)
    with ledger.opened_one(cycle.organization_id, now=now):
        """Two that prepare at once queue here."""
    known = Document.objects.filter(cycle=cycle).first()
    if known is not None:
        return known
    lines = amounts.lines_for(cycle)
    total = sum((line.amount for line in lines), Decimal(0))
    if total <= 0:
        return None
    document = drafted(cycle.organization, lines, now=now)
    document.cycle, document.own_lines = cycle, _own(lines)
    document.period_starts_at, document.period_ends_at = cycle.starts_at, cycle.ends_at
    return issued(document)


def drafted(
    organization: Organization, lines: Sequence[amounts.Asked], *, now: datetime
) -> Document:
    """Return an invoice of these lines, not saved yet, in the organization's currency."""
    total = sum((line.amount for line in lines), Decimal(0))
    return Document(
        organization=organization,
        kind=Document.Kind.INVOICE,
        state=Document.State.PREPARED,
        provider=PROVIDER if organization.stripe_customer_id else "",
        currency=organization.currency,
        subtotal=total,
        total=total,
        lines=_shown(lines),
        customer=details.copied(organization),
        seller=details.seller(),
        issued_at=now,
        due_at=now + timedelta(days=PAID_WITHIN_DAYS),
        created_at=now,
    )


def issued(document: Document) -> Document:
    """Save a drafted invoice: for the provider to make, or with a number of our own."""
    if not document.provider:
        document.state = Document.State.OPEN
        numbering.give(document)
    document.save(force_insert=True)
    return document


def send(document: Document, *, now: datetime) -> Document:
    """Make a prepared invoice at its provider and keep what it became. Raises
    `ProviderError`; then it stays prepared and may be sent again."""
    if document.state != Document.State.PREPARED:
        return document
    organization = document.organization
    order = InvoiceOrder(
        document_id=document.pk,
        customer_id=organization.stripe_customer_id,
        currency=document.currency,
        lines=tuple(
            InvoiceLineOrder(
                f"{line['quantity']} {line['text']}".strip(), Decimal(line["amount"])
            )
            for line in document.lines
        ),
        days_until_due=PAID_WITHIN_DAYS,
    )
    fact = registry.billing_usage(document.provider).issue_invoice(order)
    made = taking_over.take(fact, organization=organization, now=now)
    dunning.push(organization, now=now)
    return made


def issue_due(*, now: datetime) -> int:
    """Prepare the invoices of months that have closed and send what is prepared; returns
    how many were sent. One that fails waits for the next time."""
    for cycle_id in amounts.due(now=now):
        prepare(cycle_id, now=now)
    prepared = Document.objects.filter(state=Document.State.PREPARED)
    sent = 0
    for document in prepared.select_related("organization").order_by("created_at"):
        try:
            send(document, now=now)
        except ProviderError as error:
            log.exception("the invoice %s could not be made", document.pk)
            if not error.retry:
                _tell(document, str(error), now)
        else:
            sent += 1
    _settle_made(now)
    return sent


def _tell(document: Document, why: str, now: datetime) -> None:
    """Staff must mend what the provider refuses; it is asked again in the meantime."""
    discrepancies.open_one(
        kind=Discrepancy.Kind.INVOICE_NOT_MADE,
        provider=document.provider,
        subject=str(document.pk),
        organization_id=document.organization_id,
        ours=f"an invoice of {money.shown(document.total, document.currency)} is prepared",
        theirs=why,
        now=now,
    )


def _settle_made(now: datetime) -> None:
    """Also what another worker has made while this one was refused."""
    told = Discrepancy.objects.filter(
        kind=Discrepancy.Kind.INVOICE_NOT_MADE, settled_at=None
    )
    waiting = Document.objects.filter(state=Document.State.PREPARED).annotate(
        subject=Cast("pk", CharField())
    )
    told.exclude(subject__in=waiting.values("subject")).update(
        settled_at=now, settlement="made at the next try"
    )


def _shown(lines: Sequence[amounts.Asked]) -> list[dict[str, object]]:
    return [
        {"text": line.text, "quantity": line.quantity, "amount": line.amount}
        for line in lines
    ]


def _own(lines: list[amounts.Line]) -> list[dict[str, str]]:
    return [
        {
            "cycle": str(line.cycle_id),
            "source": line.source,
            "amount": str(line.amount),
        }
        for line in lines
    ]
