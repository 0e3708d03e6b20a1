"""Change the items of a subscription, paid for first where that is asked for."""

from servicebilling.sandbox.stripe import payments
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import (
    collecting,
    finalizing,
    gathering,
    items,
)
from servicebilling.sandbox.stripe.subscriptions import rows, waking
from servicebilling.sandbox.stripe.subscriptions.prorating import Change

PENDING_SECONDS = 23 * 3600


def carry_out(
    box: Box,
    subscription: Row,
    change: Change,
    *,
    proration_behavior: str = "create_prorations",
    payment_behavior: str = "allow_incomplete",
    off_session: bool = True,
) -> None:
    """Apply a change and bill it: now, with the next invoice, or not at all."""
    pays_now = change.is_billed_now or (
        proration_behavior == "always_invoice" and bool(change.prorations)
    )
    if not pays_now:
        apply(box, subscription, change)
        for line in change.prorations:
            _hold(box, subscription, line)
        return
    if payment_behavior == "error_if_incomplete":
        _refuse_unless_paid(box, subscription, change, off_session=off_session)
    if payment_behavior == "pending_if_incomplete":
        _bill(box, subscription, change, off_session=off_session, is_waiting=True)
        return
    apply(box, subscription, change)
    _bill(box, subscription, change, off_session=off_session)


def apply(box: Box, subscription: Row, change: Change) -> None:
    """Make the items as the change says."""
    with changing(box, subscription, "customer.subscription.updated"):
        rows.keep_items(box, subscription, change.items)
        if change.anchor is not None:
            subscription["billing_cycle_anchor"] = change.anchor
    waking.plan_next(box, subscription)


def follow_payment(box: Box, subscription: Row, invoice: Row) -> None:
    """Apply a change that has waited for this invoice to be paid."""
    waiting = subscription["_waiting"]
    if waiting is None or waiting["invoice"] != invoice["id"]:
        return
    subscription["_waiting"] = None
    with changing(box, subscription, "customer.subscription.updated"):
        rows.keep_items(box, subscription, waiting["items"])
        subscription["pending_update"] = None
        subscription["billing_cycle_anchor"] = (
            waiting["anchor"] or subscription["billing_cycle_anchor"]
        )
    emit(box, "customer.subscription.pending_update_applied", subscription)
    waking.plan_next(box, subscription)


def _bill(
    box: Box,
    subscription: Row,
    change: Change,
    *,
    off_session: bool,
    is_waiting: bool = False,
) -> None:
    for line in change.prorations:
        _hold(box, subscription, line)
    invoice = gathering.draft(
        box,
        subscription,
        lines=change.charges,
        period=(change.at, change.at),
        reason="subscription_update",
        auto_advance=not is_waiting,
    )
    details = invoice["parent"]["subscription_details"]
    details["subscription_proration_date"] = change.at
    if is_waiting:
        _wait(box, subscription, change, invoice)
    with changing(box, subscription, "customer.subscription.updated"):
        subscription["latest_invoice"] = invoice["id"]
    finalizing.finalize_and_collect(box, invoice, off_session=off_session)
    if is_waiting and subscription["_waiting"] is not None:
        # Not paid: only now does anybody hear of the change that waits.
        with changing(box, subscription, "customer.subscription.updated"):
            subscription["pending_update"] = {
                "billing_cycle_anchor": change.anchor,
                "expires_at": change.at + PENDING_SECONDS,
                "subscription_items": [dict(item) for item in change.items],
                "trial_end": None,
                "trial_from_plan": None,
            }
        waking.plan_next(box, subscription)


def _wait(box: Box, subscription: Row, change: Change, invoice: Row) -> None:
    subscription["_waiting"] = {
        "invoice": invoice["id"],
        "items": change.items,
        "anchor": change.anchor,
    }


def _hold(box: Box, subscription: Row, line: Row) -> None:
    items.hold(
        box,
        line,
        customer=subscription["customer"],
        subscription=subscription["id"],
        is_proration=True,
    )


def _refuse_unless_paid(
    box: Box, subscription: Row, change: Change, *, off_session: bool
) -> None:
    amount = sum(line["amount"] for line in [*change.prorations, *change.charges])
    probe = {
        "default_payment_method": None,
        "customer": subscription["customer"],
        "parent": {"subscription_details": {"subscription": subscription["id"]}},
    }
    problem = payments.refusal(
        box, collecting.default_method(box, probe), off_session=off_session
    )
    if amount > 0 and problem is not None:
        raise problem
