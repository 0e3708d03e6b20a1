"""What subscriptions and their items look like."""

from servicebilling.sandbox.stripe import periods, prices
from servicebilling.sandbox.stripe.box import Box, Row, new_id
from servicebilling.sandbox.stripe.presenting import listed, presents

# Whoever is in one of these may still be billed.
ALIVE = ("trialing", "active", "past_due", "unpaid", "incomplete", "paused")
EMPTY: Row = {
    "application": None,
    "application_fee_percent": None,
    "billing_cycle_anchor_config": None,
    "billing_schedules": [],
    "billing_thresholds": None,
    "cancel_at": None,
    "cancel_at_period_end": False,
    "canceled_at": None,
    "collection_method": "charge_automatically",
    "customer_account": None,
    "days_until_due": None,
    "default_payment_method": None,
    "default_source": None,
    "default_tax_rates": [],
    "description": None,
    "discounts": [],
    "ended_at": None,
    "invoice_settings": {"account_tax_ids": None, "issuer": {"type": "self"}},
    "latest_invoice": None,
    "next_pending_invoice_item_invoice": None,
    "on_behalf_of": None,
    "pause_collection": None,
    "payment_settings": {
        "payment_method_options": None,
        "payment_method_types": None,
        "save_default_payment_method": "off",
    },
    "pending_invoice_item_interval": None,
    "pending_setup_intent": None,
    "pending_update": None,
    "schedule": None,
    "status_details": None,
    "transfer_data": None,
    "trial_end": None,
    "trial_settings": {"end_behavior": {"missing_payment_method": "create_invoice"}},
    "trial_start": None,
    "_trial_told": False,
    # A change that waits for its invoice to be paid.
    "_waiting": None,
}
NO_CANCELLATION: Row = {"comment": None, "feedback": None, "reason": None}


def automatic_tax(is_enabled: bool) -> Row:
    return {
        "disabled_reason": None,
        "enabled": is_enabled,
        "liability": {"type": "self"} if is_enabled else None,
    }


def billing_mode(type: str) -> Row:
    flexible = {"proration_discounts": "included"}
    return {"type": type, "flexible": flexible if type == "flexible" else None}


def new_item(
    box: Box,
    subscription_id: str,
    price: Row,
    *,
    quantity: int | None,
    period: tuple[int, int],
    anchor: int,
    at: int,
    metadata: Row | None = None,
    id: str = "",
) -> Row:
    """Return an item that is not in the table yet: `keep_items` puts it there."""
    item: Row = {
        "id": id or new_id("si_", 14),
        "object": "subscription_item",
        "billing_thresholds": None,
        "created": at,
        "current_period_end": period[1],
        "current_period_start": period[0],
        "discounts": [],
        "metadata": metadata or {},
        "price": price["id"],
        "subscription": subscription_id,
        "tax_rates": [],
        "_anchor": anchor,
    }
    if not prices.is_metered(price):
        item["quantity"] = 1 if quantity is None else quantity
    return item


def keep_items(box: Box, subscription: Row, items: list[Row]) -> None:
    """Make these the items of a subscription. An end by the flag moves with their periods,
    one by a date does not."""
    table = box.tables.setdefault("subscription_item", {})
    for old in items_of(box, subscription):
        del table[old["id"]]
    for item in items:
        table[item["id"]] = item
    if subscription["cancel_at_period_end"] and items:
        subscription["cancel_at"] = first_period_end(box, subscription)


def items_of(box: Box, subscription: Row) -> list[Row]:
    return [
        row
        for row in box.every("subscription_item")
        if row["subscription"] == subscription["id"]
    ]


def period_of(price: Row, anchor: int, at: int) -> tuple[int, int]:
    """Return the period of a price's raster, counted from an anchor, around a moment."""
    every = price["recurring"]
    return periods.period_around(
        anchor, at, interval=every["interval"], interval_count=every["interval_count"]
    )


def last_period_end(box: Box, subscription: Row) -> int:
    """Return when the longest of the current periods ends: a year, not its months."""
    return max(row["current_period_end"] for row in items_of(box, subscription))


def first_period_end(box: Box, subscription: Row) -> int:
    return min(row["current_period_end"] for row in items_of(box, subscription))


@presents("subscription")
def _with_items(box: Box, subscription: Row) -> Row:
    url = f"/v1/subscription_items?subscription={subscription['id']}"
    return {"items": listed(items_of(box, subscription), url)}


@presents("subscription_item")
def _with_price(box: Box, item: Row) -> Row:
    return {"price": box.get("price", item["price"])}
