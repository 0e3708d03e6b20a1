"""Lines and sums of a checkout session."""

from servicebilling.sandbox.stripe import discounts, prices, pricing
from servicebilling.sandbox.stripe.box import Box, Row, new_id


def line(box: Box, price: Row, *, quantity: int | None, metadata: Row) -> Row:
    """Return a line of a session; usage has no quantity and costs nothing yet."""
    return {
        "id": new_id("li_"),
        "object": "item",
        "adjustable_quantity": None,
        "amount_discount": 0,
        "amount_subtotal": 0,
        "amount_tax": 0,
        "amount_total": 0,
        "currency": price["currency"],
        "description": box.get("product", price["product"])["name"],
        "metadata": metadata,
        "price": price,
        "quantity": quantity,
    }


def add_up(box: Box, session: Row) -> None:
    """Set the sums of a session: what is due today, discounts and tax counted."""
    rows = session["_lines"]
    percent = box.settings["tax_percent"] if session["automatic_tax"]["enabled"] else 0
    due = [
        {
            "amount": _due_today(session, row),
            "discountable": True,
            "_product": row["price"]["product"],
        }
        for row in rows
    ]
    taken = discounts.amounts(box, session["_discount_ids"], due)
    for row, one, off in zip(rows, due, taken, strict=True):
        net = one["amount"] - sum(off.values())
        tax = pricing.part(net, of=percent, whole=100)
        row |= {
            "amount_subtotal": one["amount"],
            "amount_discount": sum(off.values()),
            "amount_tax": tax,
            "amount_total": net + tax,
        }
    session["amount_subtotal"] = sum(row["amount_subtotal"] for row in rows)
    session["amount_total"] = sum(row["amount_total"] for row in rows)
    session["total_details"] = {
        "amount_discount": sum(row["amount_discount"] for row in rows),
        "amount_shipping": 0,
        "amount_tax": sum(row["amount_tax"] for row in rows),
    }


def _due_today(session: Row, row: Row) -> int:
    price = row["price"]
    has_trial = bool(session["_subscription_data"].get("_trial"))
    if prices.is_metered(price) or (price["recurring"] and has_trial):
        return 0
    return pricing.cost(price, row["quantity"])
