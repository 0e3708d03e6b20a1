"""What a fetched invoice says about the periods of its subscription. Pure."""

from billing.events import PeriodPaid, PeriodUnpaid
from billing.providers.stripe.client import NAME, Row
from billing.providers.stripe.snapshots import moment
from billing.providers.stripe.subscriptions import is_metered
from servicebilling.lib import money

# A period begins with these. `subscription_update` is among them for changes between monthly
# and yearly, and for trials ended early: both begin a new period at once.
_BEGIN_A_PERIOD = ("subscription_create", "subscription_cycle", "subscription_update")
# The bank asks the customer, who can answer on the invoice's page.
_ASKS = "requires_action"


def facts(subscription: Row, invoice: Row) -> list[PeriodPaid | PeriodUnpaid]:
    """Return what follows from an invoice: that its period is paid, or that it could not be
    collected; nothing while it is a draft, was not tried, or was given up."""
    match invoice["status"]:
        case "paid":
            return _paid(subscription, invoice)
        case "open" if invoice.get("attempted"):
            return [_unpaid(subscription, invoice)]
        case _:
            return []


def _paid(subscription: Row, invoice: Row) -> list[PeriodPaid | PeriodUnpaid]:
    line = _flat_line(subscription, invoice)
    if line is None or invoice.get("billing_reason") not in _BEGIN_A_PERIOD:
        return []
    currency = invoice["currency"].upper()
    paid_at = (invoice.get("status_transitions") or {}).get("paid_at")
    return [
        PeriodPaid(
            provider=NAME,
            subscription_id=subscription["id"],
            invoice_id=invoice["id"],
            starts_at=moment(line["period"]["start"]),
            ends_at=moment(line["period"]["end"]),
            amount=money.from_minor(invoice["amount_paid"], currency),
            currency=currency,
            paid_at=moment(paid_at or invoice["created"]),
        )
    ]


def is_of_period(subscription: Row, invoice: Row) -> bool:
    """Return whether paying an invoice pays a period of the plan."""
    begins = invoice.get("billing_reason") in _BEGIN_A_PERIOD
    return begins and _flat_line(subscription, invoice) is not None


def _flat_line(subscription: Row, invoice: Row) -> Row | None:
    """Return the line of a whole period of the flat item. Invoices of overage alone and of
    prorations have none, and say nothing about the plan's own period."""
    flat = {row["id"] for row in subscription["items"]["data"] if not is_metered(row)}
    for line in invoice["lines"]["data"]:
        parent = line.get("parent") or {}
        of_item = parent.get("subscription_item_details") or {}
        if of_item.get("subscription_item") in flat and not of_item.get("proration"):
            found: Row = line
            return found
    return None


def _unpaid(subscription: Row, invoice: Row) -> PeriodUnpaid:
    currency = invoice["currency"].upper()
    transitions = invoice.get("status_transitions") or {}
    url = invoice.get("hosted_invoice_url") if _waits_for_customer(invoice) else ""
    return PeriodUnpaid(
        provider=NAME,
        subscription_id=subscription["id"],
        invoice_id=invoice["id"],
        amount=money.from_minor(invoice["amount_remaining"], currency),
        currency=currency,
        failed_at=moment(transitions.get("finalized_at") or invoice["created"]),
        action_url=url or "",
    )


def _waits_for_customer(invoice: Row) -> bool:
    payments = (invoice.get("payments") or {}).get("data") or []
    for payment in payments:
        intent = (payment.get("payment") or {}).get("payment_intent")
        if isinstance(intent, dict) and _is_asked(intent):
            return True
    return False


def _is_asked(intent: Row) -> bool:
    """A card that was charged without its owner is refused with that code instead."""
    last_error = intent.get("last_payment_error") or {}
    return bool(
        intent["status"] == _ASKS or last_error.get("code") == "authentication_required"
    )
