"""What payments do: on a page, by a saved card, by a subscription's renewal."""

import secrets
from decimal import Decimal
from typing import Any

from servicebilling.sandbox.flutterwave import hooks
from servicebilling.sandbox.flutterwave.box import Box, Row

REASONS = {"successful": "Approved", "failed": "Insufficient Fund", "pending": "Pending"}


def pay(box: Box, payment: Row, *, how: str = "successful", **changed: Any) -> Row:
    """Pay an opened page; `amount`, `currency` and `tx_ref` may differ from what was asked
    for, as where somebody tampered with it."""
    transaction = charge(
        box,
        tx_ref=changed.get("tx_ref") or payment["tx_ref"],
        amount=changed.get("amount", payment["amount"]),
        currency=changed.get("currency") or payment["currency"],
        customer=payment["customer"],
        how=how,
    )
    plan = box.plans.get(int(payment.get("payment_plan") or 0))
    if plan and how == "successful":
        subscribe(box, transaction, plan)
    if changed.get("hook", True):
        hooks.of_charge(box, transaction)
    return transaction


def charge(
    box: Box,
    *,
    tx_ref: str,
    amount: Any,
    currency: str,
    customer: Row,
    how: str,
    token: str = "",
) -> Row:
    """Make a transaction; its card gets a token that is bound to the payer's address."""
    id = box.new_id()
    token = token or f"flw-t1nf-{secrets.token_hex(12)}-k3n"
    box.tokens[token] = customer["email"]
    fee = (Decimal(str(amount)) * Decimal("0.014")).quantize(Decimal("0.01"))
    transaction = {
        "id": id,
        "tx_ref": tx_ref,
        "flw_ref": f"SANDBOX/FLW{id}",
        "amount": amount,
        "currency": currency,
        "charged_amount": amount,
        "app_fee": fee,
        "merchant_fee": 0,
        "processor_response": REASONS.get(how, how),
        "status": how,
        "payment_type": "card",
        "created_at": box.now(),
        "amount_settled": Decimal(str(amount)) - fee,
        "card": {
            "first_6digits": "553188",
            "last_4digits": "2950",
            "type": "MASTERCARD",
            "expiry": "09/32",
            "token": token,
        },
        "customer": {"id": id, "name": customer.get("name"), "email": customer["email"]},
    }
    box.transactions[id] = transaction
    return transaction


def subscribe(box: Box, transaction: Row, plan: Row) -> Row:
    id = box.new_id()
    subscription = {
        "id": id,
        "amount": transaction["amount"],
        "customer": {
            "id": transaction["customer"]["id"],
            "customer_email": transaction["customer"]["email"],
        },
        "plan": plan["id"],
        "status": "active",
        "created_at": transaction["created_at"],
        "_transactions": [transaction["id"]],
        "_token": transaction["card"]["token"],
    }
    box.subscriptions[id] = subscription
    return subscription


def renew(box: Box, subscription: Row, *, how: str = "successful", **changed: Any) -> Row:
    """Charge a subscription's card for the next period."""
    plan = box.plans[subscription["plan"]]
    transaction = charge(
        box,
        tx_ref=changed.get("tx_ref") or f"rpp_{secrets.token_hex(8)}",
        amount=changed.get("amount", subscription["amount"]),
        currency=plan["currency"],
        customer={"email": subscription["customer"]["customer_email"], "name": None},
        how=how,
        token=subscription["_token"],
    )
    if changed.get("known", True):
        subscription["_transactions"].append(transaction["id"])
    if changed.get("hook", True):
        hooks.of_charge(box, transaction)
    return transaction


def lapse(box: Box, subscription: Row) -> Row:
    """Cancel a subscription whose renewal failed three times."""
    subscription["status"] = "cancelled"
    hooks.of_cancelling(box, subscription)
    return subscription
