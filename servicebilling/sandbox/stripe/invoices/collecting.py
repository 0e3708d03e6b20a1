"""Collect invoices: try, try again, mark as paid, give up.

Retries follow the days of the settings, counted from the last failure. Subscriptions listen
for what became of their invoices.
"""

from collections.abc import Callable

from servicebilling.sandbox.stripe import clock, payments
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices.drafting import subscription_of

Listener = Callable[[Box, Row], None]
# Told of an invoice: paid, on its way, not paid by this try, not by the last one, void.
WHEN_PAID: list[Listener] = []
WHEN_PROCESSING: list[Listener] = []
WHEN_FAILED: list[Listener] = []
WHEN_EXHAUSTED: list[Listener] = []
WHEN_VOID: list[Listener] = []


def attempt(
    box: Box,
    invoice: Row,
    *,
    method: Row | None = None,
    off_session: bool = True,
    is_authenticated: bool = False,
) -> str:
    """Try to collect an open invoice; return the status of its payment intent."""
    intent = intent_of(box, invoice)
    if intent["status"] == "processing":
        return "processing"
    method = method or default_method(box, invoice)
    invoice |= {"attempted": True, "attempt_count": invoice["attempt_count"] + 1}
    if method is None:
        intent["last_payment_error"] = ApiError(
            "This customer has no attached payment source or default payment method.",
            code="missing",
        ).error
        _note_failure(box, invoice)
        return "requires_payment_method"
    return payments.confirm(
        box, intent, method, off_session=off_session, is_authenticated=is_authenticated
    )


def intent_of(box: Box, invoice: Row) -> Row:
    """Return the payment intent that collects an invoice."""
    payment = payment_of(box, invoice)
    if payment is None:
        raise refused("This invoice has no payment to make.")
    return box.get("payment_intent", payment["payment"]["payment_intent"])


def payment_of(box: Box, invoice: Row) -> Row | None:
    for row in box.every("invoice_payment"):
        if row["invoice"] == invoice["id"] and row["is_default"]:
            return row
    return None


def default_method(box: Box, invoice: Row) -> Row | None:
    """Return what is charged: of the invoice, else the subscription, else the customer."""
    subscription = subscription_of(box, invoice) or {}
    customer = box.get("customer", invoice["customer"])
    for id in (
        invoice["default_payment_method"],
        subscription.get("default_payment_method"),
        customer["invoice_settings"]["default_payment_method"],
    ):
        method = box.find("payment_method", id)
        if method is not None and method["customer"] == customer["id"]:
            return method
    return None


def mark_paid(box: Box, invoice: Row, *, was_charged: bool) -> None:
    """Note that nothing is owed any more; `was_charged` tells of a payment through us."""
    at = box.now(invoice["customer"])
    payment = payment_of(box, invoice)
    with changing(box, invoice, "invoice.updated"):
        invoice |= {
            "status": "paid",
            "amount_paid": invoice["amount_due"],
            "amount_remaining": 0,
            "attempted": True,
            "auto_advance": False,
            "next_payment_attempt": None,
            "status_transitions": invoice["status_transitions"] | {"paid_at": at},
        }
    if payment is not None:
        payment |= {
            "status": "paid" if was_charged else "canceled",
            "amount_paid": invoice["amount_due"] if was_charged else 0,
            "status_transitions": {
                "canceled_at": None if was_charged else at,
                "paid_at": at if was_charged else None,
            },
        }
    if was_charged:
        emit(box, "invoice_payment.paid", payment or {})
    emit(box, "invoice.paid", invoice)
    if was_charged:
        emit(box, "invoice.payment_succeeded", invoice)
    _tell(WHEN_PAID, box, invoice)


def void(box: Box, invoice: Row) -> Row:
    if invoice["status"] not in ("open", "uncollectible"):
        raise refused(
            f"You can only void an open invoice; this one is {invoice['status']}.",
            code="invoice_not_editable",
        )
    at = box.now(invoice["customer"])
    invoice |= {
        "status": "void",
        "auto_advance": False,
        "next_payment_attempt": None,
        "status_transitions": invoice["status_transitions"] | {"voided_at": at},
    }
    _cancel_payment(box, invoice, at)
    emit(box, "invoice.voided", invoice)
    _tell(WHEN_VOID, box, invoice)
    return invoice


def give_up(box: Box, invoice: Row) -> Row:
    """Mark as uncollectible: a bad debt that can still be paid."""
    if invoice["status"] != "open":
        raise refused("Only an open invoice can be marked as uncollectible.")
    at = box.now(invoice["customer"])
    invoice |= {
        "status": "uncollectible",
        "auto_advance": False,
        "next_payment_attempt": None,
        "status_transitions": invoice["status_transitions"]
        | {"marked_uncollectible_at": at},
    }
    emit(box, "invoice.marked_uncollectible", invoice)
    return invoice


def retry_soon(box: Box, invoice: Row) -> None:
    """Plan the next try after a failed one, if there is one left."""
    days = box.settings["dunning_days"]
    tries = invoice["attempt_count"]
    if not invoice["auto_advance"] or tries > len(days):
        invoice["next_payment_attempt"] = None
        return
    at = box.now(invoice["customer"]) + days[tries - 1] * 86_400
    invoice["next_payment_attempt"] = at
    clock.plan(box, "invoice.retry", invoice["id"], at=at, customer=invoice["customer"])


@clock.does("invoice.retry")
def retry(box: Box, id: str) -> None:
    invoice = box.find("invoice", id)
    if invoice is None or invoice["status"] != "open":
        return
    if invoice["next_payment_attempt"] == box.now(invoice["customer"]):
        attempt(box, invoice)


def follow(box: Box, intent: Row) -> None:
    """Let an invoice follow what became of its payment intent."""
    invoice = box.get("invoice", intent["_owner"][1])
    if invoice["status"] not in ("open", "uncollectible"):
        return
    if intent["status"] == "succeeded":
        mark_paid(box, invoice, was_charged=True)
    elif intent["status"] == "processing":
        _tell(WHEN_PROCESSING, box, invoice)
    elif intent["status"] in ("requires_payment_method", "requires_action"):
        _note_failure(box, invoice, asks=intent["status"] == "requires_action")


payments.OWNERS["invoice"] = follow


def _note_failure(box: Box, invoice: Row, *, asks: bool = False) -> None:
    with changing(box, invoice, "invoice.updated"):
        retry_soon(box, invoice)
    if asks:
        emit(box, "invoice.payment_action_required", invoice)
    emit(box, "invoice.payment_failed", invoice)
    is_last = invoice["auto_advance"] and invoice["next_payment_attempt"] is None
    _tell(WHEN_EXHAUSTED if is_last else WHEN_FAILED, box, invoice)


def _cancel_payment(box: Box, invoice: Row, at: int) -> None:
    payment = payment_of(box, invoice)
    if payment is None or payment["status"] != "open":
        return
    payment |= {
        "status": "canceled",
        "status_transitions": {"canceled_at": at, "paid_at": None},
    }
    intent = box.get("payment_intent", payment["payment"]["payment_intent"])
    if intent["status"] not in ("succeeded", "canceled"):
        payments.cancel(box, intent, reason="void_invoice")


def _tell(listeners: list[Listener], box: Box, invoice: Row) -> None:
    for listener in listeners:
        listener(box, invoice)
