"""Taking money: payment intents through all their tries and confirmations."""

from collections.abc import Callable
from typing import Any

from servicebilling.sandbox.stripe import charges, clock, disputes, faults, payment_methods
from servicebilling.sandbox.stripe.box import Box, Row, new_id, refused
from servicebilling.sandbox.stripe.errors import ApiError, card_error
from servicebilling.sandbox.stripe.events import emit
from servicebilling.sandbox.stripe.presenting import shown

# Who is told when an intent was paid, has failed or is being decided: by kind of owner.
OWNERS: dict[str, Callable[[Box, Row], None]] = {}


def make(
    box: Box,
    *,
    amount: int,
    currency: str,
    customer: str | None = None,
    description: str | None = None,
    metadata: Row | None = None,
    owner: Row | None = None,
    **more: Any,
) -> Row:
    """Return a new intent; `owner` is the invoice or checkout session it pays for."""
    id = new_id("pi_")
    intent = box.add(
        "payment_intent",
        {
            "amount": amount,
            "amount_capturable": 0,
            "amount_details": {"tip": {}},
            "amount_received": 0,
            "application": None,
            "application_fee_amount": None,
            "automatic_payment_methods": None,
            "canceled_at": None,
            "cancellation_reason": None,
            "capture_method": "automatic_async",
            "client_secret": payment_methods.new_secret(id),
            "confirmation_method": "automatic",
            "currency": currency,
            "customer": customer,
            "customer_account": None,
            "description": description,
            "excluded_payment_method_types": None,
            "last_payment_error": None,
            "latest_charge": None,
            "metadata": metadata or {},
            "next_action": None,
            "on_behalf_of": None,
            "payment_method": None,
            "payment_method_configuration_details": None,
            "payment_method_options": {},
            "payment_method_types": ["card", "sepa_debit"],
            "processing": None,
            "receipt_email": None,
            "review": None,
            "setup_future_usage": None,
            "shipping": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": "requires_payment_method",
            "transfer_data": None,
            "transfer_group": None,
            "_owner": [owner["object"], owner["id"]] if owner else None,
            **more,
        },
        id=id,
    )
    emit(box, "payment_intent.created", intent)
    return intent


def confirm(
    box: Box, intent: Row, method: Row, *, off_session: bool, is_authenticated: bool = False
) -> str:
    """Try to take the money; return the status the intent has then.

    A card that asks for authentication leaves it in requires_action, off session as well.
    """
    card = payment_methods.card_of(method)
    fault = faults.for_card(box)
    intent["payment_method"] = method["id"]
    if fault:
        decline = fault.get("decline_code", "generic_decline")
        _fail(box, intent, method, code="card_declined", decline_code=decline)
    elif card.behaviour in ("declines", "declines_charges"):
        _fail(box, intent, method, code=card.code, decline_code=card.decline_code)
    elif asks(method, off_session=off_session) and not is_authenticated:
        _ask(box, intent)
    elif card.is_debit:
        _process(box, intent, method)
    else:
        _succeed(box, intent, method, charges.make(box, intent, method, status="succeeded"))
    return str(intent["status"])


def refusal(
    box: Box, method: Row | None, *, off_session: bool, is_authenticated: bool = False
) -> ApiError | None:
    """Return how a charge would be refused, without trying it; None when it would not.

    A fault that was asked for the next card strikes here already.
    """
    if method is None:
        return refused(
            "This customer has no attached payment source or default payment method."
        )
    card = payment_methods.card_of(method)
    fault = faults.for_card(box)
    if fault:
        decline = fault.get("decline_code", "generic_decline")
        return card_error(
            "Your card was declined.", code="card_declined", decline_code=decline
        )
    if card.behaviour in ("declines", "declines_charges"):
        return card_error(card.message, code=card.code, decline_code=card.decline_code)
    if asks(method, off_session=off_session) and not is_authenticated:
        return card_error(
            "Your card was declined. This transaction requires authentication.",
            code="authentication_required",
            decline_code="authentication_required",
        )
    return None


def asks(method: Row, *, off_session: bool) -> bool:
    """Return whether the bank wants to hear from the card's owner first."""
    behaviour = payment_methods.card_of(method).behaviour
    return behaviour == "authenticates_always" or (
        behaviour == "authenticates_once" and not (method["_is_set_up"] and off_session)
    )


def authenticate(box: Box, intent: Row, *, succeeds: bool) -> str:
    """Finish what the bank asked for; return the status the intent has then."""
    method = box.get("payment_method", intent["payment_method"])
    intent["next_action"] = None
    if succeeds:
        return confirm(box, intent, method, off_session=False, is_authenticated=True)
    intent["status"] = "requires_payment_method"
    intent["payment_method"] = None
    intent["last_payment_error"] = error_of(
        box,
        method,
        code="payment_intent_authentication_failure",
        decline_code="",
        message="The provided PaymentMethod has failed authentication. You can provide"
        " payment_method_data or a new PaymentMethod to attempt to fulfill this"
        " PaymentIntent again.",
    )
    emit(box, "payment_intent.payment_failed", intent)
    _tell_owner(box, intent)
    return str(intent["status"])


