"""Disputes: a customer has the bank take a charge back.

An inquiry (`warning_…`) moves no money. A dispute takes amount and fee at once
(`funds_withdrawn`) and gives them back when it is won (`funds_reinstated`).
"""

from servicebilling.sandbox.stripe import charges, listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    Flag,
    Hash,
    Map,
    Metadata,
    Text,
    merged,
)
from servicebilling.sandbox.stripe.payment_methods import card_of

PATH = "/v1/disputes"
FEE = 1500
DAYS_TO_ANSWER = 9
OPEN = ("needs_response", "under_review", "warning_needs_response", "warning_under_review")
# Stripe's test texts: evidence that decides the case.
WINNING, LOSING = "winning_evidence", "losing_evidence"
EVIDENCE = [
    "access_activity_log",
    "billing_address",
    "cancellation_policy",
    "cancellation_policy_disclosure",
    "cancellation_rebuttal",
    "customer_communication",
    "customer_email_address",
    "customer_name",
    "customer_purchase_ip",
    "customer_signature",
    "duplicate_charge_documentation",
    "duplicate_charge_explanation",
    "duplicate_charge_id",
    "product_description",
    "receipt",
    "refund_policy",
    "refund_policy_disclosure",
    "refund_refusal_explanation",
    "service_date",
    "service_documentation",
    "shipping_address",
    "shipping_carrier",
    "shipping_date",
    "shipping_documentation",
    "shipping_tracking_number",
    "uncategorized_file",
    "uncategorized_text",
]


def open_dispute(
    box: Box,
    charge: Row,
    *,
    amount: int | None = None,
    reason: str = "fraudulent",
    is_inquiry: bool = False,
) -> Row:
    """Dispute a charge; an inquiry leaves the money where it is."""
    card = card_of(box.get("payment_method", charge["payment_method"]))
    at = box.now(charge["customer"])
    details: Row = {"type": "card"}
    details["card"] = {
        "brand": card.brand,
        "case_type": "inquiry" if is_inquiry else "chargeback",
        "network_reason_code": "10.4",
    }
    dispute = box.add(
        "dispute",
        {
            "amount": amount or charge["amount"] - charge["amount_refunded"],
            "balance_transactions": [],
            "charge": charge["id"],
            "created": at,
            "currency": charge["currency"],
            "enhanced_eligibility_types": [],
            "evidence": dict.fromkeys(EVIDENCE) | {"enhanced_evidence": {}},
            "evidence_details": {
                "due_by": at + DAYS_TO_ANSWER * 86_400,
                "enhanced_eligibility": {},
                "has_evidence": False,
                "past_due": False,
                "submission_count": 0,
            },
            "is_charge_refundable": is_inquiry,
            "metadata": {},
            "payment_intent": charge["payment_intent"],
            "payment_method_details": details,
            "reason": reason,
            "status": "warning_needs_response" if is_inquiry else "needs_response",
        },
    )
    charge["disputed"] = True
    emit(box, "charge.dispute.created", dispute)
    if not is_inquiry:
        _withdraw(box, dispute)
    return dispute


def escalate(box: Box, dispute: Row) -> Row:
    """Make a dispute of an inquiry: now the money goes."""
    if not dispute["status"].startswith("warning"):
        raise refused("This is no inquiry.")
    with changing(box, dispute, "charge.dispute.updated"):
        dispute |= {"status": "needs_response", "is_charge_refundable": False}
    _withdraw(box, dispute)
    return dispute


def decide(box: Box, dispute: Row, status: str) -> Row:
    """Close a dispute as `won` or `lost`, an inquiry as `warning_closed`."""
    if dispute["status"] not in OPEN:
        raise refused("This dispute is already closed.", code="dispute_already_closed")
    was_inquiry = dispute["status"].startswith("warning")
    dispute["status"] = "warning_closed" if was_inquiry else status
    if dispute["status"] == "won":
        _book(box, dispute, dispute["amount"], fee=-FEE)
        emit(box, "charge.dispute.funds_reinstated", dispute)
    emit(box, "charge.dispute.closed", dispute)
    return dispute


@routing.get(PATH, LISTING.also(charge=ID, created=BETWEEN, payment_intent=ID))
def list_disputes(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "charge", "payment_intent")
    return listing.page(box, "dispute", params, url=PATH, where=fits)


@routing.get(PATH + "/{dispute}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("dispute", id)


@routing.post(
    PATH + "/{dispute}",
    Hash(evidence=Map(Text(20_000)), metadata=Metadata(), submit=Flag()),
)
def update(box: Box, params: Row, id: str) -> Row:
    """Hand in evidence; the test texts decide the case at once."""
    dispute = box.named_in_path("dispute", id)
    evidence = params.get("evidence", {})
    is_handed_in = params.get("submit", True)
    for key in evidence:
        if key not in EVIDENCE:
            raise refused(
                f"Received unknown parameter: evidence[{key}]", param=f"evidence[{key}]"
            )
    with changing(box, dispute, "charge.dispute.updated"):
        if "metadata" in params:
            dispute["metadata"] = merged(dispute["metadata"], params["metadata"])
        if evidence:
            dispute["evidence"] = dispute["evidence"] | evidence
        if evidence and is_handed_in:
            _submit(dispute)
    text = evidence.get("uncategorized_text", "")
    if is_handed_in and text in (WINNING, LOSING):
        decide(box, dispute, "won" if text == WINNING else "lost")
    return dispute


@routing.post(PATH + "/{dispute}/close")
def close(box: Box, params: Row, id: str) -> Row:
    """Accept the loss."""
    return decide(box, box.named_in_path("dispute", id), "lost")


def _submit(dispute: Row) -> None:
    details = dispute["evidence_details"]
    dispute["evidence_details"] = details | {
        "has_evidence": True,
        "submission_count": details["submission_count"] + 1,
    }
    is_inquiry = dispute["status"].startswith("warning")
    dispute["status"] = "warning_under_review" if is_inquiry else "under_review"


def _withdraw(box: Box, dispute: Row) -> None:
    _book(box, dispute, -dispute["amount"], fee=FEE)
    emit(box, "charge.dispute.funds_withdrawn", dispute)


def _book(box: Box, dispute: Row, amount: int, *, fee: int) -> None:
    booked = charges.book(
        box,
        amount=amount,
        currency=dispute["currency"],
        source=dispute["id"],
        kind="adjustment",
        fee=fee,
    )
    dispute["balance_transactions"] = [*dispute["balance_transactions"], booked]
