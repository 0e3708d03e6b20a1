"""The end of a subscription: at once, or with a period that was already paid."""

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.invoices import (
    drafting,
    finalizing,
    gathering,
    lines,
)
from servicebilling.sandbox.stripe.subscriptions import rows


def end(box: Box, subscription: Row, *, reason: str | None = None) -> Row:
    """Cancel for good; open invoices are not tried again."""
    at = box.now(subscription["customer"])
    subscription |= {
        "status": "canceled",
        "ended_at": at,
        "canceled_at": subscription["canceled_at"] or at,
        "pending_update": None,
        "status_details": None,
    }
    if reason:
        subscription["cancellation_details"] = subscription["cancellation_details"] | {
            "reason": reason
        }
    for invoice in box.every("invoice"):
        is_ours = drafting.subscription_of(box, invoice) is subscription
        if is_ours and invoice["status"] in ("draft", "open"):
            keeps_going = invoice.get("_is_last", False)
            invoice["auto_advance"] = keeps_going and invoice["auto_advance"]
            invoice["next_payment_attempt"] = None
    emit(box, "customer.subscription.deleted", subscription)
    return subscription


def end_with_period(box: Box, subscription: Row) -> Row:
    """Cancel as was asked earlier; what was used and not billed yet is billed now."""
    bill_the_rest(box, subscription)
    return end(box, subscription)


def bill_the_rest(box: Box, subscription: Row) -> Row | None:
    """Make the last invoice: usage so far and what was waiting; None if there is nothing."""
    at = box.now(subscription["customer"])
    made = [
        lines.of_usage(box, item, start=item["current_period_start"], end=at)
        for item in rows.items_of(box, subscription)
        if "quantity" not in item and subscription["status"] != "trialing"
    ]
    waiting = gathering.waiting_for(box, subscription)
    if not waiting and not any(line["amount"] for line in made):
        return None
    begin = min(item["current_period_start"] for item in rows.items_of(box, subscription))
    invoice = gathering.draft(
        box,
        subscription,
        lines=made,
        period=(begin, at),
        reason="subscription_cycle",
        _is_last=True,
    )
    subscription["latest_invoice"] = invoice["id"]
    finalizing.finalize_later(box, invoice)
    return invoice