def cancel(box: Box, intent: Row, *, reason: str | None = None) -> Row:
    if intent["status"] in ("succeeded", "canceled"):
        raise refused(
            "You cannot cancel this PaymentIntent because it has a status of"
            f" {intent['status']}.",
            code="payment_intent_unexpected_state",
        )
    intent |= {
        "status": "canceled",
        "canceled_at": box.now(intent["customer"]),
        "cancellation_reason": reason,
        "next_action": None,
    }
    emit(box, "payment_intent.canceled", intent)
    return intent


def _succeed(box: Box, intent: Row, method: Row, charge: Row) -> None:
    charges.succeed(box, charge)
    emit(box, "charge.succeeded", charge)
    intent |= {
        "status": "succeeded",
        "amount_received": intent["amount"],
        "latest_charge": charge["id"],
        "last_payment_error": None,
        "next_action": None,
    }
    if intent["setup_future_usage"]:
        method["_is_set_up"] = True
        customer = box.find("customer", intent["customer"])
        if customer and method["customer"] is None:
            payment_methods.attach(box, method, customer)
    emit(box, "payment_intent.succeeded", intent)
    _tell_owner(box, intent)
    if payment_methods.card_of(method).behaviour in (
        "pays_then_disputes",
        "debits_then_disputes",
    ):
        disputes.open_dispute(box, charge)


def _fail(box: Box, intent: Row, method: Row, *, code: str, decline_code: str) -> None:
    card = payment_methods.card_of(method)
    message = (
        card.message if decline_code == card.decline_code else "Your card was declined."
    )
    error = error_of(box, method, code=code, decline_code=decline_code, message=message)
    charge = charges.make(box, intent, method, status="failed", error=error)
    error["charge"] = charge["id"]
    emit(box, "charge.failed", charge)
    _note_failure(box, intent, charge, error)


def _note_failure(box: Box, intent: Row, charge: Row, error: Row) -> None:
    intent |= {
        "status": "requires_payment_method",
        "latest_charge": charge["id"],
        "last_payment_error": error,
        "next_action": None,
        "payment_method": None,
        "processing": None,
    }
    emit(box, "payment_intent.payment_failed", intent)
    _tell_owner(box, intent)


def _ask(box: Box, intent: Row) -> None:
    intent["status"] = "requires_action"
    intent["next_action"] = {
        "type": "redirect_to_url",
        "redirect_to_url": {
            "return_url": intent.get("_return_url"),
            "url": f"{box.base_url}/authenticate/{intent['id']}",
        },
    }
    emit(box, "payment_intent.requires_action", intent)
    _tell_owner(box, intent)


def _process(box: Box, intent: Row, method: Row) -> None:
    charge = charges.make(box, intent, method, status="pending")
    intent |= {"status": "processing", "latest_charge": charge["id"]}
    emit(box, "charge.pending", charge)
    emit(box, "payment_intent.processing", intent)
    at = box.now(intent["customer"]) + box.settings["debit_days"] * 86_400
    clock.plan(box, "debit", intent["id"], at=at, customer=intent["customer"])
    _tell_owner(box, intent)


@clock.does("debit")
def settle_debit(box: Box, id: str) -> None:
    """Decide a direct debit that is under way."""
    intent = box.find("payment_intent", id)
    if intent is None or intent["status"] != "processing":
        return
    method = box.get("payment_method", intent["payment_method"])
    charge = box.get("charge", intent["latest_charge"])
    card = payment_methods.card_of(method)
    if card.behaviour != "debit_fails":
        _succeed(box, intent, method, charge)
        return
    error = error_of(
        box, method, code=card.code, decline_code=card.decline_code, message=card.message
    )
    error["charge"] = charge["id"]
    charge |= {
        "status": "failed",
        "captured": False,
        "failure_code": card.decline_code,
        "failure_message": card.message,
    }
    emit(box, "charge.failed", charge)
    _note_failure(box, intent, charge, error)


def error_of(box: Box, method: Row, *, code: str, decline_code: str, message: str) -> Row:
    more = {"decline_code": decline_code} if decline_code else {}
    error: Row = card_error(message, code=code, more=more).error
    return error | {"payment_method": shown(box, method)}


def _tell_owner(box: Box, intent: Row) -> None:
    if intent["_owner"]:
        OWNERS[intent["_owner"][0]](box, intent)
