"""Invoices, as callers of the API make, close and pay them."""

from servicebilling.sandbox.stripe import (
    discounts,
    listing,
    payment_methods,
    payments,
    routing,
)
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import card_error
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import (
    collecting,
    drafting,
    finalizing,
    items,
    totals,
)
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    MOMENT,
    Anything,
    Choice,
    Clearable,
    Flag,
    Hash,
    Metadata,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import shown

PATH = "/v1/invoices"
COLLECTION = Choice("charge_automatically", "send_invoice")
AUTOMATIC_TAX = Hash(must=["enabled"], enabled=Flag(), liability=Anything())
UPDATE = Hash(
    auto_advance=Flag(),
    automatic_tax=AUTOMATIC_TAX,
    collection_method=COLLECTION,
    custom_fields=Clearable(
        Rows(Hash(must=["name", "value"], name=Text(40), value=Text(140)), most=4)
    ),
    days_until_due=Whole(least=0),
    default_payment_method=ID,
    description=Clearable(Text()),
    discounts=discounts.DISCOUNTS,
    due_date=MOMENT,
    footer=Clearable(Text()),
    metadata=Metadata(),
    number=Text(26),
    rendering=Anything(),
    statement_descriptor=Text(22),
)
CREATE = UPDATE.also(
    currency=CURRENCY,
    customer=ID,
    pending_invoice_items_behavior=Choice("exclude", "include"),
    subscription=ID,
)
LIST = LISTING.also(
    collection_method=COLLECTION,
    created=BETWEEN,
    customer=ID,
    due_date=BETWEEN,
    status=Choice("draft", "open", "paid", "uncollectible", "void"),
    subscription=ID,
)


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    """A manual draft; it closes itself only with `auto_advance`."""
    customer = box.named("customer", params.get("customer", ""), param="customer")
    subscription = params.pop("subscription", None)
    if subscription:
        box.named("subscription", subscription, param="subscription")
    currency = params.get("currency") or customer["currency"] or "usd"
    at = box.now(customer["id"])
    invoice = drafting.make(
        box,
        customer,
        currency=currency.lower(),
        lines=[],
        period=(at, at),
        has_tax=params.get("automatic_tax", {}).get("enabled", False),
        is_announced=False,
        **_fields(params),
    )
    _set_discounts(box, invoice, params)
    if params.get("pending_invoice_items_behavior", "exclude") == "include":
        rows = items.waiting(
            box, customer["id"], currency=invoice["currency"], subscription=subscription
        )
        invoice["_lines"] = items.take(box, invoice["id"], rows)
    totals.add_up(box, invoice)
    emit(box, "invoice.created", invoice)
    if invoice["auto_advance"]:
        finalizing.finalize_later(box, invoice)
    return invoice


@routing.get(PATH, LIST)
def list_invoices(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "collection_method", "customer", "status")

    def matches(row: Row) -> bool:
        details = (row["parent"] or {}).get("subscription_details") or {}
        wanted = params.get("subscription")
        return fits(row) and (not wanted or details.get("subscription") == wanted)

    return listing.page(box, "invoice", params, url=PATH, where=matches)


