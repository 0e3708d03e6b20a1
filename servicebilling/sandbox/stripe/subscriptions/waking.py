"""What falls due in a subscription's life, each thing at its moment.

A renewal bills flat prices for the period that begins and usage for the one that ends. Items
whose periods end together share an invoice; a yearly price and its monthly usage meet once a
year. The invoice stays a draft for a while, so that late usage still gets on it.
"""

from collections.abc import Callable

from servicebilling.sandbox.stripe import clock, discounts
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import (
    collecting,
    finalizing,
    gathering,
    lines,
)
from servicebilling.sandbox.stripe.subscriptions import ending, rows

TRIAL_NOTICE_SECONDS = 3 * 86_400
INCOMPLETE_SECONDS = 23 * 3600
# Schedules change prices just before a period ends.
BEFORE_RENEWAL: list[Callable[[Box, Row], None]] = []


def plan_next(box: Box, subscription: Row) -> None:
    """Have the subscription woken at the next moment that matters to it."""
    now = box.now(subscription["customer"])
    moments = [
        subscription["cancel_at"],
        (subscription["pending_update"] or {}).get("expires_at"),
        (subscription["pause_collection"] or {}).get("resumes_at"),
    ]
    if subscription["status"] == "incomplete":
        moments.append(subscription["created"] + INCOMPLETE_SECONDS)
    if subscription["status"] in ("trialing", "active", "past_due", "unpaid"):
        moments.append(rows.first_period_end(box, subscription))
    if subscription["status"] == "trialing" and not subscription["_trial_told"]:
        moments.append(subscription["trial_end"] - TRIAL_NOTICE_SECONDS)
    ahead = [moment for moment in moments if moment is not None and moment > now]
    if ahead:
        clock.plan(
            box,
            "subscription",
            subscription["id"],
            at=min(ahead),
            customer=subscription["customer"],
        )


@clock.does("subscription")
def wake(box: Box, id: str) -> None:
    """Do what is due now, then plan the next moment."""
    subscription = box.find("subscription", id)
    if subscription is None or subscription["ended_at"] is not None:
        return
    now = box.now(subscription["customer"])
    _give_up_waiting(box, subscription, now)
    tell_of_trial_end(box, subscription)
    if subscription["status"] == "incomplete":
        _expire(box, subscription, now)
    elif subscription["cancel_at"] is not None and subscription["cancel_at"] <= now:
        ending.end_with_period(box, subscription)
    elif subscription["status"] in ("trialing", "active", "past_due", "unpaid"):
        _resume_collection(box, subscription, now)
        for act in BEFORE_RENEWAL:
            act(box, subscription)
        if subscription["ended_at"] is None:
            _renew(box, subscription, now)
    if subscription["ended_at"] is None:
        plan_next(box, subscription)


def tell_of_trial_end(box: Box, subscription: Row) -> None:
    """Announce the end of a trial three days ahead, or at once when it is nearer."""
    if subscription["status"] != "trialing" or subscription["_trial_told"]:
        return
    now = box.now(subscription["customer"])
    if subscription["trial_end"] - TRIAL_NOTICE_SECONDS <= now:
        subscription["_trial_told"] = True
        emit(box, "customer.subscription.trial_will_end", subscription)


def lines_of_cycle(
    box: Box, due: list[Row], at: int, *, was_trial: bool = False
) -> tuple[list[Row], dict[str, tuple[int, int]]]:
    """Return the lines of a renewal and the new period of each item; changes nothing."""
    made, new_periods = [], {}
    for item in due:
        price = box.get("price", item["price"])
        anchor = at if was_trial else item["_anchor"]
        period = rows.period_of(price, anchor, at)
        new_periods[item["id"]] = period
        if "quantity" in item:
            made.append(lines.of_period(box, item, start=period[0], end=period[1]))
        elif not was_trial:
            begin = item["current_period_start"]
            made.append(lines.of_usage(box, item, start=begin, end=at))
    return made, new_periods


