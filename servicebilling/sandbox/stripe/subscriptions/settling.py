"""Set what a subscription is told to be: fields, cancellation, trial, items."""

from servicebilling.sandbox.stripe import discounts, payment_methods, pricing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing
from servicebilling.sandbox.stripe.invoices import finalizing, items, lines
from servicebilling.sandbox.stripe.parameters import merged
from servicebilling.sandbox.stripe.subscriptions import changing as changes
from servicebilling.sandbox.stripe.subscriptions import ordering, rows, waking
from servicebilling.sandbox.stripe.subscriptions.prorating import work_out

AS_GIVEN = ("collection_method", "days_until_due", "description", "trial_settings")


def fields_of(box: Box, customer: Row, params: Row) -> Row:
    """Return the fields of a subscription that parameters set directly."""
    fields = {key: params[key] for key in AS_GIVEN if key in params}
    if "default_payment_method" in params:
        method = payment_methods.usable(
            box, params["default_payment_method"], param="default_payment_method"
        )
        if method["customer"] != customer["id"]:
            raise refused(
                f"The customer does not have a payment method with the ID {method['id']}.",
                param="default_payment_method",
                code="resource_missing",
            )
        fields["default_payment_method"] = method["id"]
    if "automatic_tax" in params:
        fields["automatic_tax"] = rows.automatic_tax(params["automatic_tax"]["enabled"])
    if "metadata" in params:
        fields["metadata"] = merged({}, params["metadata"])
    if "billing_mode" in params:
        fields["billing_mode"] = rows.billing_mode(params["billing_mode"]["type"])
    if "payment_settings" in params:
        empty: Row = rows.EMPTY["payment_settings"]
        fields["payment_settings"] = empty | params["payment_settings"]
    if "pause_collection" in params:
        paused = params["pause_collection"]
        fields["pause_collection"] = paused and {"resumes_at": None, **paused}
    return fields


def update(box: Box, subscription: Row, params: Row) -> None:
    """Carry out an update: what is simple first, then what costs money."""
    customer = box.get("customer", subscription["customer"])
    change = _change(box, subscription, params)
    fields = fields_of(box, customer, params)
    if "metadata" in params:
        fields["metadata"] = merged(subscription["metadata"], params["metadata"])
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= fields
        if "discounts" in params:
            subscription["discounts"] = discounts.make_all(
                box,
                params["discounts"] or [],
                customer=customer["id"],
                subscription=subscription["id"],
            )
        details = params.get("cancellation_details", {})
        subscription["cancellation_details"] = (
            subscription["cancellation_details"] | details
        )
    set_cancellation(box, subscription, params)
    if "add_invoice_items" in params:
        _hold_extras(box, subscription, params["add_invoice_items"])
    if "trial_end" in params:
        _set_trial_end(box, subscription, params["trial_end"])
    if change is not None:
        changes.carry_out(
            box,
            subscription,
            change,
            proration_behavior=params.get("proration_behavior", "create_prorations"),
            payment_behavior=params.get("payment_behavior", "allow_incomplete"),
            off_session=params.get("off_session", True),
        )
    waking.plan_next(box, subscription)


def set_cancellation(box: Box, subscription: Row, params: Row) -> None:
    """Set or take back a cancellation that is to come."""
    if params.get("cancel_at_period_end") and params.get("cancel_at") is not None:
        raise refused(
            "You cannot set both cancel_at and cancel_at_period_end.", param="cancel_at"
        )
    if "cancel_at_period_end" not in params and "cancel_at" not in params:
        return
    at = box.now(subscription["customer"])
    with_period = params.get("cancel_at_period_end", False)
    # With mixed intervals the flag means the shortest, even if a year is paid.
    moment = rows.first_period_end(box, subscription) if with_period else None
    asked = params.get("cancel_at")
    if asked == "min_period_end":
        moment = rows.first_period_end(box, subscription)
    elif asked == "max_period_end":
        moment = rows.last_period_end(box, subscription)
    elif asked is not None:
        if asked <= at:
            raise refused("cancel_at must be in the future.", param="cancel_at")
        moment = asked
    reason = "cancellation_requested" if moment else None
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {
            "cancel_at": moment,
            "cancel_at_period_end": with_period,
            "canceled_at": at if moment else None,
        }
        subscription["cancellation_details"] = subscription["cancellation_details"] | {
            "reason": reason
        }


def credit_the_rest(box: Box, subscription: Row) -> None:
    """Let the next invoice give back what is unused of flat prices."""
    at = box.now(subscription["customer"])
    for item in rows.items_of(box, subscription):
        if "quantity" not in item or subscription["status"] == "trialing":
            continue
        price = box.get("price", item["price"])
        start, end = item["current_period_start"], item["current_period_end"]
        amount = pricing.part(
            pricing.cost(price, item["quantity"]), of=end - at, whole=end - start
        )
        line = lines.of_proration(
            box,
            item,
            price=price,
            quantity=item["quantity"],
            amount=-amount,
            start=at,
            end=end,
        )
        items.hold(
            box,
            line,
            customer=subscription["customer"],
            subscription=subscription["id"],
            is_proration=True,
        )


def _change(box: Box, subscription: Row, params: Row) -> changes.Change | None:
    resets = params.get("billing_cycle_anchor", {}).get("type") == "now"
    if "items" not in params and not resets:
        return None
    at = params.get("proration_date", box.now(subscription["customer"]))
    return work_out(
        box,
        subscription,
        params.get("items", []),
        at=at,
        is_prorated=params.get("proration_behavior") != "none",
        resets_anchor=resets,
    )


def _set_trial_end(box: Box, subscription: Row, trial_end: int | str) -> None:
    """Shorten, lengthen, or end a trial; ended, the first period begins and is billed."""
    at = box.now(subscription["customer"])
    if trial_end == "now" or int(trial_end) <= at:
        if subscription["status"] != "trialing":
            return
        subscription["trial_end"] = at
        if not subscription["_trial_told"]:
            waking.tell_of_trial_end(box, subscription)
        due = rows.items_of(box, subscription)
        invoice = waking.start_cycle(
            box, subscription, due, at, reason="subscription_update"
        )
        invoice["auto_advance"] = True
        finalizing.finalize_and_collect(box, invoice)
        return
    moment = int(trial_end)
    with changing(box, subscription, "customer.subscription.updated"):
        subscription |= {
            "status": "trialing",
            "trial_start": subscription["trial_start"] or at,
            "trial_end": moment,
            "billing_cycle_anchor": moment,
            "_trial_told": False,
        }
        for item in rows.items_of(box, subscription):
            item |= {"current_period_end": moment, "_anchor": moment}
    waking.tell_of_trial_end(box, subscription)


def _hold_extras(box: Box, subscription: Row, given: list[Row]) -> None:
    at = box.now(subscription["customer"])
    for line in ordering.extra_lines(box, given, at=at):
        items.hold(
            box,
            line,
            customer=subscription["customer"],
            subscription=subscription["id"],
        )
