"""What a webhook hints at, in any of the three shapes that come. Pure.

(a) `{"event", "data"}`; (b) the older flat one with `txRef` and `event.type`; (c) a refund in
capitals, without an event. Kept is an allow-list of fields; what is hinted is looked up.
"""

import hashlib
import json
from decimal import Decimal
from typing import Any

from billing.providers.answers import ListedPayment, SignedEvent
from servicebilling.lib import strict_json

UNKNOWN = "unknown"
CHARGE, CANCELLED, REFUND = "charge.completed", "subscription.cancelled", "refund.completed"
_TEXT_MAX = 200


def read(raw: bytes) -> SignedEvent:
    """Return the event in a body; its id is the same for the same bytes alone, so that a
    forged hint never stands for a true one. Raises ValueError for what is no JSON object."""
    try:
        found = json.loads(
            raw, parse_float=Decimal, parse_constant=strict_json.refuse_constant
        )
    except RecursionError as error:
        raise ValueError("nested too deeply") from error
    except ArithmeticError as error:
        raise ValueError("a number beyond all numbers") from error
    if not isinstance(found, dict):
        raise ValueError("the body is no object")
    kind, hint = _hint(found)
    digest = hashlib.sha256(raw).hexdigest()[:24]
    name = hint.get("transaction_id") or hint.get("refund_id") or "-"
    return SignedEvent(id=f"{kind}:{name}:{digest}", type=kind, body=hint)


def of_listed(payment: ListedPayment) -> SignedEvent:
    """Return the event of a payment that a list shows: a hint like any other."""
    hint = {
        "transaction_id": payment.id,
        "tx_ref": _text(payment.reference),
        "status": "successful",
    }
    return SignedEvent(id=f"listed:{payment.id}", type=CHARGE, body=hint)


def _hint(found: dict[str, Any]) -> tuple[str, dict[str, Any]]:
    data = found.get("data")
    if isinstance(found.get("event"), str) and isinstance(data, dict):
        kind = _text(found["event"])[:60]
        if kind == REFUND:
            return kind, _refund(data)
        if kind == CANCELLED:
            return kind, _subscription(data)
        return kind, _charge(data)
    if "AmountRefunded" in found and "TransactionId" in found:
        return REFUND, _refund(found)
    if "txRef" in found and "status" in found:
        return CHARGE, _charge(found)
    return UNKNOWN, {"keys": sorted(_text(key)[:40] for key in found)[:20]}


def _charge(data: dict[str, Any]) -> dict[str, Any]:
    return {
        "transaction_id": _text(data.get("id")),
        "tx_ref": _text(data.get("tx_ref", data.get("txRef"))),
        "status": _text(data.get("status")),
        "amount": _text(data.get("amount")),
        "currency": _text(data.get("currency")),
    }


def _refund(data: dict[str, Any]) -> dict[str, Any]:
    transaction = data.get("TransactionId", data.get("tx_id", data.get("transaction_id")))
    return {
        "refund_id": _text(data.get("id")),
        "transaction_id": _text(transaction),
        "status": _text(data.get("status")),
        "amount": _text(data.get("AmountRefunded", data.get("amount_refunded"))),
    }


def _subscription(data: dict[str, Any]) -> dict[str, Any]:
    customer, plan = data.get("customer"), data.get("plan")
    email = customer.get("email") if isinstance(customer, dict) else ""
    return {
        "email": _text(email),
        "plan_id": _text(plan.get("id") if isinstance(plan, dict) else plan),
        "status": _text(data.get("status")),
    }


def _text(value: Any) -> str:
    if isinstance(value, bool) or not isinstance(value, str | int | Decimal):
        return ""
    # Neither NUL nor halves of characters fit the database.
    text = str(value).encode(errors="replace").decode()
    return text.replace("\x00", "")[:_TEXT_MAX]