@routing.get(PATH + "/{invoice}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("invoice", id)


@routing.get(PATH + "/{invoice}/lines", LISTING)
def list_lines(box: Box, params: Row, id: str) -> Row:
    invoice = box.named_in_path("invoice", id)
    return listing.page_of(invoice["_lines"], params, url=f"{PATH}/{id}/lines")


@routing.post(PATH + "/{invoice}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    invoice = box.named_in_path("invoice", id)
    allowed = {"metadata", "auto_advance", "default_payment_method", "rendering"}
    if invoice["status"] != "draft" and set(params) - allowed:
        raise refused(
            "Finalized invoices can't be updated in this way.", code="invoice_not_editable"
        )
    with changing(box, invoice, "invoice.updated"):
        if "metadata" in params:
            params["metadata"] = merged(invoice["metadata"], params["metadata"])
        if "automatic_tax" in params:
            enabled = params["automatic_tax"]["enabled"]
            invoice["automatic_tax"] = invoice["automatic_tax"] | {"enabled": enabled}
        invoice |= _fields(params)
        _set_discounts(box, invoice, params)
        if invoice["status"] == "draft":
            totals.add_up(box, invoice)
    if params.get("auto_advance") and invoice["status"] == "draft":
        finalizing.finalize_later(box, invoice)
    return invoice


@routing.delete(PATH + "/{invoice}")
def delete(box: Box, params: Row, id: str) -> Row:
    invoice = box.named_in_path("invoice", id)
    if invoice["status"] != "draft" or invoice["parent"]:
        raise refused("You can only delete draft invoices of no subscription.")
    for item in box.every("invoiceitem"):
        if item["invoice"] == id:
            box.drop(item)
    emit(box, "invoice.deleted", invoice)
    box.drop(invoice)
    return {"id": id, "object": "invoice", "deleted": True}


@routing.post(PATH + "/{invoice}/finalize", Hash(auto_advance=Flag()))
def finalize(box: Box, params: Row, id: str) -> Row:
    invoice = box.named_in_path("invoice", id)
    if invoice["status"] == "draft":
        invoice["auto_advance"] = params.get("auto_advance", invoice["auto_advance"])
    if invoice["auto_advance"]:
        return finalizing.finalize_and_collect(box, invoice)
    return finalizing.finalize(box, invoice)


@routing.post(
    PATH + "/{invoice}/pay",
    Hash(forgive=Flag(), off_session=Flag(), paid_out_of_band=Flag(), payment_method=ID),
)
def pay(box: Box, params: Row, id: str) -> Row:
    invoice = box.named_in_path("invoice", id)
    if invoice["status"] == "paid":
        raise refused("Invoice is already paid", code="invoice_already_paid")
    if invoice["status"] == "draft":
        finalizing.finalize(box, invoice)
    if invoice["status"] not in ("open", "uncollectible"):
        return _paid_meanwhile(invoice)
    if params.get("paid_out_of_band"):
        intent = collecting.intent_of(box, invoice)
        collecting.mark_paid(box, invoice, was_charged=False)
        payments.cancel(box, intent, reason="void_invoice")
        return invoice
    given = params.get("payment_method")
    method = payment_methods.usable(box, given) if given else None
    off_session = params.get("off_session", True)
    status = collecting.attempt(box, invoice, method=method, off_session=off_session)
    if status in ("requires_payment_method", "requires_action"):
        raise _not_paid(box, invoice, status)
    return invoice


@routing.post(PATH + "/{invoice}/send")
def send(box: Box, params: Row, id: str) -> Row:
    invoice = box.named_in_path("invoice", id)
    if invoice["status"] == "draft":
        finalizing.finalize(box, invoice)
    emit(box, "invoice.sent", invoice)
    return invoice


@routing.post(PATH + "/{invoice}/void")
def void(box: Box, params: Row, id: str) -> Row:
    return collecting.void(box, box.named_in_path("invoice", id))


@routing.post(PATH + "/{invoice}/mark_uncollectible")
def mark_uncollectible(box: Box, params: Row, id: str) -> Row:
    return collecting.give_up(box, box.named_in_path("invoice", id))


@routing.get(
    "/v1/invoice_payments",
    LISTING.also(
        created=BETWEEN,
        invoice=ID,
        payment=Hash(must=["type"], type=Choice("payment_intent"), payment_intent=ID),
        status=Choice("canceled", "open", "paid"),
    ),
)
def list_payments(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "invoice", "status")
    wanted = params.get("payment", {}).get("payment_intent")
    return listing.page(
        box,
        "invoice_payment",
        params,
        url="/v1/invoice_payments",
        where=lambda row: (
            fits(row) and (not wanted or row["payment"]["payment_intent"] == wanted)
        ),
    )


@routing.get("/v1/invoice_payments/{invoice_payment}")
def retrieve_payment(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("invoice_payment", id, param="invoice_payment")


def _fields(params: Row) -> Row:
    """Return what of an invoice is set as it is given."""
    kept = {
        key: value
        for key, value in params.items()
        if key not in ("automatic_tax", "currency", "customer", "discounts", "expand")
        and key not in ("pending_invoice_items_behavior", "days_until_due", "metadata")
    }
    if "metadata" in params:
        kept["metadata"] = merged({}, params["metadata"])
    if "days_until_due" in params:
        kept["_days_until_due"] = params["days_until_due"]
    return kept


def _set_discounts(box: Box, invoice: Row, params: Row) -> None:
    if "discounts" in params:
        invoice["discounts"] = discounts.make_all(
            box,
            params["discounts"] or [],
            customer=invoice["customer"],
            invoice=invoice["id"],
            amount=invoice.get("subtotal", 0),
            currency=invoice["currency"],
        )


def _paid_meanwhile(invoice: Row) -> Row:
    if invoice["status"] != "paid":
        raise refused(f"This invoice is {invoice['status']}.", code="invoice_not_editable")
    return invoice


def _not_paid(box: Box, invoice: Row, status: str) -> Exception:
    intent = collecting.intent_of(box, invoice)
    if status == "requires_action":
        return card_error(
            "This payment requires additional user action before it can be completed"
            " successfully.",
            code="invoice_payment_intent_requires_action",
            more={"payment_intent": shown(box, intent)},
        )
    error = intent["last_payment_error"]
    return card_error(
        error["message"],
        code=error.get("code", "card_declined"),
        decline_code=error.get("decline_code", ""),
        more={"payment_intent": shown(box, intent)},
    )
