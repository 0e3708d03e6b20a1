"""Charges: each try to take money, and the balance transaction of each success."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row, new_id
from servicebilling.sandbox.stripe.events import changing
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    ID,
    LISTING,
    Hash,
    Metadata,
    Text,
    merged,
)
from servicebilling.sandbox.stripe.payment_methods import card_of
from servicebilling.sandbox.stripe.presenting import includes, listed

PATH = "/v1/charges"
# What Stripe keeps of a payment here: 2.9 % and 30 minor units.
FEE_PER_MILLE, FEE_FIXED = 29, 30


def make(
    box: Box, intent: Row, method: Row, *, status: str, error: Row | None = None
) -> Row:
    """Return the charge of one try of a payment intent."""
    paid = status == "succeeded"
    failure = error or {}
    return box.add(
        "charge",
        {
            "amount": intent["amount"],
            "amount_captured": intent["amount"] if paid else 0,
            "amount_refunded": 0,
            "application": None,
            "application_fee": None,
            "application_fee_amount": None,
            "balance_transaction": None,
            "billing_details": method["billing_details"],
            "calculated_statement_descriptor": "SANDBOX",
            "captured": status != "failed",
            "currency": intent["currency"],
            "customer": intent["customer"],
            "description": intent["description"],
            "disputed": False,
            "failure_balance_transaction": None,
            "failure_code": failure.get("code"),
            "failure_message": failure.get("message"),
            "fraud_details": {},
            "metadata": dict(intent["metadata"]),
            "on_behalf_of": None,
            "outcome": _outcome(status, failure),
            "paid": paid,
            "payment_intent": intent["id"],
            "payment_method": method["id"],
            "payment_method_details": _details(method),
            "receipt_email": intent["receipt_email"],
            "receipt_number": None,
            "receipt_url": f"{box.base_url}/r/{intent['id']}" if paid else None,
            "refunded": False,
            "review": None,
            "shipping": None,
            "source_transfer": None,
            "statement_descriptor": None,
            "statement_descriptor_suffix": None,
            "status": status,
            "transfer_data": None,
            "transfer_group": None,
        },
        id=new_id("py_" if method["type"] == "sepa_debit" else "ch_"),
    )


def book(
    box: Box, *, amount: int, currency: str, source: str, kind: str, fee: int = 0
) -> Row:
    """Write down a movement on the merchant's balance."""
    fees = [
        {
            "amount": fee,
            "application": None,
            "currency": currency,
            "description": "Stripe processing fees",
            "type": "stripe_fee",
        }
    ]
    return box.add(
        "balance_transaction",
        {
            "amount": amount,
            "available_on": box.now() + 7 * 86_400,
            "balance_type": "payments",
            "currency": currency,
            "description": None,
            "exchange_rate": None,
            "fee": fee,
            "fee_details": fees if fee else [],
            "net": amount - fee,
            "reporting_category": "dispute" if kind == "adjustment" else kind,
            "source": source,
            "status": "pending",
            "type": kind,
        },
    )


def succeed(box: Box, charge: Row) -> None:
    """Mark the money as taken."""
    charge |= {
        "amount_captured": charge["amount"],
        "captured": True,
        "paid": True,
        "status": "succeeded",
        "outcome": _outcome("succeeded", {}),
        "receipt_url": f"{box.base_url}/r/{charge['payment_intent']}",
    }
    fee = charge["amount"] * FEE_PER_MILLE // 1000 + FEE_FIXED
    charge["balance_transaction"] = book(
        box,
        amount=charge["amount"],
        currency=charge["currency"],
        source=charge["id"],
        kind="charge",
        fee=fee,
    )["id"]


def refundable(charge: Row) -> int:
    return int(charge["amount"] - charge["amount_refunded"])


@routing.get(
    PATH,
    LISTING.also(created=BETWEEN, customer=ID, payment_intent=ID, transfer_group=Text()),
)
def list_charges(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "customer", "payment_intent", "transfer_group")
    return listing.page(box, "charge", params, url=PATH, where=fits)


@routing.get(PATH + "/{charge}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("charge", id)


@routing.post(
    PATH + "/{charge}", Hash(description=Text(), metadata=Metadata(), receipt_email=Text())
)
def update(box: Box, params: Row, id: str) -> Row:
    charge = box.named_in_path("charge", id)
    with changing(box, charge, "charge.updated"):
        if "metadata" in params:
            charge["metadata"] = merged(charge["metadata"], params.pop("metadata"))
        charge |= params
    return charge


@includes("charge", "refunds")
def _refunds(box: Box, charge: Row) -> Row:
    rows = [row for row in box.every("refund") if row["charge"] == charge["id"]]
    return listed(reversed(rows), f"{PATH}/{charge['id']}/refunds")


def _outcome(status: str, failure: Row) -> Row:
    reason = failure.get("decline_code") or failure.get("code")
    return {
        "advice_code": None,
        "network_advice_code": None,
        "network_decline_code": None,
        "network_status": "declined_by_network" if failure else "approved_by_network",
        "reason": reason,
        "risk_level": "normal",
        "risk_score": 20,
        "seller_message": failure.get("message") or "Payment complete.",
        "type": "issuer_declined" if failure else "authorized",
    }


def _details(method: Row) -> Row:
    card = card_of(method)
    if card.is_debit:
        debit = {
            key: method["sepa_debit"][key]
            for key in ("bank_code", "branch_code", "country", "fingerprint", "last4")
        }
        return {"type": "sepa_debit", "sepa_debit": debit | {"mandate": None}}
    kept = ("brand", "checks", "country", "exp_month", "exp_year", "fingerprint")
    found = {key: method["card"][key] for key in (*kept, "funding", "last4", "wallet")}
    return {
        "type": "card",
        "card": found
        | {
            "installments": None,
            "mandate": None,
            "network": card.brand,
            "network_token": {"used": False},
            "network_transaction_id": None,
            "regulated_status": "unregulated",
            "three_d_secure": None,
        },
    }
