"""Webhooks: in each shape, signed or with the secret as it is, sent from threads."""

import base64
import hashlib
import hmac
import threading
import urllib.error
import urllib.request
from typing import Any

from servicebilling.sandbox.flutterwave import numbers
from servicebilling.sandbox.flutterwave.box import Box, Row, shown

TIMEOUT_SECONDS = 20


def of_charge(box: Box, transaction: Row, *, shape: str = "") -> None:
    if (shape or box.settings["shape"]) == "flat":
        send(box, _flat(transaction))
        return
    send(
        box,
        {
            "event": "charge.completed",
            "event.type": "CARD_TRANSACTION",
            "data": shown(transaction),
        },
    )


def of_cancelling(box: Box, subscription: Row) -> None:
    plan = box.plans[subscription["plan"]]
    data = {
        "status": "deactivated",
        "currency": plan["currency"],
        "amount": subscription["amount"],
        "customer": {"email": subscription["customer"]["customer_email"]},
        "plan": {
            key: plan[key] for key in ("id", "name", "amount", "currency", "interval")
        },
    }
    send(box, {"event": "subscription.cancelled", "data": data})


def of_refund(box: Box, refund: Row) -> None:
    send(
        box,
        {
            "id": refund["id"],
            "AmountRefunded": refund["amount_refunded"],
            "status": refund["status"],
            "FlwRef": refund["flw_ref"],
            "TransactionId": refund["tx_id"],
            "walletId": 1,
            "meta": "{}",
        },
    )


def send(box: Box, body: Any) -> None:
    """Send one webhook, or keep it where nothing is delivered."""
    raw = numbers.written(body).encode()
    kept: Row = {"body": body, "answer": None}
    box.hooks.append(kept)
    if box.settings["delivers"] and box.webhook_url:
        threading.Thread(target=_post, args=(box, raw, kept), daemon=True).start()


def headers(box: Box, raw: bytes) -> dict[str, str]:
    secret = box.webhook_secret
    if box.settings["signs"] == "hmac":
        signature = hmac.digest(secret.encode(), raw, hashlib.sha256)
        return {"flutterwave-signature": base64.b64encode(signature).decode()}
    return {"verif-hash": secret}


def _post(box: Box, raw: bytes, kept: Row) -> None:
    request = urllib.request.Request(  # noqa: S310
        box.webhook_url,
        data=raw,
        headers={"Content-Type": "application/json", **headers(box, raw)},
    )
    try:
        with urllib.request.urlopen(request, timeout=TIMEOUT_SECONDS) as answer:  # noqa: S310
            kept["answer"] = answer.status
    except urllib.error.HTTPError as error:
        kept["answer"] = error.code
    except OSError as error:
        kept["answer"] = str(error)


def _flat(transaction: Row) -> Row:
    return {
        "id": transaction["id"],
        "txRef": transaction["tx_ref"],
        "flwRef": transaction["flw_ref"],
        "orderRef": f"URF_{transaction['id']}",
        "paymentPlan": None,
        "amount": transaction["amount"],
        "charged_amount": transaction["charged_amount"],
        "status": transaction["status"],
        "currency": transaction["currency"],
        "customer": {"email": transaction["customer"]["email"]},
        "entity": {"card6": "553188", "card_last4": "2950"},
        "event.type": "CARD_TRANSACTION",
    }
