"""Make a draft final: the usage counted, a number, a payment intent to collect it."""

import contextlib

from servicebilling.sandbox.stripe import balances, clock, discounts, payments
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import collecting, lines, totals
from servicebilling.sandbox.stripe.invoices.drafting import subscription_of


def finalize(box: Box, invoice: Row) -> Row:
    """Close a draft; it is paid at once when nothing is due."""
    if invoice["status"] != "draft":
        raise refused(
            "This invoice is already finalized, you can't re-finalize a non-draft invoice.",
            code="invoice_not_editable",
        )
    at = box.now(invoice["customer"])
    customer = box.get("customer", invoice["customer"])
    _demand_place(box, invoice, customer)
    for line in invoice["_lines"]:
        if line["_counts"]:
            lines.count_usage(box, line, customer=customer["id"])
    totals.add_up(box, invoice)
    _draw_balance(box, invoice, customer)
    with changing(box, invoice, "invoice.updated"):
        invoice |= {
            "status": "open",
            "number": f"{customer['invoice_prefix']}-{customer['next_invoice_sequence']:04}",
            "effective_at": at,
            "automatically_finalizes_at": None,
            "status_transitions": invoice["status_transitions"] | {"finalized_at": at},
        }
        if invoice["collection_method"] == "send_invoice" and invoice["due_date"] is None:
            invoice["due_date"] = at + (invoice.get("_days_until_due") or 30) * 86_400
    customer["next_invoice_sequence"] += 1
    _use_up_discounts(box, invoice)
    emit(box, "invoice.finalized", invoice)
    if invoice["amount_due"] == 0:
        collecting.mark_paid(box, invoice, was_charged=False)
    else:
        _open_payment(box, invoice)
    return invoice


def finalize_and_collect(
    box: Box, invoice: Row, *, off_session: bool = True, is_authenticated: bool = False
) -> Row:
    """Close a draft and, where that is its way, try to collect it at once."""
    finalize(box, invoice)
    if (
        invoice["status"] == "open"
        and invoice["collection_method"] == "charge_automatically"
    ):
        collecting.attempt(
            box, invoice, off_session=off_session, is_authenticated=is_authenticated
        )
    return invoice


def finalize_later(box: Box, invoice: Row) -> None:
    """Let a draft wait for late usage, then close and collect it."""
    at = box.now(invoice["customer"]) + box.settings["draft_seconds"]
    invoice |= {"auto_advance": True, "automatically_finalizes_at": at}
    clock.plan(box, "invoice.finalize", invoice["id"], at=at, customer=invoice["customer"])


@clock.does("invoice.finalize")
def finalize_when_due(box: Box, id: str) -> None:
    invoice = box.find("invoice", id)
    if invoice is None or invoice["status"] != "draft" or not invoice["auto_advance"]:
        return
    if (invoice["automatically_finalizes_at"] or 0) > box.now(invoice["customer"]):
        return
    with contextlib.suppress(ApiError):
        finalize_and_collect(box, invoice)


def _demand_place(box: Box, invoice: Row, customer: Row) -> None:
    """No tax can be worked out for somebody who is nowhere; the invoice stays a draft."""
    if not invoice["automatic_tax"]["enabled"]:
        return
    if (customer["address"] or {}).get("country"):
        invoice["automatic_tax"] |= {"status": "complete"}
        invoice["last_finalization_error"] = None
        return
    refusal = refused(
        "The customer's location isn't recognized. Set a valid customer address in order to "
        "automatically calculate tax.",
        code="customer_tax_location_invalid",
    )
    invoice["automatic_tax"] |= {"status": "requires_location_inputs"}
    invoice["last_finalization_error"] = dict(refusal.error)
    emit(box, "invoice.finalization_failed", invoice)
    raise refusal


def _draw_balance(box: Box, invoice: Row, customer: Row) -> None:
    change = invoice["_balance_change"]
    if change:
        with changing(box, customer, "customer.updated"):
            balances.change_balance(
                box,
                customer,
                -change,
                kind="applied_to_invoice",
                currency=invoice["currency"],
                invoice=invoice["id"],
            )
    invoice["ending_balance"] = customer["balance"]


def _use_up_discounts(box: Box, invoice: Row) -> None:
    subscription = subscription_of(box, invoice)
    if subscription is None or not any(
        row["amount"] for row in invoice["total_discount_amounts"]
    ):
        return
    with changing(box, subscription, "customer.subscription.updated"):
        subscription["discounts"] = discounts.after_use(box, subscription["discounts"])


def _open_payment(box: Box, invoice: Row) -> None:
    """Make the intent that collects the invoice, and the row that joins the two.

    An invoice that only documents a payment joins the intent that has paid already.
    """
    paid_with = box.find("payment_intent", invoice.get("_pays_with"))
    intent = paid_with or payments.make(
        box,
        amount=invoice["amount_due"],
        currency=invoice["currency"],
        customer=invoice["customer"],
        description=invoice["description"] or _purpose(invoice),
        metadata={},
        owner=invoice,
        setup_future_usage="off_session" if invoice["parent"] else None,
    )
    box.add(
        "invoice_payment",
        {
            "amount_paid": None,
            "amount_requested": invoice["amount_due"],
            "created": box.now(invoice["customer"]),
            "currency": invoice["currency"],
            "invoice": invoice["id"],
            "is_default": True,
            "payment": {"type": "payment_intent", "payment_intent": intent["id"]},
            "status": "open",
            "status_transitions": {"canceled_at": None, "paid_at": None},
        },
    )


def _purpose(invoice: Row) -> str:
    words = {
        "subscription_create": "Subscription creation",
        "subscription_update": "Subscription update",
    }
    return words.get(invoice["billing_reason"], f"Payment for invoice {invoice['number']}")
