"""Changing subscriptions at Stripe. What became of a change arrives as a webhook."""

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.providers.answers import ChangePreview
from billing.providers.base import ProviderError
from billing.providers.stripe.client import Gateway, Row
from servicebilling.lib import money


def retrieve(gateway: Gateway, subscription_id: str) -> Row:
    """Return a subscription as it is now, its schedule within and its latest invoice as an
    id. Raises `Missing`."""
    params: Any = {"expand": ["schedule"]}
    return gateway.ask(
        lambda client: client.v1.subscriptions.retrieve(subscription_id, params)
    )


def flat_item(subscription: Row) -> Row:
    """Return the item of the plan's own price. Raises `ProviderError` if there is none."""
    for item in subscription["items"]["data"]:
        if not is_metered(item):
            found: Row = item
            return found
    raise ProviderError(f"{subscription['id']} has no flat price.", retry=False)


def is_metered(item: Row) -> bool:
    """Return whether an item bills what was used."""
    recurring = item["price"].get("recurring") or {}
    return bool(recurring.get("usage_type") == "metered")


def preview_change(
    gateway: Gateway, subscription_id: str, *, price_id: str
) -> ChangePreview:
    """Return what moving the flat item to another price would cost now and later."""
    item = flat_item(retrieve(gateway, subscription_id))
    params: Any = {
        "subscription": subscription_id,
        "subscription_details": {
            "items": [{"id": item["id"], "price": price_id}],
            "proration_behavior": "always_invoice",
        },
    }
    invoice = gateway.ask(lambda client: client.v1.invoices.create_preview(params))
    price = gateway.ask(lambda client: client.v1.prices.retrieve(price_id))
    currency = str(price["currency"]).upper()
    return ChangePreview(
        due_now=money.from_minor(invoice["amount_due"], currency),
        next_amount=_amount(price, currency),
        currency=currency,
        takes_effect_at=_moment_of(invoice),
    )


def change_plan(
    gateway: Gateway,
    subscription_id: str,
    *,
    price_id: str,
    key: str,
    counts_from: datetime | None = None,
) -> bool:
    """Move the flat item to another price at once, once the difference has been paid;
    returns whether it has.

    Without the item's id Stripe would add a second plan beside the first. `counts_from` is
    the moment of a preview: Stripe prorates by the second. What was to end with what is paid
    still does: with the year, if that is what is paid now.
    """
    found = retrieve(gateway, subscription_id)
    item = flat_item(found)
    params: Any = {
        "items": [{"id": item["id"], "price": price_id}],
        "proration_behavior": "always_invoice",
        "payment_behavior": "pending_if_incomplete",
    }
    if counts_from is not None:
        params["proration_date"] = int(counts_from.timestamp())
    changed = _update(gateway, subscription_id, params, key)
    is_dated = not found.get("cancel_at_period_end")
    if is_dated and found.get("cancel_at") == item["current_period_end"]:
        cancel_at_end(gateway, subscription_id, key=f"{key}:end")
    return not changed.get("pending_update")


def cancel_at_end(gateway: Gateway, subscription_id: str, *, key: str) -> None:
    """Let a subscription end with what is paid; usage until then is still billed.

    `cancel_at_period_end` would end a paid year with the month of its overage: of several
    periods it means the one that ends first. The other way needs the flexible billing mode.
    """
    found = retrieve(gateway, subscription_id)
    is_flexible = (found.get("billing_mode") or {}).get("type") == "flexible"
    ends: Row = {"cancel_at_period_end": True}
    if is_flexible:
        ends = {"cancel_at": "max_period_end"}
    _update(gateway, subscription_id, ends, key)


def undo_cancel(gateway: Gateway, subscription_id: str, *, key: str) -> None:
    """Let a subscription go on that was to end.

    Stripe's portal may have set a date instead of the flag; each is cleared by its own name.
    """
    found = retrieve(gateway, subscription_id)
    if found.get("cancel_at_period_end"):
        _update(gateway, subscription_id, {"cancel_at_period_end": False}, key)
    elif found.get("cancel_at"):
        _update(gateway, subscription_id, {"cancel_at": ""}, key)


def attach_overage(
    gateway: Gateway, subscription_id: str, *, metered_price_id: str
) -> None:
    """Let a subscription bill overage at a price; nothing happens if it does already.

    Yearly plans get their monthly item this way, because Checkout refuses two intervals.
    """
    found = retrieve(gateway, subscription_id)
    metered = [item for item in found["items"]["data"] if is_metered(item)]
    if any(item["price"]["id"] == metered_price_id for item in metered):
        return
    key = f"overage-item:{subscription_id}:{metered_price_id}"
    if metered:
        changed: Any = {"price": metered_price_id, "proration_behavior": "none"}
        gateway.act(
            f"{key}:{metered[0]['id']}",
            lambda client, once: client.v1.subscription_items.update(
                metered[0]["id"], changed, once
            ),
        )
        return
    added: Any = {"subscription": subscription_id, "price": metered_price_id}
    gateway.act(key, lambda client, once: client.v1.subscription_items.create(added, once))


def _update(gateway: Gateway, subscription_id: str, params: Any, key: str) -> Row:
    return gateway.act(
        key,
        lambda client, once: client.v1.subscriptions.update(subscription_id, params, once),
    )


def _amount(price: Row, currency: str) -> Decimal:
    exact = price["unit_amount_decimal"]
    return money.amount(Decimal(exact).scaleb(-money.minor_places(currency)))


def _moment_of(invoice: Row) -> datetime:
    parent = invoice.get("parent") or {}
    details = parent.get("subscription_details") or {}
    moment = details.get("subscription_proration_date") or invoice["created"]
    return datetime.fromtimestamp(moment, UTC)
