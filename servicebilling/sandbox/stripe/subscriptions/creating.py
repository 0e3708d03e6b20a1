"""New subscriptions: their items, the first invoice, the first try to collect it."""

from dataclasses import dataclass, field

from servicebilling.sandbox.stripe import discounts, payments, pricing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import (
    collecting,
    finalizing,
    gathering,
    items,
    lines,
)
from servicebilling.sandbox.stripe.subscriptions import rows, waking
from servicebilling.sandbox.stripe.subscriptions.anchors import first_anchor

ITEMS_MAX = 20


@dataclass
class Order:
    """What somebody subscribes to."""

    customer: Row
    # Rows with `price` (a row), `quantity` (None: 1 or metered), `metadata`.
    items: list[Row]
    # Fields of the subscription that are set as they are given.
    fields: Row = field(default_factory=dict)
    trial_end: int | None = None
    anchor: int | None = None
    anchor_config: Row | None = None
    proration_behavior: str = "create_prorations"
    payment_behavior: str = "allow_incomplete"
    # One-time lines for the first invoice.
    extras: list[Row] = field(default_factory=list)
    discounts: list[Row] = field(default_factory=list)
    # Discounts that a checkout session has redeemed already.
    discount_ids: list[str] = field(default_factory=list)
    off_session: bool = True
    is_authenticated: bool = False


def create(box: Box, order: Order) -> Row:
    """Return a new subscription; raise ApiError for what does not go together."""
    currency = check_items(order.items, flexible=_is_flexible(order))
    at = box.now(order.customer["id"])
    _check_trial(order, at)
    subscription = _add(box, order, currency, at)
    _add_items(box, order, subscription, at)
    first_lines = _first_lines(box, subscription, order, at)
    if order.payment_behavior == "error_if_incomplete":
        _refuse_unless_paid(box, order, subscription, first_lines)
    for id in order.discount_ids:
        box.get("discount", id)["subscription"] = subscription["id"]
    if order.discounts or order.discount_ids:
        subscription["discounts"] = order.discount_ids + discounts.make_all(
            box,
            order.discounts,
            customer=order.customer["id"],
            subscription=subscription["id"],
            amount=sum(line["amount"] for line in first_lines),
            currency=currency,
        )
    invoice = _first_invoice(box, subscription, order, first_lines, at)
    subscription["latest_invoice"] = invoice["id"]
    if subscription["collection_method"] == "send_invoice" and not order.trial_end:
        subscription["status"] = "active"
    emit(box, "customer.subscription.created", subscription)
    _collect(box, subscription, invoice, order)
    waking.plan_next(box, subscription)
    if order.trial_end:
        waking.tell_of_trial_end(box, subscription)
    return subscription


def check_items(given: list[Row], *, flexible: bool) -> str:
    """Return the currency of items that go together."""
    if not given:
        raise refused("Missing required param: items.", param="items")
    if len(given) > ITEMS_MAX:
        raise refused(f"A subscription has at most {ITEMS_MAX} items.", param="items")
    for number, row in enumerate(given):
        price = row["price"]
        where = f"items[{number}][price]"
        if not price["recurring"]:
            raise refused(
                "The price specified is set to `type=one_time` but this field only accepts"
                " prices with `type=recurring`.",
                param=where,
            )
        if (
            price["recurring"]["usage_type"] == "metered"
            and row.get("quantity") is not None
        ):
            raise refused(
                "You cannot set the quantity for metered prices.",
                param=f"items[{number}][quantity]",
            )
    ids = [row["price"]["id"] for row in given]
    if len(set(ids)) != len(ids):
        raise refused("Two items have the same price.", param="items")
    if len({row["price"]["currency"] for row in given}) > 1:
        raise refused("All prices must have the same currency.", param="items")
    every = {
        (row["price"]["recurring"]["interval"], row["price"]["recurring"]["interval_count"])
        for row in given
    }
    if len(every) > 1 and not flexible:
        raise refused(
            "Prices of different intervals need `billing_mode[type]` flexible.",
            param="items",
        )
    return str(given[0]["price"]["currency"])


def _is_flexible(order: Order) -> bool:
    return bool(order.fields.get("billing_mode", {}).get("type", "flexible") == "flexible")


