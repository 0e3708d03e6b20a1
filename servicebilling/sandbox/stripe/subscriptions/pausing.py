"""Pause a subscription and resume it: no invoices and no service in between.

Only in flexible billing mode, and not under a schedule. (`pause_collection` is another thing:
the subscription goes on, only its invoices are not collected.)
"""

from servicebilling.sandbox.stripe import routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.invoices import finalizing, gathering
from servicebilling.sandbox.stripe.parameters import MOMENT, Anything, Choice, Hash
from servicebilling.sandbox.stripe.subscriptions import rows, waking
from servicebilling.sandbox.stripe.subscriptions.prorating import work_out

PATH = "/v1/subscriptions/{subscription}"


@routing.post(
    PATH + "/pause",
    Hash(
        bill_for=Anything(),
        invoicing_behavior=Choice("invoice", "pending_invoice_item"),
        type=Choice("subscription"),
    ),
)
def pause(box: Box, params: Row, id: str) -> Row:
    subscription = box.named_in_path("subscription", id)
    if subscription["billing_mode"]["type"] != "flexible":
        raise refused("Only subscriptions in flexible billing mode can be paused.")
    if subscription["schedule"]:
        raise refused("A subscription with a schedule cannot be paused.")
    if subscription["status"] not in ("active", "trialing", "past_due"):
        raise refused(f"A subscription that is {subscription['status']} cannot be paused.")
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {
            "status": "paused",
            "status_details": {"paused": {"subscription": {"type": "pause_requested"}}},
        }
    emit(box, "customer.subscription.paused", subscription)
    return subscription


@routing.post(
    PATH + "/resume",
    Hash(
        billing_cycle_anchor=Hash(must=["type"], type=Choice("now", "unchanged")),
        payment_behavior=Choice("resume_on_payment_attempt", "resume_on_payment_success"),
        proration_behavior=Choice("always_invoice", "create_prorations", "none"),
        proration_date=MOMENT,
    ),
)
def resume(box: Box, params: Row, id: str) -> Row:
    """Go on: with a new period from now on that is billed at once, or with the old one."""
    subscription = box.named_in_path("subscription", id)
    if subscription["status"] != "paused":
        raise refused("Only a paused subscription can be resumed.")
    at = box.now(subscription["customer"])
    anew = params.get("billing_cycle_anchor", {"type": "now"})["type"] == "now"
    has_ended = rows.first_period_end(box, subscription) <= at
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {"status": "active", "status_details": None}
        subscription["trial_end"] = subscription["trial_end"] and min(
            subscription["trial_end"], at
        )
    emit(box, "customer.subscription.resumed", subscription)
    if anew or has_ended:
        change = work_out(
            box, subscription, [], at=at, is_prorated=False, resets_anchor=True
        )
        with changing(box, subscription, "customer.subscription.updated"):
            rows.keep_items(box, subscription, change.items)
            subscription["billing_cycle_anchor"] = at
        flat = [line for line in change.charges if not line["_counts"]]
        invoice = gathering.draft(
            box, subscription, lines=flat, period=(at, at), reason="subscription_cycle"
        )
        subscription["latest_invoice"] = invoice["id"]
        invoice["auto_advance"] = True
        finalizing.finalize_and_collect(box, invoice)
    waking.plan_next(box, subscription)
    return subscription
