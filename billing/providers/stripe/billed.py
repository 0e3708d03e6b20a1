"""What the invoices of a subscription have asked for, as it counts once it has ended.

Stripe ends a subscription at once without asking for what was used, unless it is told to
make a last invoice (`invoice_now`). What the meter has of that period is then on no invoice,
for ever: a later subscription counts from its own beginning. Items that wait stay waiting.
"""

from collections import defaultdict
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.providers.answers import BilledUsage, ListedItem, MeteredLine
from billing.providers.stripe.client import Gateway, Missing, Row
from billing.providers.stripe.snapshots import moment
from billing.providers.stripe.subscriptions import is_metered


def usage(gateway: Gateway, customer_id: str, subscription_id: str) -> BilledUsage:
    """Return the minutes that invoices ask for, by period, and our items. One that was
    voided counts: somebody decided so. Raises `ProviderError`."""
    listed: Any = {"subscription": subscription_id, "limit": 100}
    invoices = gateway.ask_all(lambda client: client.v1.invoices.list(listed))
    of_customer: Any = {"customer": customer_id, "limit": 100}
    items = gateway.ask_all(lambda client: client.v1.invoice_items.list(of_customer))
    return BilledUsage(
        lines=_metered_lines(
            gateway, [row for row in invoices if row["status"] != "draft"]
        ),
        items=tuple(
            ListedItem(row["id"], key, is_taken=bool(row.get("invoice")))
            for row in items
            if (key := (row.get("metadata") or {}).get("key"))
        ),
        drafts=tuple(row["id"] for row in invoices if row["status"] == "draft"),
    )


def take_back(gateway: Gateway, item_id: str) -> None:
    """Remove a waiting item. Raises `ProviderError` when an invoice has it."""
    try:
        gateway.ask(lambda client: client.v1.invoice_items.delete(item_id))
    except Missing:
        return


def _metered_lines(gateway: Gateway, invoices: list[Row]) -> tuple[MeteredLine, ...]:
    minutes: dict[tuple[datetime, datetime], int] = defaultdict(int)
    prices: dict[str, bool] = {}
    for invoice in invoices:
        for line in _lines(gateway, invoice):
            if _counts_usage(gateway, line, prices):
                period = moment(line["period"]["start"]), moment(line["period"]["end"])
                minutes[period] += _quantity(line)
    return tuple(
        MeteredLine(starts_at, ends_at, count)
        for (starts_at, ends_at), count in sorted(minutes.items())
    )


def _lines(gateway: Gateway, invoice: Row) -> list[Row]:
    if not invoice["lines"].get("has_more"):
        rows: list[Row] = invoice["lines"]["data"]
        return rows
    return gateway.ask_all(
        lambda client: client.v1.invoices.line_items.list(invoice["id"], {"limit": 100})
    )


def _counts_usage(gateway: Gateway, line: Row, known: dict[str, bool]) -> bool:
    """The item that a line is of may be gone, so its price is asked."""
    of_item = (line.get("parent") or {}).get("subscription_item_details")
    pricing = (line.get("pricing") or {}).get("price_details") or {}
    price_id = pricing.get("price") or ""
    if not of_item or not price_id:
        return False
    if price_id not in known:
        price = gateway.ask(lambda client: client.v1.prices.retrieve(price_id))
        known[price_id] = is_metered({"price": price})
    return known[price_id]


def _quantity(line: Row) -> int:
    return int(line.get("quantity") or Decimal(line.get("quantity_decimal") or 0))