def _check_trial(order: Order, at: int) -> None:
    if order.trial_end is not None and order.trial_end <= at:
        order.trial_end = None
    if order.trial_end and (order.anchor or order.anchor_config):
        raise refused("A billing cycle anchor cannot be combined with a trial.")


def _add(box: Box, order: Order, currency: str, at: int) -> Row:
    anchor = order.trial_end or first_anchor(order.anchor, order.anchor_config, at=at)
    return box.add(
        "subscription",
        rows.EMPTY
        | {
            "automatic_tax": rows.automatic_tax(False),
            "billing_cycle_anchor": anchor,
            "billing_cycle_anchor_config": order.anchor_config,
            "billing_mode": rows.billing_mode("flexible"),
            "cancellation_details": dict(rows.NO_CANCELLATION),
            "currency": currency,
            "customer": order.customer["id"],
            "metadata": {},
            "start_date": at,
            "status": "trialing" if order.trial_end else "incomplete",
            "test_clock": order.customer["test_clock"],
            "trial_end": order.trial_end,
            "trial_start": at if order.trial_end else None,
        }
        | order.fields,
    )


def _add_items(box: Box, order: Order, subscription: Row, at: int) -> None:
    anchor = subscription["billing_cycle_anchor"]
    made = []
    for row in order.items:
        price = row["price"]
        end = anchor if anchor > at else rows.period_of(price, anchor, at)[1]
        made.append(
            rows.new_item(
                box,
                subscription["id"],
                price,
                quantity=row.get("quantity"),
                period=(at, end),
                anchor=anchor,
                at=at,
                metadata=row.get("metadata"),
            )
        )
    rows.keep_items(box, subscription, made)


def _first_lines(box: Box, subscription: Row, order: Order, at: int) -> list[Row]:
    """Return a line per flat price: nothing for a trial, a part for a short first period."""
    made = []
    anchor = subscription["billing_cycle_anchor"]
    for item in rows.items_of(box, subscription):
        if "quantity" not in item:
            continue
        end = item["current_period_end"]
        line = lines.of_period(box, item, start=at, end=end, is_trial=bool(order.trial_end))
        if anchor > at and not order.trial_end:
            begin, _ = rows.period_of(box.get("price", item["price"]), anchor, anchor - 1)
            share = pricing.part(line["amount"], of=end - at, whole=end - begin)
            line["amount"] = share if order.proration_behavior != "none" else 0
            line["subtotal"] = line["amount"]
        made.append(line)
    return made


def _first_invoice(
    box: Box, subscription: Row, order: Order, first_lines: list[Row], at: int
) -> Row:
    customer = order.customer["id"]
    for extra in order.extras:
        items.hold(box, extra, customer=customer, subscription=subscription["id"])
    return gathering.draft(
        box, subscription, lines=first_lines, period=(at, at), reason="subscription_create"
    )


def _collect(box: Box, subscription: Row, invoice: Row, order: Order) -> None:
    if subscription["collection_method"] == "send_invoice":
        finalizing.finalize_later(box, invoice)
    elif order.payment_behavior == "default_incomplete":
        finalizing.finalize(box, invoice)
    else:
        finalizing.finalize_and_collect(
            box,
            invoice,
            off_session=order.off_session,
            is_authenticated=order.is_authenticated,
        )
    if invoice["status"] == "paid" and subscription["status"] == "incomplete":
        with changing(box, subscription, "customer.subscription.updated"):
            subscription["status"] = "active"


def _refuse_unless_paid(
    box: Box, order: Order, subscription: Row, first_lines: list[Row]
) -> None:
    """Raise before anything is visible, and take back what is there already."""
    amount = sum(line["amount"] for line in [*first_lines, *order.extras])
    probe = {"default_payment_method": None, "customer": order.customer["id"]}
    probe["parent"] = {"subscription_details": {"subscription": subscription["id"]}}
    problem = payments.refusal(
        box, collecting.default_method(box, probe), off_session=order.off_session
    )
    if amount > 0 and problem is not None:
        rows.keep_items(box, subscription, [])
        box.drop(subscription)
        raise problem
