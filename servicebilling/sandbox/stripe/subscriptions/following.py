"""What becomes of a subscription when its invoice is paid, is not, or never will be."""

from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.events import changing
from servicebilling.sandbox.stripe.invoices import collecting
from servicebilling.sandbox.stripe.invoices.drafting import subscription_of
from servicebilling.sandbox.stripe.subscriptions import changing as changes
from servicebilling.sandbox.stripe.subscriptions import ending, waking


def when_paid(box: Box, invoice: Row) -> None:
    """Bring to life what waited for its first payment; forgive when nothing is owed."""
    subscription = _of(box, invoice)
    if subscription is None:
        return
    _keep_method(box, subscription, invoice)
    changes.follow_payment(box, subscription, invoice)
    status = subscription["status"]
    if status == "incomplete" and invoice["billing_reason"] == "subscription_create":
        _set_status(box, subscription, "active")
        waking.plan_next(box, subscription)
    elif status in ("past_due", "unpaid") and not _owes(box, subscription):
        _set_status(box, subscription, "active")


def when_processing(box: Box, invoice: Row) -> None:
    """A direct debit under way counts as paid until it fails."""
    subscription = _of(box, invoice)
    if subscription is not None and subscription["status"] == "incomplete":
        _set_status(box, subscription, "active")
        waking.plan_next(box, subscription)


def when_failed(box: Box, invoice: Row) -> None:
    subscription = _of(box, invoice)
    if subscription is None or _is_waited_for(subscription, invoice):
        return
    if subscription["status"] in ("active", "trialing"):
        _set_status(box, subscription, "past_due")


def when_exhausted(box: Box, invoice: Row) -> None:
    """Do what the settings say after the last try."""
    when_failed(box, invoice)
    subscription = _of(box, invoice)
    if subscription is None or subscription["status"] != "past_due":
        return
    end = box.settings["dunning_end"]
    if end == "cancel":
        ending.end(box, subscription, reason="payment_failed")
    elif end == "unpaid":
        _set_status(box, subscription, "unpaid")


def when_void(box: Box, invoice: Row) -> None:
    subscription = _of(box, invoice)
    if subscription is None or _owes(box, subscription):
        return
    if subscription["status"] in ("past_due", "unpaid"):
        _set_status(box, subscription, "active")


collecting.WHEN_PAID.append(when_paid)
collecting.WHEN_PROCESSING.append(when_processing)
collecting.WHEN_FAILED.append(when_failed)
collecting.WHEN_EXHAUSTED.append(when_exhausted)
collecting.WHEN_VOID.append(when_void)


def _keep_method(box: Box, subscription: Row, invoice: Row) -> None:
    """Charge what has paid from now on, where the subscription is to remember it."""
    payment = collecting.payment_of(box, invoice)
    if (
        payment is None
        or payment["status"] != "paid"
        or subscription["payment_settings"]["save_default_payment_method"] == "off"
    ):
        return
    intent = box.get("payment_intent", payment["payment"]["payment_intent"])
    with changing(box, subscription, "customer.subscription.updated"):
        subscription["default_payment_method"] = intent["payment_method"]


def _of(box: Box, invoice: Row) -> Row | None:
    subscription = subscription_of(box, invoice)
    if subscription is None or subscription["ended_at"] is not None:
        return None
    return subscription


def _is_waited_for(subscription: Row, invoice: Row) -> bool:
    return bool(
        subscription["_waiting"] and subscription["_waiting"]["invoice"] == invoice["id"]
    )


def _owes(box: Box, subscription: Row) -> bool:
    """Return whether an invoice of it was tried and is still open."""
    return any(
        row["status"] == "open" and row["attempted"] and row["amount_remaining"] > 0
        for row in box.every("invoice")
        if subscription_of(box, row) is subscription
        and not _is_waited_for(subscription, row)
    )


def _set_status(box: Box, subscription: Row, status: str) -> None:
    with changing(box, subscription, "customer.subscription.updated"):
        subscription["status"] = status
