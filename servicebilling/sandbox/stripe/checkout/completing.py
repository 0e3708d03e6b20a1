"""What happens when a customer pays on the page of a session."""

from dataclasses import dataclass, field

from servicebilling.sandbox.stripe import (
    coupons,
    customers,
    payment_methods,
    payments,
    setup_intents,
)
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.cards import Card
from servicebilling.sandbox.stripe.checkout import amounts, opening, places
from servicebilling.sandbox.stripe.errors import ApiError
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.invoices import collecting, drafting, finalizing, lines
from servicebilling.sandbox.stripe.parameters import merged
from servicebilling.sandbox.stripe.subscriptions.creating import Order
from servicebilling.sandbox.stripe.subscriptions.creating import create as create_order


@dataclass
class Payer:
    """What the customer typed; `card` None where nothing has to be paid now or later."""

    card: Card | None
    email: str = ""
    name: str = ""
    is_authenticated: bool = False
    address: Row = field(default_factory=dict)


class Asks(Exception):
    """The card's bank wants to hear from its owner first."""


def needs_card(session: Row) -> bool:
    """Return whether the page must ask for a card."""
    if session["mode"] == "setup":
        return True
    if session["mode"] == "payment":
        return bool(session["amount_total"])
    return bool(session["amount_total"]) or session["payment_method_collection"] == "always"


def use_code(box: Box, session: Row, code: str) -> None:
    """Apply a promotion code that the customer typed; raise ApiError when it is not valid."""
    if not session["allow_promotion_codes"]:
        raise refused("This page takes no codes.")
    found = next(
        (
            row
            for row in box.every("promotion_code")
            if row["active"] and row["code"].lower() == code.strip().lower()
        ),
        None,
    )
    problem = "This code is invalid."
    if found is not None:
        problem = coupons.redeemable(
            box,
            found,
            customer=session["customer"],
            amount=session["amount_subtotal"],
            currency=session["currency"],
        )
    if found is None or problem:
        raise refused(problem)
    opening.redeem(box, session, [{"promotion_code": found["id"]}])
    amounts.add_up(box, session)


def pay(box: Box, session: Row, payer: Payer) -> Row:
    """Complete an open session.

    Raises `Asks` when the bank wants authentication, ApiError when the card is refused: the
    session is then still open, and the customer may try another card.
    """
    if session["status"] != "open":
        raise refused(f"This page is no longer open: {session['status']}.")
    if payer.card is None and needs_card(session):
        raise refused("A card is needed.")
    method = None
    if payer.card is not None:
        details = {"email": payer.email or None, "name": payer.name or None}
        method = payment_methods.make(box, payer.card, details=details)
    places.keep(box, session, payer.address)
    act = {"payment": _pay_once, "subscription": _subscribe, "setup": _set_up}
    act[session["mode"]](box, session, payer, method)
    session["status"] = "complete"
    customer = box.find("customer", session["customer"]) or {}
    session["customer_details"] = opening.details(
        customer, email=payer.email or customer.get("email"), name=payer.name
    )
    emit(box, "checkout.session.completed", session)
    return session


def follow(box: Box, intent: Row) -> None:
    """Tell what became of a payment that was still under way when the page closed."""
    session = box.get("checkout.session", intent["_owner"][1])
    if session["status"] != "complete" or session["payment_status"] != "unpaid":
        return
    if intent["status"] == "succeeded":
        _settle_late(box, session)
    elif intent["status"] == "requires_payment_method":
        emit(box, "checkout.session.async_payment_failed", session)


def follow_invoice_paid(box: Box, invoice: Row) -> None:
    for session in _awaiting(box, invoice):
        _settle_late(box, session)


def follow_invoice_failed(box: Box, invoice: Row) -> None:
    for session in _awaiting(box, invoice):
        if invoice["attempt_count"] <= 1:
            emit(box, "checkout.session.async_payment_failed", session)


def _awaiting(box: Box, invoice: Row) -> list[Row]:
    """Return the session that is complete, but whose first invoice is still to be paid."""
    return [
        row
        for row in box.every("checkout.session")
        if row["invoice"] == invoice["id"]
        and row["status"] == "complete"
        and row["payment_status"] == "unpaid"
    ]


payments.OWNERS["checkout.session"] = follow
collecting.WHEN_PAID.append(follow_invoice_paid)
collecting.WHEN_FAILED.append(follow_invoice_failed)


def _settle_late(box: Box, session: Row) -> None:
    session["payment_status"] = "paid"
    if (session["invoice_creation"] or {}).get("enabled") and not session["invoice"]:
        _write_invoice(box, session)
    emit(box, "checkout.session.async_payment_succeeded", session)


def _pay_once(box: Box, session: Row, payer: Payer, method: Row | None) -> None:
    if not session["amount_total"]:
        session["payment_status"] = "no_payment_required"
        return
    if session["customer_creation"] == "always" and not session["customer"]:
        session["customer"] = _new_customer(box, payer)["id"]
    intent = _intent(box, session)
    if method is None:
        raise refused("A card is needed.")
    status = payments.confirm(
        box, intent, method, off_session=False, is_authenticated=payer.is_authenticated
    )
    if status == "requires_action":
        raise Asks
    if status == "requires_payment_method":
        raise _refusal(intent)
    if status == "succeeded":
        session["payment_status"] = "paid"
        if session["invoice_creation"]["enabled"]:
            _write_invoice(box, session)


