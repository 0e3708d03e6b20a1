"""Work out what a change of items costs, before anything is touched.

A flat price is prorated to the second: what is unused of the old one is credited, what is
left of the period is charged for the new one. A price of another interval begins a period of
its own at once. Usage is never prorated.
"""

from dataclasses import dataclass, field

from servicebilling.sandbox.stripe import prices, pricing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.invoices import lines
from servicebilling.sandbox.stripe.parameters import merged
from servicebilling.sandbox.stripe.subscriptions import rows
from servicebilling.sandbox.stripe.subscriptions.creating import check_items


@dataclass
class Change:
    """The items as they will be, and the lines that the change makes."""

    at: int
    items: list[Row]
    # Parts of periods: wait for the next invoice unless they are to be paid at once.
    prorations: list[Row] = field(default_factory=list)
    # Whole periods that begin now, and usage so far: always on an invoice of their own.
    charges: list[Row] = field(default_factory=list)
    anchor: int | None = None

    @property
    def is_billed_now(self) -> bool:
        return bool(self.charges)


def work_out(
    box: Box,
    subscription: Row,
    given: list[Row],
    *,
    at: int,
    is_prorated: bool,
    resets_anchor: bool = False,
) -> Change:
    """Return what `items[…]` of an update means; raise ApiError for what cannot be."""
    change = Change(at=at, items=[dict(row) for row in rows.items_of(box, subscription)])
    is_free = not is_prorated or subscription["status"] == "trialing"
    for number, entry in enumerate(given):
        where = f"items[{number}]"
        if "id" in entry:
            _alter(box, subscription, change, entry, is_free=is_free, where=where)
        else:
            _add(box, subscription, change, entry, is_free=is_free, where=where)
    check_items(
        [
            {"price": box.get("price", row["price"]), "quantity": row.get("quantity")}
            for row in change.items
        ],
        flexible=subscription["billing_mode"]["type"] == "flexible",
    )
    if resets_anchor:
        _restart(box, subscription, change, is_free=is_free)
    return change


def _alter(
    box: Box, subscription: Row, change: Change, entry: Row, *, is_free: bool, where: str
) -> None:
    item = next((row for row in change.items if row["id"] == entry["id"]), None)
    if item is None:
        raise refused(f"The subscription has no item {entry['id']}.", param=f"{where}[id]")
    if entry.get("deleted"):
        change.items.remove(item)
        _credit(box, change, item, is_free=is_free)
        return
    if "metadata" in entry:
        item["metadata"] = merged(item["metadata"], entry["metadata"])
    old = dict(item)
    price = _price(box, entry, item["price"], where=where)
    _set_price(item, price, entry.get("quantity"))
    if (old["price"], old.get("quantity")) == (item["price"], item.get("quantity")):
        return
    _credit(box, change, old, is_free=is_free)
    if _has_other_interval(box, old, price) and subscription["status"] != "trialing":
        _begin_period(box, change, item, price)
    elif not is_free and "quantity" in item:
        _charge_rest(box, change, item, price)


def _add(
    box: Box, subscription: Row, change: Change, entry: Row, *, is_free: bool, where: str
) -> None:
    price = _price(box, entry, None, where=where)
    anchor = subscription["billing_cycle_anchor"]
    if subscription["status"] == "trialing":
        period = (change.at, subscription["trial_end"])
    else:
        begin, end = rows.period_of(price, anchor, change.at)
        period = (max(begin, subscription["start_date"]), end)
    item = rows.new_item(
        box,
        subscription["id"],
        price,
        quantity=entry.get("quantity"),
        period=period,
        anchor=anchor,
        at=change.at,
        metadata=merged({}, entry.get("metadata", {})),
    )
    change.items.append(item)
    if not is_free and "quantity" in item:
        _charge_rest(box, change, item, price)


def _credit(box: Box, change: Change, item: Row, *, is_free: bool) -> None:
    """Credit what is unused of a flat price."""
    price = box.get("price", item["price"])
    if not is_free and not prices.is_metered(price):
        _prorate(box, change, item, price, sign=-1)


def _charge_rest(box: Box, change: Change, item: Row, price: Row) -> None:
    _prorate(box, change, item, price, sign=1)


def _prorate(box: Box, change: Change, item: Row, price: Row, *, sign: int) -> None:
    amount = _rest(item, pricing.cost(price, item["quantity"]), change.at)
    if amount:
        change.prorations.append(
            lines.of_proration(
                box,
                item,
                price=price,
                quantity=item["quantity"],
                amount=sign * amount,
                start=change.at,
                end=item["current_period_end"],
            )
        )


def _begin_period(box: Box, change: Change, item: Row, price: Row) -> None:
    """Let an item begin a period of its own now, paid in advance."""
    start, end = rows.period_of(price, change.at, change.at)
    item |= {"current_period_start": start, "current_period_end": end}
    item["_anchor"] = change.at
    if "quantity" in item:
        change.charges.append(lines.of_period(box, item, start=start, end=end))


def _restart(box: Box, subscription: Row, change: Change, *, is_free: bool) -> None:
    """Let every item begin anew: usage so far is billed, the rest of flat prices credited."""
    change.anchor = change.at
    before = {row["id"]: row for row in rows.items_of(box, subscription)}
    for item in change.items:
        price = box.get("price", item["price"])
        old = before.get(item["id"])
        unchanged = old is not None and old["price"] == item["price"]
        if "quantity" not in item and subscription["status"] != "trialing":
            change.charges.append(
                lines.of_usage(box, item, start=item["current_period_start"], end=change.at)
            )
        elif unchanged:
            _credit(box, change, item, is_free=is_free)
        if item["_anchor"] != change.at:
            _begin_period(box, change, item, price)
    # What was left of a period that no longer exists is not charged.
    change.prorations = [line for line in change.prorations if line["amount"] < 0]


def _rest(item: Row, amount: int, at: int) -> int:
    """Return the part of an amount for what is left of the item's period."""
    start, end = item["current_period_start"], item["current_period_end"]
    left = min(max(end - at, 0), end - start)
    return pricing.part(amount, of=left, whole=end - start)


def _has_other_interval(box: Box, old: Row, price: Row) -> bool:
    before, after = box.get("price", old["price"])["recurring"], price["recurring"]
    keys = ("interval", "interval_count")
    return any(before[key] != after[key] for key in keys)


def _set_price(item: Row, price: Row, quantity: int | None) -> None:
    item["price"] = price["id"]
    if prices.is_metered(price):
        item.pop("quantity", None)
        if quantity is not None:
            raise refused("You cannot set the quantity for metered prices.", param="items")
    else:
        item["quantity"] = item.get("quantity", 1) if quantity is None else quantity


def _price(box: Box, entry: Row, default: str | None, *, where: str) -> Row:
    if "price_data" in entry:
        return prices.made_on_the_spot(
            box, entry["price_data"], param=f"{where}[price_data]"
        )
    id = entry.get("price", default)
    if not id:
        raise refused(f"Missing required param: {where}[price].", param=f"{where}[price]")
    price = box.named("price", id, param=f"{where}[price]")
    if not price["active"] and id != default:
        raise refused(
            "The price specified is inactive. This field only accepts active prices.",
            param=f"{where}[price]",
        )
    if not price["recurring"]:
        raise refused("The price must be recurring.", param=f"{where}[price]")
    return price
