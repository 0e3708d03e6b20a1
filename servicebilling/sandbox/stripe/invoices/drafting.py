"""New invoices."""

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.invoices import totals
from servicebilling.sandbox.stripe.presenting import includes, listed, presents

LINES_SHOWN = 10
EMPTY: Row = {
    "account_country": "US",
    "account_name": "Sandbox",
    "account_tax_ids": None,
    "amount_due": 0,
    "amount_overpaid": 0,
    "amount_paid": 0,
    "amount_paid_off_stripe": 0,
    "amount_remaining": 0,
    "amount_shipping": 0,
    "application": None,
    "attempt_count": 0,
    "attempted": False,
    "auto_advance": False,
    "automatically_finalizes_at": None,
    "billing_reason": "manual",
    "collection_method": "charge_automatically",
    "custom_fields": None,
    "customer_account": None,
    "customer_address": None,
    "customer_email": None,
    "customer_name": None,
    "customer_phone": None,
    "customer_shipping": None,
    "customer_tax_exempt": "none",
    "customer_tax_ids": [],
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "due_date": None,
    "effective_at": None,
    "ending_balance": None,
    "footer": None,
    "from_invoice": None,
    "hosted_invoice_url": None,
    "invoice_pdf": None,
    "issuer": {"type": "self"},
    "last_finalization_error": None,
    "latest_revision": None,
    "metadata": {},
    "next_payment_attempt": None,
    "number": None,
    "on_behalf_of": None,
    "parent": None,
    "payment_settings": {
        "default_mandate": None,
        "payment_method_options": None,
        "payment_method_types": None,
    },
    "post_payment_credit_notes_amount": 0,
    "pre_payment_credit_notes_amount": 0,
    "receipt_number": None,
    "rendering": None,
    "shipping_cost": None,
    "shipping_details": None,
    "starting_balance": 0,
    "statement_descriptor": None,
    "status": "draft",
    "test_clock": None,
    "total_pretax_credit_amounts": [],
    "webhooks_delivered_at": None,
}
NO_TRANSITIONS: Row = {
    "finalized_at": None,
    "marked_uncollectible_at": None,
    "paid_at": None,
    "voided_at": None,
}


def make(
    box: Box,
    customer: Row,
    *,
    currency: str,
    lines: list[Row],
    period: tuple[int, int],
    has_tax: bool = False,
    is_announced: bool = True,
    **more: object,
) -> Row:
    """Return a draft with these lines, its sums set; announces it unless it is a preview."""
    invoice = box.add("invoice", _fields(customer, currency, period, has_tax) | more)
    invoice["_lines"] = lines
    totals.add_up(box, invoice)
    customer["currency"] = customer["currency"] or currency
    if is_announced:
        emit(box, "invoice.created", invoice)
    return invoice


def of_subscription(
    box: Box,
    subscription: Row,
    *,
    lines: list[Row],
    period: tuple[int, int],
    reason: str,
    is_announced: bool = True,
    **more: object,
) -> Row:
    """Return a draft for a subscription; the metadata on it is a copy of this moment's."""
    return make(
        box,
        box.get("customer", subscription["customer"]),
        currency=subscription["currency"],
        lines=lines,
        period=period,
        has_tax=subscription["automatic_tax"]["enabled"],
        is_announced=is_announced,
        **{
            "billing_reason": reason,
            "collection_method": subscription["collection_method"],
            "default_payment_method": None,
            "description": subscription["description"],
            "discounts": list(subscription["discounts"]),
            "parent": {
                "type": "subscription_details",
                "quote_details": None,
                "subscription_details": {
                    "metadata": dict(subscription["metadata"]),
                    "subscription": subscription["id"],
                },
            },
            "_days_until_due": subscription["days_until_due"],
            **more,
        },
    )


def subscription_of(box: Box, invoice: Row) -> Row | None:
    details = (invoice["parent"] or {}).get("subscription_details") or {}
    return box.find("subscription", details.get("subscription"))


def _fields(customer: Row, currency: str, period: tuple[int, int], has_tax: bool) -> Row:
    return EMPTY | {
        "automatic_tax": {
            "disabled_reason": None,
            "enabled": has_tax,
            "liability": {"type": "self"} if has_tax else None,
            "provider": "stripe" if has_tax else None,
            "status": "complete" if has_tax else None,
        },
        "currency": currency,
        "customer": customer["id"],
        "customer_address": customer["address"],
        "customer_email": customer["email"],
        "customer_name": customer["name"],
        "customer_phone": customer["phone"],
        "customer_shipping": customer["shipping"],
        "customer_tax_exempt": customer["tax_exempt"],
        "customer_tax_ids": [dict(tax_id) for tax_id in customer["_tax_ids"]],
        "metadata": {},
        "period_end": period[1],
        "period_start": period[0],
        "status_transitions": dict(NO_TRANSITIONS),
        "test_clock": customer["test_clock"],
    }


@presents("invoice")
def _with_lines(box: Box, invoice: Row) -> Row:
    lines = invoice["_lines"]
    is_final = invoice["status"] != "draft"
    page = f"{box.base_url}/invoice/{invoice['id']}"
    return {
        "lines": listed(
            lines[:LINES_SHOWN],
            f"/v1/invoices/{invoice['id']}/lines",
            has_more=len(lines) > LINES_SHOWN,
        ),
        "hosted_invoice_url": page if is_final else None,
        "invoice_pdf": f"{page}/pdf" if is_final else None,
    }


@includes("invoice", "payments")
def _payments(box: Box, invoice: Row) -> Row:
    rows = [row for row in box.every("invoice_payment") if row["invoice"] == invoice["id"]]
    return listed(rows, f"/v1/invoice_payments?invoice={invoice['id']}")


@includes("invoice", "confirmation_secret")
def _confirmation_secret(box: Box, invoice: Row) -> Row | None:
    for row in box.every("invoice_payment"):
        if row["invoice"] == invoice["id"] and row["status"] == "open":
            intent = box.get("payment_intent", row["payment"]["payment_intent"])
            return {"client_secret": intent["client_secret"], "type": "payment_intent"}
    return None
