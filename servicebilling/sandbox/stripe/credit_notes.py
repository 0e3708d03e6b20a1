"""Credit notes: an invoice corrected after it was final.

Before payment they lower what is due; after it they say where the money went: a refund, the
customer's balance, or outside of us.
"""

from servicebilling.sandbox.stripe import balances, listing, refunds, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import collecting
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    Choice,
    Hash,
    Metadata,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import listed, presents

PATH = "/v1/credit_notes"
CREATE = Hash(
    must=["invoice"],
    amount=Whole(least=1),
    credit_amount=Whole(least=0),
    email_type=Choice("credit_note", "none"),
    invoice=ID,
    lines=Rows(
        Hash(
            must=["type"],
            amount=Whole(least=0),
            description=Text(),
            invoice_line_item=ID,
            quantity=Whole(least=0),
            type=Choice("custom_line_item", "invoice_line_item"),
            unit_amount=Whole(),
        )
    ),
    memo=Text(),
    metadata=Metadata(),
    out_of_band_amount=Whole(least=0),
    reason=Choice("duplicate", "fraudulent", "order_change", "product_unsatisfactory"),
    refund_amount=Whole(least=0),
    refunds=Rows(Hash(amount_refunded=Whole(least=0), refund=ID, type=Choice("refund"))),
)


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    invoice = box.named("invoice", params["invoice"], param="invoice")
    if invoice["status"] not in ("open", "paid"):
        raise refused("The invoice must be open or paid.", param="invoice")
    lines = [_line(invoice, row) for row in params.get("lines", [])]
    amount = params.get("amount") or sum(line["amount"] for line in lines)
    if not amount:
        raise refused("Missing required param: amount or lines.", param="amount")
    _check_room(invoice, amount)
    before = min(amount, invoice["amount_remaining"])
    after = amount - before
    given = _refunded(box, invoice, params, after)
    number = 1 + sum(row["invoice"] == invoice["id"] for row in box.every("credit_note"))
    note = box.add(
        "credit_note",
        {
            "amount": amount,
            "amount_shipping": 0,
            "currency": invoice["currency"],
            "customer": invoice["customer"],
            "customer_account": None,
            "customer_balance_transaction": None,
            "discount_amount": 0,
            "discount_amounts": [],
            "effective_at": box.now(invoice["customer"]),
            "invoice": invoice["id"],
            "memo": params.get("memo"),
            "metadata": merged({}, params.get("metadata", {})),
            "number": f"{invoice['number']}-CN-{number:02}",
            "out_of_band_amount": params.get("out_of_band_amount"),
            "post_payment_amount": after,
            "pre_payment_amount": before,
            "pretax_credit_amounts": [],
            "reason": params.get("reason"),
            "refunds": given,
            "shipping_cost": None,
            "status": "issued",
            "subtotal": amount,
            "subtotal_excluding_tax": amount,
            "total": amount,
            "total_excluding_tax": amount,
            "total_taxes": [],
            "type": _type(before, after),
            "voided_at": None,
            "_lines": lines or [_line(invoice, {"amount": amount})],
        },
    )
    _credit(box, invoice, note, params.get("credit_amount", 0))
    emit(box, "credit_note.created", note)
    _apply(box, invoice, before, after)
    return note


