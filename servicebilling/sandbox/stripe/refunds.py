"""Refunds: money back, at once for cards, days later for direct debits; some fail."""

from servicebilling.sandbox.stripe import charges, clock, listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    Choice,
    Flag,
    Hash,
    Metadata,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.payment_methods import card_of

PATH = "/v1/refunds"
DECIDED_AFTER_SECONDS = 5 * 86_400
CREATE = Hash(
    amount=Whole(least=1),
    charge=ID,
    instructions_email=Text(),
    metadata=Metadata(),
    payment_intent=ID,
    reason=Choice("duplicate", "fraudulent", "requested_by_customer"),
    refund_application_fee=Flag(),
    reverse_transfer=Flag(),
)


def make(
    box: Box,
    charge: Row,
    *,
    amount: int | None = None,
    reason: str | None = None,
    metadata: Row | None = None,
) -> Row:
    """Refund a charge, in full unless an amount is given; raise ApiError if it cannot be."""
    amount = charges.refundable(charge) if amount is None else amount
    _check(box, charge, amount)
    card = card_of(box.get("payment_method", charge["payment_method"]))
    refund = box.add(
        "refund",
        {
            "amount": amount,
            "balance_transaction": None,
            "charge": charge["id"],
            "currency": charge["currency"],
            "metadata": metadata or {},
            "payment_intent": charge["payment_intent"],
            "reason": reason,
            "receipt_number": None,
            "source_transfer_reversal": None,
            "status": "pending" if card.is_debit else "succeeded",
            "transfer_reversal": None,
            "created": box.now(charge["customer"]),
        },
    )
    if not card.is_debit:
        refund["destination_details"] = {
            "type": "card",
            "card": {
                "reference_status": "pending",
                "reference_type": "acquirer_reference_number",
                "type": "refund",
            },
        }
    refund["balance_transaction"] = charges.book(
        box,
        amount=-amount,
        currency=charge["currency"],
        source=refund["id"],
        kind="refund",
    )["id"]
    _count(charge, amount)
    emit(box, "charge.refunded", charge)
    emit(box, "refund.created", refund)
    if card.is_debit or card.behaviour == "refunds_fail":
        clock.plan(
            box,
            "refund",
            refund["id"],
            at=refund["created"] + DECIDED_AFTER_SECONDS,
            customer=charge["customer"],
        )
    return refund


def fail(box: Box, refund: Row, *, reason: str = "lost_or_stolen_card") -> Row:
    """The money comes back: the refund has not reached the customer."""
    charge = box.get("charge", refund["charge"])
    with changing(box, refund, "refund.updated"):
        refund |= {"status": "failed", "failure_reason": reason}
        refund["failure_balance_transaction"] = charges.book(
            box,
            amount=refund["amount"],
            currency=refund["currency"],
            source=refund["id"],
            kind="refund_failure",
        )["id"]
    _count(charge, -refund["amount"])
    emit(box, "refund.failed", refund)
    return refund


@clock.does("refund")
def decide(box: Box, id: str) -> None:
    """Let a refund that takes days succeed or fail."""
    refund = box.find("refund", id)
    if refund is None or refund["status"] not in ("pending", "succeeded"):
        return
    charge = box.get("charge", refund["charge"])
    card = card_of(box.get("payment_method", charge["payment_method"]))
    if card.behaviour == "refunds_fail":
        fail(box, refund)
        return
    with changing(box, refund, "refund.updated"):
        refund["status"] = "succeeded"


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    if "charge" in params:
        charge = box.named("charge", params["charge"], param="charge")
    elif "payment_intent" in params:
        intent = box.named(
            "payment_intent", params["payment_intent"], param="payment_intent"
        )
        found = box.find("charge", intent["latest_charge"])
        if found is None or intent["status"] != "succeeded":
            raise refused(
                f"This PaymentIntent ({intent['id']}) does not have a successful charge to"
                " refund.",
                param="payment_intent",
            )
        charge = found
    else:
        raise refused(
            "One of the following params should be provided: charge, payment_intent."
        )
    return make(
        box,
        charge,
        amount=params.get("amount"),
        reason=params.get("reason"),
        metadata=merged({}, params.get("metadata", {})),
    )


@routing.get(PATH, LISTING.also(charge=ID, created=BETWEEN, payment_intent=ID))
def list_refunds(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "charge", "payment_intent")
    return listing.page(box, "refund", params, url=PATH, where=fits)


@routing.get(PATH + "/{refund}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("refund", id)


@routing.post(PATH + "/{refund}", Hash(metadata=Metadata()))
def update(box: Box, params: Row, id: str) -> Row:
    refund = box.named_in_path("refund", id)
    with changing(box, refund, "refund.updated"):
        if "metadata" in params:
            refund["metadata"] = merged(refund["metadata"], params["metadata"])
    return refund


@routing.post(PATH + "/{refund}/cancel")
def cancel(box: Box, params: Row, id: str) -> Row:
    refund = box.named_in_path("refund", id)
    if refund["status"] != "pending":
        raise refused("This refund cannot be canceled: it is not pending any more.")
    with changing(box, refund, "refund.updated"):
        refund["status"] = "canceled"
    _count(box.get("charge", refund["charge"]), -refund["amount"])
    return refund


def _check(box: Box, charge: Row, amount: int) -> None:
    if charge["status"] != "succeeded":
        raise refused(f"Charge {charge['id']} has not succeeded.", param="charge")
    disputed = any(
        row["charge"] == charge["id"] and not row["is_charge_refundable"]
        for row in box.every("dispute")
    )
    if disputed:
        raise refused(
            f"Charge {charge['id']} has been charged back; cannot issue a refund.",
            code="charge_disputed",
        )
    if charges.refundable(charge) == 0:
        raise refused(
            f"Charge {charge['id']} has already been refunded.",
            code="charge_already_refunded",
        )
    if amount > charges.refundable(charge):
        raise refused(
            f"Refund amount ({amount}) is greater than unrefunded amount on charge"
            f" ({charges.refundable(charge)})",
            param="amount",
        )


def _count(charge: Row, amount: int) -> None:
    charge["amount_refunded"] += amount
    charge["refunded"] = charge["amount_refunded"] == charge["amount"]