def _intent(box: Box, session: Row) -> Row:
    """Return the session's payment intent, made when the first card is tried."""
    found = box.find("payment_intent", session["payment_intent"])
    if found is not None:
        found["amount"] = session["amount_total"]
        return found
    data = session["_payment_intent_data"]
    intent = payments.make(
        box,
        amount=session["amount_total"],
        currency=session["currency"],
        customer=session["customer"],
        description=data.get("description"),
        metadata=merged({}, data.get("metadata", {})),
        owner=session,
        receipt_email=data.get("receipt_email"),
        setup_future_usage=data.get("setup_future_usage"),
    )
    session["payment_intent"] = intent["id"]
    return intent


def _subscribe(box: Box, session: Row, payer: Payer, method: Row | None) -> None:
    if method is not None:
        problem = payments.refusal(
            box, method, off_session=False, is_authenticated=payer.is_authenticated
        )
        if problem is not None and problem.error.get("code") == "authentication_required":
            raise Asks
        is_charged = bool(session["amount_total"])
        if problem is not None and (is_charged or method_is_refused(method)):
            raise problem
    customer = _customer(box, session, payer)
    if method is not None:
        payment_methods.attach(box, method, customer)
        method["_is_set_up"] = True
    subscription = create_order(box, _order(box, session, customer, method))
    session |= {
        "subscription": subscription["id"],
        "invoice": subscription["latest_invoice"],
    }
    if not session["amount_total"]:
        session["payment_status"] = "no_payment_required"
    elif box.get("invoice", subscription["latest_invoice"])["status"] == "paid":
        session["payment_status"] = "paid"


def method_is_refused(method: Row) -> bool:
    """Return whether a card cannot even be kept."""
    return payment_methods.card_of(method).behaviour == "declines"


def _order(box: Box, session: Row, customer: Row, method: Row | None) -> Order:
    data = session["_subscription_data"]
    at = box.now(customer["id"])
    trial_end = data.get("trial_end")
    if "trial_period_days" in data:
        trial_end = at + data["trial_period_days"] * 86_400
    fields: Row = {
        "metadata": merged({}, data.get("metadata", {})),
        "default_payment_method": method and method["id"],
        "description": data.get("description"),
    }
    if "trial_settings" in data:
        fields["trial_settings"] = data["trial_settings"]
    if session["automatic_tax"]["enabled"]:
        fields["automatic_tax"] = {
            "disabled_reason": None,
            "enabled": True,
            "liability": {"type": "self"},
        }
    if data.get("billing_mode", {}).get("type") == "classic":
        fields["billing_mode"] = {"type": "classic", "flexible": None}
    return Order(
        customer=customer,
        items=[
            {
                "price": row["price"],
                "quantity": row["quantity"],
                "metadata": row["metadata"],
            }
            for row in session["_lines"]
            if row["price"]["recurring"]
        ],
        fields=fields,
        trial_end=trial_end,
        anchor=data.get("billing_cycle_anchor"),
        anchor_config=data.get("billing_cycle_anchor_config"),
        proration_behavior=data.get("proration_behavior", "create_prorations"),
        extras=_one_time_lines(session, at),
        discount_ids=list(session["_discount_ids"]),
        off_session=False,
        is_authenticated=True,
    )


def _one_time_lines(session: Row, at: int) -> list[Row]:
    return [
        lines.make(
            amount=row["amount_subtotal"],
            currency=row["currency"],
            description=row["description"],
            start=at,
            end=at,
            price=row["price"],
            quantity=row["quantity"],
            metadata=dict(row["metadata"]),
        )
        for row in session["_lines"]
        if not row["price"]["recurring"]
    ]


def _set_up(box: Box, session: Row, payer: Payer, method: Row | None) -> None:
    if method is None:
        raise refused("A card is needed.")
    intent = box.find("setup_intent", session["setup_intent"]) or setup_intents.make(
        box, customer=session["customer"], metadata=session["_setup_metadata"]
    )
    session["setup_intent"] = intent["id"]
    status = setup_intents.confirm(
        box, intent, method, is_authenticated=payer.is_authenticated
    )
    if status == "requires_action":
        raise Asks
    if status != "succeeded":
        raise _refusal({"last_payment_error": intent["last_setup_error"]})


def _customer(box: Box, session: Row, payer: Payer) -> Row:
    found = box.find("customer", session["customer"])
    if found is None:
        found = _new_customer(box, payer)
        session["customer"] = found["id"]
    return found


def _new_customer(box: Box, payer: Payer) -> Row:
    customer = customers.make(box, email=payer.email or None, name=payer.name or None)
    emit(box, "customer.created", customer)
    return customer


def _write_invoice(box: Box, session: Row) -> None:
    """Write the invoice that documents a payment already made."""
    customer = box.find("customer", session["customer"])
    if customer is None:
        return
    at = box.now(customer["id"])
    data = session["invoice_creation"]["invoice_data"]
    invoice = drafting.make(
        box,
        customer,
        currency=session["currency"],
        lines=_one_time_lines(session, at),
        period=(at, at),
        has_tax=session["automatic_tax"]["enabled"],
        description=data["description"],
        footer=data["footer"],
        custom_fields=data["custom_fields"],
        metadata=dict(data["metadata"]),
        discounts=list(session["_discount_ids"]),
        _pays_with=session["payment_intent"],
    )
    finalizing.finalize(box, invoice)
    session["invoice"] = invoice["id"]
    if invoice["status"] == "open":
        collecting.mark_paid(box, invoice, was_charged=True)


def _refusal(intent: Row) -> ApiError:
    error = intent["last_payment_error"]
    return ApiError(
        error["message"], status=402, kind="card_error", code=error.get("code", "")
    )
