"""Invoice items: what waits for a customer's next invoice."""

from servicebilling.sandbox.stripe import listing, prices, pricing, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.invoices import lines, totals
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    MOMENT,
    Flag,
    Hash,
    Metadata,
    Number,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import presents

PATH = "/v1/invoiceitems"
UPDATE = Hash(
    amount=Whole(),
    description=Text(),
    discountable=Flag(),
    metadata=Metadata(),
    period=Hash(must=["start", "end"], start=MOMENT, end=MOMENT),
    quantity=Whole(least=0),
    tax_behavior=prices.TAX_BEHAVIORS,
    unit_amount_decimal=Number(),
)
CREATE = UPDATE.also(
    currency=CURRENCY,
    customer=ID,
    invoice=ID,
    price_data=prices.PRICE_DATA,
    pricing=Hash(price=ID),
    subscription=ID,
)


def hold(
    box: Box,
    line: Row,
    *,
    customer: str,
    subscription: str | None = None,
    invoice: str | None = None,
    is_proration: bool = False,
    metadata: Row | None = None,
) -> Row:
    """Keep a line for the customer's next invoice (or put it on a draft)."""
    line["subscription"] = subscription
    parent = subscription and {
        "type": "subscription_details",
        "subscription_details": {"subscription": subscription},
    }
    item = box.add(
        "invoiceitem",
        {
            "customer": customer,
            "customer_account": None,
            "date": box.now(customer),
            "description": line["description"],
            "discountable": line["discountable"],
            "discounts": [],
            "invoice": invoice,
            "metadata": metadata or {},
            "parent": parent or None,
            "proration": is_proration,
            "tax_rates": [],
            "test_clock": box.get("customer", customer)["test_clock"],
            "_line": line,
            "_subscription": subscription,
        },
    )
    emit(box, "invoiceitem.created", item)
    return item


def waiting(
    box: Box, customer: str, *, currency: str, subscription: str | None
) -> list[Row]:
    """Return what waits for an invoice of this subscription, or of the customer at large."""
    return [
        row
        for row in box.every("invoiceitem")
        if row["customer"] == customer
        and row["invoice"] is None
        and row["_line"]["currency"] == currency
        and row["_subscription"] in (None, subscription)
    ]


def take(box: Box, invoice_id: str, rows: list[Row]) -> list[Row]:
    """Put waiting items on an invoice; return its lines for them."""
    for row in rows:
        row["invoice"] = invoice_id
    return [lines.of_pending(row) for row in rows]


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    draft = _draft(box, params.get("invoice"))
    customer = params.get("customer") or (draft or {}).get("customer")
    if not customer:
        raise refused("Missing required param: customer.", param="customer")
    box.named("customer", customer, param="customer")
    if "subscription" in params:
        box.named("subscription", params["subscription"], param="subscription")
    line = _line(box, params, customer)
    item = hold(
        box,
        line,
        customer=customer,
        subscription=params.get("subscription"),
        invoice=draft["id"] if draft else None,
        metadata=merged({}, params.get("metadata", {})),
    )
    if draft is not None:
        draft["_lines"].append(lines.of_pending(item))
        totals.add_up(box, draft)
    return item


@routing.get(PATH, LISTING.also(created=BETWEEN, customer=ID, invoice=ID, pending=Flag()))
def list_items(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer", "invoice")
    pending = params.get("pending")
    return listing.page(
        box,
        "invoiceitem",
        params,
        url=PATH,
        where=lambda row: (
            fits(row) and (pending is None or (row["invoice"] is None) == pending)
        ),
    )


@routing.get(PATH + "/{invoiceitem}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("invoiceitem", id, param="invoiceitem")


@routing.post(PATH + "/{invoiceitem}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    item = _open_item(box, id)
    if "amount" in params:
        item["_line"] |= {"amount": params["amount"], "subtotal": params["amount"]}
    if "period" in params:
        item["_line"]["period"] = params["period"]
    if "metadata" in params:
        item["metadata"] = merged(item["metadata"], params["metadata"])
    for key in ("description", "discountable"):
        item[key] = params.get(key, item[key])
    return item


@routing.delete(PATH + "/{invoiceitem}")
def delete(box: Box, params: Row, id: str) -> Row:
    item = _open_item(box, id)
    draft = box.find("invoice", item["invoice"])
    if draft is not None:
        draft["_lines"] = [line for line in draft["_lines"] if _source(line) != id]
        totals.add_up(box, draft)
    emit(box, "invoiceitem.deleted", item)
    box.drop(item)
    return {"id": id, "object": "invoiceitem", "deleted": True}


@presents("invoiceitem")
def _with_amounts(box: Box, item: Row) -> Row:
    line = item["_line"]
    return {
        "amount": line["amount"],
        "currency": line["currency"],
        "net_amount": line["amount"],
        "period": line["period"],
        "pricing": line["pricing"],
        "quantity": line["quantity"] or 0,
        "quantity_decimal": line["quantity_decimal"] or "0",
    }


def _draft(box: Box, id: str | None) -> Row | None:
    if id is None:
        return None
    invoice = box.named("invoice", id, param="invoice")
    if invoice["status"] != "draft":
        raise refused(
            "You can't add invoice items to an invoice that is not a draft.",
            param="invoice",
            code="invoice_not_editable",
        )
    return invoice


def _open_item(box: Box, id: str) -> Row:
    item = box.named_in_path("invoiceitem", id, param="invoiceitem")
    draft = box.find("invoice", item["invoice"])
    if draft is not None and draft["status"] != "draft":
        raise refused(
            "You can't change an invoice item whose invoice is final.",
            code="invoice_not_editable",
        )
    return item


def _line(box: Box, params: Row, customer: str) -> Row:
    """Return the line of an amount, or of a price and a quantity."""
    at = box.now(customer)
    period = params.get("period", {"start": at, "end": at})
    quantity = params.get("quantity", 1)
    price: Row | None = None
    amount: int | None = params.get("amount")
    currency: str = params.get("currency", "")
    if "price_data" in params:
        price = prices.made_on_the_spot(box, params["price_data"], param="price_data")
    elif "pricing" in params:
        price = box.named(
            "price", params["pricing"].get("price", ""), param="pricing[price]"
        )
    if price is not None and price["recurring"]:
        raise refused("The price must be one-time, not recurring.", param="price")
    if price is not None:
        amount = pricing.cost(price, quantity)
        currency = price["currency"]
    elif "unit_amount_decimal" in params:
        unit = {"unit_amount_decimal": params["unit_amount_decimal"]}
        flat = {"transform_quantity": None, "billing_scheme": "per_unit"}
        amount = pricing.cost(unit | flat, quantity)
    if amount is None or not currency:
        raise refused("Missing required param: amount and currency, or a price.")
    name = price and box.get("product", price["product"])["name"]
    return lines.make(
        amount=amount,
        currency=currency.lower(),
        description=params.get("description") or name or None,
        start=period["start"],
        end=period["end"],
        price=price,
        quantity=quantity,
        is_discountable=params.get("discountable", True),
    )


def _source(line: Row) -> str | None:
    parent = line["parent"] or {}
    details = parent.get("invoice_item_details") or parent.get("subscription_item_details")
    return (details or {}).get("invoice_item")
