"""Invoices of the provider."""

from datetime import datetime

from accounts.models import Organization
from billing.documents import taking_over
from billing.events import Invoiced
from billing.invoices import dunning, overdue


class NobodysInvoice(Exception):
    """The customer of an invoice is nobody's here (yet)."""


def act(fact: Invoiced, *, organization: Organization | None, now: datetime) -> str:
    """Keep the invoice; one of ours that was paid, or is overdue, sets the standing."""
    if organization is None:
        raise NobodysInvoice(fact.invoice_id)
    document = taking_over.take(fact, organization=organization, now=now)
    if overdue.is_ours(document):
        dunning.push(organization, now=now)
    return f"invoice {document.state}"