def start_cycle(
    box: Box, subscription: Row, due: list[Row], at: int, *, reason: str
) -> Row:
    """Give items their next period and return the draft that bills it."""
    was_trial = subscription["status"] == "trialing"
    begin = min(item["current_period_start"] for item in due)
    with changing(box, subscription, "customer.subscription.updated"):
        made, new_periods = lines_of_cycle(box, due, at, was_trial=was_trial)
        for item in due:
            start, end = new_periods[item["id"]]
            item |= {"current_period_start": start, "current_period_end": end}
            item["_anchor"] = at if was_trial else item["_anchor"]
        if was_trial:
            subscription |= {"status": "active", "billing_cycle_anchor": at}
        subscription["discounts"] = discounts.in_force(box, subscription["discounts"], at)
        invoice = gathering.draft(
            box, subscription, lines=made, period=(begin, at), reason=reason
        )
        subscription["latest_invoice"] = invoice["id"]
    return invoice


def _renew(box: Box, subscription: Row, now: int) -> None:
    due = [
        item
        for item in rows.items_of(box, subscription)
        if item["current_period_end"] <= now
    ]
    if not due:
        return
    if subscription["status"] == "trialing" and not _can_pay(box, subscription):
        missing = subscription["trial_settings"]["end_behavior"]["missing_payment_method"]
        if missing == "cancel":
            ending.end(box, subscription)
            return
        if missing == "pause":
            with changing(box, subscription, "customer.subscription.updated"):
                subscription |= {
                    "status": "paused",
                    "status_details": _paused("trial_end_without_payment_method"),
                }
            emit(box, "customer.subscription.paused", subscription)
            return
    invoice = start_cycle(box, subscription, due, now, reason="subscription_cycle")
    _let_collect(box, subscription, invoice)


def _let_collect(box: Box, subscription: Row, invoice: Row) -> None:
    """Let the draft run its course, unless collection is paused or given up."""
    behavior = (subscription["pause_collection"] or {}).get("behavior")
    if behavior == "keep_as_draft" or subscription["status"] == "unpaid":
        return
    if behavior is None:
        finalizing.finalize_later(box, invoice)
        return
    finalizing.finalize(box, invoice)
    if invoice["status"] == "open":
        stop = collecting.void if behavior == "void" else collecting.give_up
        stop(box, invoice)


def _can_pay(box: Box, subscription: Row) -> bool:
    probe = {
        "default_payment_method": None,
        "customer": subscription["customer"],
        "parent": {"subscription_details": {"subscription": subscription["id"]}},
    }
    return collecting.default_method(box, probe) is not None


def _resume_collection(box: Box, subscription: Row, now: int) -> None:
    resumes_at = (subscription["pause_collection"] or {}).get("resumes_at")
    if resumes_at is not None and resumes_at <= now:
        with changing(box, subscription, "customer.subscription.updated"):
            subscription["pause_collection"] = None


def _expire(box: Box, subscription: Row, now: int) -> None:
    """End a subscription whose first payment did not come within 23 hours."""
    if now < subscription["created"] + INCOMPLETE_SECONDS:
        return
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {"status": "incomplete_expired", "ended_at": now}
    invoice = box.find("invoice", subscription["latest_invoice"])
    if invoice is not None and invoice["status"] == "open":
        collecting.void(box, invoice)


def _give_up_waiting(box: Box, subscription: Row, now: int) -> None:
    """Drop a change whose invoice was not paid in time."""
    pending = subscription["pending_update"]
    if pending is None or pending["expires_at"] > now:
        return
    invoice = box.find("invoice", subscription["_waiting"]["invoice"])
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {"pending_update": None, "_waiting": None}
    if invoice is not None and invoice["status"] == "open":
        collecting.void(box, invoice)
    emit(box, "customer.subscription.pending_update_expired", subscription)


def _paused(why: str) -> Row:
    return {"paused": {"subscription": {"type": why}}}
