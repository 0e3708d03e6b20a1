"""Lines of an invoice."""

from datetime import UTC, datetime

from servicebilling.sandbox.stripe import meters, prices, pricing
from servicebilling.sandbox.stripe.box import Box, Row, new_id


def make(
    *,
    amount: int,
    currency: str,
    description: str | None,
    start: int,
    end: int,
    price: Row | None = None,
    quantity: int | None = 1,
    metadata: Row | None = None,
    is_discountable: bool = True,
) -> Row:
    """Return a line that stands by itself; `of_item` and `of_pending` give it a parent."""
    pricing_of_line = price and {
        "type": "price_details",
        "price_details": {"price": price["id"], "product": price["product"]},
        "unit_amount_decimal": price["unit_amount_decimal"],
    }
    return {
        "id": new_id("il_"),
        "object": "line_item",
        "amount": amount,
        "currency": currency,
        "description": description,
        "discount_amounts": [],
        "discountable": is_discountable,
        "discounts": [],
        "invoice": None,
        "livemode": False,
        "metadata": metadata or {},
        "parent": None,
        "period": {"start": start, "end": end},
        "pretax_credit_amounts": [],
        "pricing": pricing_of_line,
        "quantity": quantity,
        "quantity_decimal": None if quantity is None else str(quantity),
        "subscription": None,
        "subtotal": amount,
        "taxes": [],
        "_product": price["product"] if price else None,
        # The item whose usage the line counts, until the invoice is final.
        "_counts": None,
    }


def of_period(box: Box, item: Row, *, start: int, end: int, is_trial: bool = False) -> Row:
    """Return the line for a period of a flat price, paid in advance."""
    price = box.get("price", item["price"])
    name = box.get("product", price["product"])["name"]
    amount = 0 if is_trial else pricing.cost(price, item["quantity"])
    line = make(
        amount=amount,
        currency=price["currency"],
        description=f"Trial period for {name}" if is_trial else _words(item, price, name),
        start=start,
        end=end,
        price=price,
        quantity=item["quantity"],
        metadata=dict(item["metadata"]),
    )
    return _with_item(line, item)


def of_usage(box: Box, item: Row, *, start: int, end: int) -> Row:
    """Return the line for what was used in a period that is over."""
    price = box.get("price", item["price"])
    line = make(
        amount=0,
        currency=price["currency"],
        description=None,
        start=start,
        end=end,
        price=price,
        metadata=dict(item["metadata"]),
    )
    line["_counts"] = item["id"]
    return count_usage(box, _with_item(line, item), customer=_customer(box, item))


def count_usage(box: Box, line: Row, *, customer: str) -> Row:
    """Set a usage line to what the meter says now; late events count until it is final."""
    price = box.get("price", line["pricing"]["price_details"]["price"])
    period = line["period"]
    meter = box.get("billing.meter", price["recurring"]["meter"])
    quantity = max(
        0, meters.used(box, meter, customer, start=period["start"], end=period["end"])
    )
    name = box.get("product", price["product"])["name"]
    amount = pricing.cost(price, quantity)
    line |= {
        "amount": amount,
        "description": f"{quantity} × {name} ({_rate(price)})",
        "quantity": quantity,
        "quantity_decimal": str(quantity),
        "subtotal": amount,
    }
    return line


def of_proration(
    box: Box, item: Row, *, price: Row, quantity: int, amount: int, start: int, end: int
) -> Row:
    """Return the line for a part of a period: what is unused of one, or left of another."""
    name = box.get("product", price["product"])["name"]
    day = datetime.fromtimestamp(start, UTC).strftime("%d %b %Y")
    what = "Unused" if amount < 0 else "Remaining"
    many = f"{quantity} × " if quantity != 1 else ""
    line = make(
        amount=amount,
        currency=price["currency"],
        description=f"{what} time on {many}{name} after {day}",
        start=start,
        end=end,
        price=price,
        quantity=quantity,
    )
    line["pricing"]["unit_amount_decimal"] = str(amount)
    return _with_item(line, item, is_proration=True)


def of_pending(pending: Row) -> Row:
    """Return the line that a pending invoice item becomes."""
    line: Row = dict(pending["_line"]) | {
        "id": new_id("il_"),
        "description": pending["description"],
        "metadata": dict(pending["metadata"] or {}),
        "discountable": pending["discountable"],
    }
    if line["parent"] is None:
        line["parent"] = {
            "type": "invoice_item_details",
            "invoice_item_details": {
                "invoice_item": pending["id"],
                "proration": pending["proration"],
                "proration_details": {"credited_items": None},
                "subscription": line["subscription"],
            },
            "subscription_item_details": None,
        }
    else:
        details = line["parent"]["subscription_item_details"]
        line["parent"] = line["parent"] | {
            "subscription_item_details": details | {"invoice_item": pending["id"]}
        }
    return line


def _with_item(line: Row, item: Row, *, is_proration: bool = False) -> Row:
    line["subscription"] = item["subscription"]
    line["parent"] = {
        "type": "subscription_item_details",
        "invoice_item_details": None,
        "subscription_item_details": {
            "invoice_item": None,
            "proration": is_proration,
            "proration_details": {"credited_items": None},
            "subscription": item["subscription"],
            "subscription_item": item["id"],
        },
    }
    return line


def _customer(box: Box, item: Row) -> str:
    return str(box.get("subscription", item["subscription"])["customer"])


def _words(item: Row, price: Row, name: str) -> str:
    return f"{item['quantity']} × {name} ({_rate(price)})"


def _rate(price: Row) -> str:
    every = price["recurring"]
    interval = every["interval"]
    if every["interval_count"] != 1:
        interval = f"{every['interval_count']} {interval}s"
    if prices.is_metered(price) and price["unit_amount_decimal"] is None:
        return f"tiers / {interval}"
    return f"at {price['unit_amount_decimal']} minor units / {interval}"