@routing.get(PATH, LISTING.also(created=BETWEEN, customer=ID, invoice=ID))
def list_notes(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer", "invoice")
    return listing.page(box, "credit_note", params, url=PATH, where=fits)


@routing.get(PATH + "/{id}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("credit_note", id)


@routing.post(PATH + "/{id}", Hash(memo=Text(), metadata=Metadata()))
def update(box: Box, params: Row, id: str) -> Row:
    note = box.named_in_path("credit_note", id)
    with changing(box, note, "credit_note.updated"):
        if "metadata" in params:
            note["metadata"] = merged(note["metadata"], params["metadata"])
        note["memo"] = params.get("memo", note["memo"])
    return note


@presents("credit_note")
def _with_lines(box: Box, note: Row) -> Row:
    return {
        "lines": listed(note["_lines"], f"{PATH}/{note['id']}/lines"),
        "pdf": f"{box.base_url}/invoice/{note['invoice']}/credit/{note['id']}/pdf",
    }


def _line(invoice: Row, row: Row) -> Row:
    source = row.get("invoice_line_item")
    original = next((line for line in invoice["_lines"] if line["id"] == source), None)
    if row.get("type") == "invoice_line_item" and original is None:
        raise refused("The invoice has no such line.", param="lines")
    quantity = row.get("quantity", 1)
    amount = row.get("amount", row.get("unit_amount", 0) * quantity)
    line: Row = {
        "id": new_id("cnli_"),
        "object": "credit_note_line_item",
        "amount": amount,
        "description": row.get("description") or (original or {}).get("description"),
        "discount_amount": 0,
        "discount_amounts": [],
        "livemode": False,
        "metadata": {},
        "pretax_credit_amounts": [],
        "quantity": quantity,
        "tax_rates": [],
        "taxes": [],
        "type": row.get("type", "custom_line_item"),
        "unit_amount": row.get("unit_amount"),
        "unit_amount_decimal": None,
    }
    return line | ({"invoice_line_item": source} if source else {})


def _check_room(invoice: Row, amount: int) -> None:
    credited = (
        invoice["pre_payment_credit_notes_amount"]
        + invoice["post_payment_credit_notes_amount"]
    )
    if amount > invoice["total"] - credited:
        raise refused(
            "The credit is more than what is left of the invoice.", param="amount"
        )


def _refunded(box: Box, invoice: Row, params: Row, after: int) -> list[Row]:
    """Return the refunds of a note; what was paid must be accounted for in full."""
    rows = [
        {
            "amount_refunded": row.get("amount_refunded")
            or box.named("refund", row.get("refund", ""), param="refunds")["amount"],
            "payment_record_refund": None,
            "refund": row.get("refund"),
            "type": "refund",
        }
        for row in params.get("refunds", [])
    ]
    wanted = params.get("refund_amount", 0)
    told = sum(row["amount_refunded"] for row in rows) + wanted
    told += params.get("credit_amount", 0) + params.get("out_of_band_amount", 0)
    if told != after:
        raise refused(
            f"The sum of credit, refund and out-of-band amounts ({told}) must equal what was"
            f" paid of the credit ({after}).",
            param="amount",
        )
    if wanted:
        intent = collecting.intent_of(box, invoice)
        charge = box.get("charge", intent["latest_charge"])
        refund = refunds.make(box, charge, amount=wanted)
        rows.append(
            {
                "amount_refunded": wanted,
                "payment_record_refund": None,
                "refund": refund["id"],
                "type": "refund",
            }
        )
    return rows


def _credit(box: Box, invoice: Row, note: Row, amount: int) -> None:
    if not amount:
        return
    customer = box.get("customer", invoice["customer"])
    with changing(box, customer, "customer.updated"):
        booked = balances.change_balance(
            box,
            customer,
            -amount,
            kind="credit_note",
            currency=invoice["currency"],
            invoice=invoice["id"],
            credit_note=note["id"],
        )
    note["customer_balance_transaction"] = booked["id"]


def _apply(box: Box, invoice: Row, before: int, after: int) -> None:
    with changing(box, invoice, "invoice.updated"):
        invoice["pre_payment_credit_notes_amount"] += before
        invoice["post_payment_credit_notes_amount"] += after
        invoice["amount_due"] -= before
        invoice["amount_remaining"] -= before
    if before and invoice["status"] == "open":
        intent = collecting.intent_of(box, invoice)
        intent["amount"] = invoice["amount_remaining"]
        if invoice["amount_remaining"] == 0:
            collecting.mark_paid(box, invoice, was_charged=False)


def _type(before: int, after: int) -> str:
    if before and after:
        return "mixed"
    return "pre_payment" if before else "post_payment"
