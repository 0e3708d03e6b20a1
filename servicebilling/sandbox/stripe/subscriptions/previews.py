"""What an invoice would be: the next one, or the one that a change would make."""

from servicebilling.sandbox.stripe import discounts, prices, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.invoices import drafting, gathering, lines, totals
from servicebilling.sandbox.stripe.invoices.operations import AUTOMATIC_TAX
from servicebilling.sandbox.stripe.parameters import (
    CURRENCY,
    ID,
    MOMENT,
    Choice,
    Clearable,
    Either,
    Flag,
    Hash,
    Rows,
)
from servicebilling.sandbox.stripe.presenting import shown
from servicebilling.sandbox.stripe.subscriptions import ordering, rows, waking
from servicebilling.sandbox.stripe.subscriptions.operations import (
    ALTERED_ITEM,
    CANCEL_AT,
    PRORATION,
)
from servicebilling.sandbox.stripe.subscriptions.prorating import Change, work_out

DETAILS = Hash(
    billing_cycle_anchor=Hash(must=["type"], type=Choice("now", "unchanged")),
    cancel_at=Clearable(CANCEL_AT),
    cancel_at_period_end=Flag(),
    cancel_now=Flag(),
    items=Rows(ALTERED_ITEM, most=20),
    proration_behavior=PRORATION,
    proration_date=MOMENT,
    trial_end=Either(MOMENT, Choice("now")),
)
PREVIEW = Hash(
    automatic_tax=AUTOMATIC_TAX,
    currency=CURRENCY,
    customer=ID,
    discounts=discounts.DISCOUNTS,
    invoice_items=Rows(Hash(price=ID, price_data=prices.PRICE_DATA), most=20),
    preview_mode=Choice("next", "recurring"),
    subscription=ID,
    subscription_details=DETAILS,
)


@routing.post("/v1/invoices/create_preview", PREVIEW)
def create_preview(box: Box, params: Row) -> Row:
    """Nothing that this makes is kept."""
    if "subscription" not in params:
        return _of_newcomer(box, params)
    subscription = box.named("subscription", params["subscription"], param="subscription")
    if subscription["ended_at"] is not None:
        raise refused(
            "You cannot preview the upcoming invoice for a canceled subscription.",
            code="invoice_upcoming_none",
        )
    details = params.get("subscription_details", {})
    at = details.get("proration_date", box.now(subscription["customer"]))
    change = work_out(
        box,
        subscription,
        details.get("items", []),
        at=at,
        is_prorated=details.get("proration_behavior") != "none",
        resets_anchor=details.get("billing_cycle_anchor", {}).get("type") == "now",
    )
    behavior = details.get("proration_behavior", "create_prorations")
    is_now = change.is_billed_now or (behavior == "always_invoice" and change.prorations)
    if is_now:
        made, period = [*change.prorations, *change.charges], (at, at)
    else:
        made, period = _next_cycle(box, subscription, change, details)
    return _shown(box, subscription, params, made, period, at=at)


def _next_cycle(
    box: Box, subscription: Row, change: Change, details: Row
) -> tuple[list[Row], tuple[int, int]]:
    """Return the lines of the next renewal, with the parts that wait for it."""
    end = min(item["current_period_end"] for item in change.items)
    begin = min(item["current_period_start"] for item in change.items)
    ends = subscription["cancel_at"] is not None or details.get("cancel_at_period_end")
    due = [item for item in change.items if item["current_period_end"] == end]
    if ends and details.get("cancel_at_period_end") is not False:
        due = [item for item in due if "quantity" not in item]
        if (
            not due
            and not change.prorations
            and not gathering.waiting_for(box, subscription)
        ):
            raise refused(
                "No upcoming invoices for this subscription: it is set to cancel.",
                code="invoice_upcoming_none",
            )
    was_trial = subscription["status"] == "trialing"
    made, _ = waking.lines_of_cycle(box, due, end, was_trial=was_trial)
    return [*change.prorations, *made], (begin, end)


def _shown(
    box: Box,
    subscription: Row,
    params: Row,
    made: list[Row],
    period: tuple[int, int],
    *,
    at: int,
) -> Row:
    waiting = [lines.of_pending(row) for row in gathering.waiting_for(box, subscription)]
    invoice = drafting.of_subscription(
        box,
        subscription,
        lines=[*waiting, *made],
        period=period,
        reason="upcoming",
        is_announced=False,
    )
    if "subscription_details" in params:
        details = invoice["parent"]["subscription_details"]
        details["subscription_proration_date"] = at
    return _taken_back(box, invoice, period[1])


def _of_newcomer(box: Box, params: Row) -> Row:
    """Return the first invoice of somebody who has no subscription yet."""
    if "customer" not in params:
        raise refused("Missing required param: customer.", param="customer")
    customer = box.named("customer", params["customer"], param="customer")
    at = box.now(customer["id"])
    made = []
    for number, row in enumerate(params.get("subscription_details", {}).get("items", [])):
        price = ordering.item_price(
            box, row, where=f"subscription_details[items][{number}]"
        )
        if prices.is_metered(price):
            continue
        start, end = rows.period_of(price, at, at)
        item = rows.new_item(
            box,
            "sub_preview",
            price,
            quantity=row.get("quantity"),
            period=(start, end),
            anchor=at,
            at=at,
        )
        made.append(lines.of_period(box, item, start=start, end=end))
    made += ordering.extra_lines(box, params.get("invoice_items", []), at=at)
    if not made:
        raise refused("No upcoming invoices for customer.", code="invoice_upcoming_none")
    invoice = drafting.make(
        box,
        customer,
        currency=made[0]["currency"],
        lines=made,
        period=(at, at),
        has_tax=params.get("automatic_tax", {}).get("enabled", False),
        is_announced=False,
        billing_reason="upcoming",
    )
    return _taken_back(box, invoice, at)


def _taken_back(box: Box, invoice: Row, at: int) -> Row:
    """Return a preview as it is shown, and forget the draft it was."""
    totals.add_up(box, invoice)
    box.drop(invoice)
    answer: Row = shown(box, invoice)
    answer["id"] = new_id("upcoming_in_")
    answer["next_payment_attempt"] = at + box.settings["draft_seconds"]
    return answer | {"_lines": shown(box, invoice["_lines"])}
