"""What customers and their banks do, without a browser."""

from servicebilling.sandbox.stripe import cards, disputes, payments, portal, refunds
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.checkout import completing, opening
from servicebilling.sandbox.stripe.checkout.completing import Asks, Payer
from servicebilling.sandbox.stripe.control.routes import does
from servicebilling.sandbox.stripe.errors import card_error
from servicebilling.sandbox.stripe.parameters import (
    ID,
    Choice,
    Flag,
    Hash,
    Text,
    Whole,
)
from servicebilling.sandbox.stripe.presenting import shown

PAY = Hash(card=Text(), code=Text(), email=Text(), name=Text(), authenticates=Flag())


@does("POST", "checkout/{session}/pay", PAY)
def pay(box: Box, params: Row, id: str) -> Row:
    """Pay a session as its page would; a refused card is a 402 and leaves it open."""
    session = box.named_in_path("checkout.session", id)
    if "code" in params:
        completing.use_code(box, session, params["code"])
    card = _card(params.get("card", "4242424242424242"))
    payer = Payer(
        card if completing.needs_card(session) else None,
        email=params.get("email", ""),
        name=params.get("name", ""),
    )
    try:
        return _shown(box, completing.pay(box, session, payer))
    except Asks:
        if not params.get("authenticates", True):
            raise card_error(
                "The customer did not authenticate.", code="authentication_required"
            ) from None
    payer.is_authenticated = True
    return _shown(box, completing.pay(box, session, payer))


@does("POST", "checkout/{session}/expire")
def expire(box: Box, params: Row, id: str) -> Row:
    return _shown(box, opening.expire(box, box.named_in_path("checkout.session", id)))


@does("POST", "debits/{intent}/settle")
def settle_debit(box: Box, params: Row, id: str) -> Row:
    """Decide a direct debit now instead of days later."""
    intent = box.named_in_path("payment_intent", id)
    payments.settle_debit(box, id)
    return _shown(box, intent)


@does("POST", "authentications/{intent}", Hash(succeeds=Flag()))
def authenticate(box: Box, params: Row, id: str) -> Row:
    """Answer the bank's question about a payment intent."""
    intent = box.named_in_path("payment_intent", id)
    if intent["status"] != "requires_action":
        raise refused(f"This payment intent is {intent['status']}.")
    payments.authenticate(box, intent, succeeds=params.get("succeeds", True))
    return _shown(box, intent)


@does(
    "POST",
    "disputes",
    Hash(
        amount=Whole(least=1),
        charge=ID,
        is_inquiry=Flag(),
        payment_intent=ID,
        reason=Text(),
    ),
)
def dispute(box: Box, params: Row) -> Row:
    """Have the bank take a charge back, or ask about it first."""
    charge = params.get("charge")
    if "payment_intent" in params:
        intent = box.named(
            "payment_intent", params["payment_intent"], param="payment_intent"
        )
        charge = intent["latest_charge"]
    made = disputes.open_dispute(
        box,
        box.named("charge", charge or "", param="charge"),
        amount=params.get("amount"),
        reason=params.get("reason", "fraudulent"),
        is_inquiry=params.get("is_inquiry", False),
    )
    return _shown(box, made)


@does("POST", "disputes/{dispute}/escalate")
def escalate(box: Box, params: Row, id: str) -> Row:
    return _shown(box, disputes.escalate(box, box.named_in_path("dispute", id)))


@does(
    "POST",
    "disputes/{dispute}/decide",
    Hash(must=["status"], status=Choice("lost", "won")),
)
def decide(box: Box, params: Row, id: str) -> Row:
    dispute = box.named_in_path("dispute", id)
    return _shown(box, disputes.decide(box, dispute, params["status"]))


@does("POST", "refunds/{refund}/fail", Hash(reason=Text()))
def fail_refund(box: Box, params: Row, id: str) -> Row:
    refund = box.named_in_path("refund", id)
    reason = params.get("reason", "lost_or_stolen_card")
    return _shown(box, refunds.fail(box, refund, reason=reason))


@does(
    "POST",
    "portal/{customer}",
    Hash(
        must=["act"],
        act=Choice("cancel", "card", "undo"),
        card=Text(),
        feedback=Text(),
        subscription=ID,
    ),
)
def use_portal(box: Box, params: Row, id: str) -> Row:
    """Do in the portal what a customer would: another card, cancel, undo."""
    customer = box.named_in_path("customer", id)
    if params["act"] == "card":
        card = _card(params.get("card", "4242424242424242"))
        portal.change_card(box, customer, card, is_authenticated=True)
        return _shown(box, customer)
    given = params.get("subscription", "")
    subscription = box.named("subscription", given, param="subscription")
    if subscription["customer"] != id or subscription["ended_at"] is not None:
        raise refused("This customer has no such subscription.", param="subscription")
    if params["act"] == "cancel":
        portal.cancel(box, subscription, feedback=params.get("feedback"))
    else:
        portal.undo_cancel(box, subscription)
    return _shown(box, subscription)


def _card(number: str) -> cards.Card:
    card = cards.by_number(number)
    if card is None:
        raise refused("Only test cards work here.", param="card")
    return card


def _shown(box: Box, row: Row) -> Row:
    found: Row = shown(box, row)
    return found
