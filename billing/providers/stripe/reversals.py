"""Refunds and disputes of Stripe, read and made."""

from typing import Any

from billing.events import Disputed, Refunded
from billing.providers.base import ProviderError
from billing.providers.stripe.client import NAME, Gateway, Row
from billing.providers.stripe.snapshots import moment
from billing.providers.stripe.subjects import text_id
from servicebilling.lib import money

# The money is away, or on its way; `failed` and `canceled` brought it back.
_AWAY = ("succeeded", "pending", "requires_action")


def of_refund(gateway: Gateway, id: str) -> Refunded:
    """Return a refund as it is now. Raises `ProviderError`."""
    return refunded(gateway, gateway.ask(lambda client: client.v1.refunds.retrieve(id)))


def of_charge(gateway: Gateway, charge_id: str) -> tuple[Refunded, ...]:
    """Return every refund of a charge."""
    rows = gateway.ask_all(
        lambda client: client.v1.refunds.list({"charge": charge_id, "limit": 100})
    )
    return tuple(refunded(gateway, row) for row in rows)


def refunded(gateway: Gateway, row: Row) -> Refunded:
    currency = row["currency"].upper()
    return Refunded(
        provider=NAME,
        refund_id=row["id"],
        payment_ids=_payment_ids(gateway, row),
        amount=money.from_minor(row["amount"], currency),
        currency=currency,
        status=row["status"],
        is_effective=row["status"] in _AWAY,
        created_at=moment(row["created"]),
        reason=row.get("reason") or "",
    )


def of_dispute(gateway: Gateway, id: str) -> Disputed:
    """Return a dispute as it is now. What moved says who has the money: an inquiry moves
    none, and a dispute that is won gives it back."""
    row = gateway.ask(lambda client: client.v1.disputes.retrieve(id))
    currency = row["currency"].upper()
    # Withdrawn and given back at two rates of exchange, they need not add up to nothing.
    away = sum(booked["amount"] < 0 for booked in row["balance_transactions"])
    back = sum(booked["amount"] > 0 for booked in row["balance_transactions"])
    return Disputed(
        provider=NAME,
        dispute_id=row["id"],
        payment_ids=_payment_ids(gateway, row),
        amount=money.from_minor(row["amount"], currency),
        currency=currency,
        status=row["status"],
        is_effective=away > back,
        created_at=moment(row["created"]),
        reason=row.get("reason") or "",
    )


def refund(gateway: Gateway, *, payment_id: str, amount: int, key: str) -> Refunded:
    """Give money of a payment back, once per key. Raises `ProviderError`.

    An invoice's payment is looked up first: refunds are of payment intents alone. So is a
    refund under this key, which Stripe itself remembers for a day only.
    """
    intent = payment_id
    if payment_id.startswith("in_"):
        intent = _intent_of_invoice(gateway, payment_id)
    known = gateway.ask_all(
        lambda client: client.v1.refunds.list({"payment_intent": intent, "limit": 100})
    )
    for row in known:
        if (row.get("metadata") or {}).get("key") == key:
            return refunded(gateway, row)
    params: Any = {"payment_intent": intent, "amount": amount, "metadata": {"key": key}}
    made = gateway.act(key, lambda client, once: client.v1.refunds.create(params, once))
    return refunded(gateway, made)


def _payment_ids(gateway: Gateway, row: Row) -> tuple[str, ...]:
    """Return what the payment may be called here: its intent, its invoice, its charge.

    Charges and intents do not name their invoice (since 2025-03-31); it is asked for.
    """
    intent = text_id(row.get("payment_intent"))
    found = [intent, text_id(row.get("charge"))]
    if intent:
        params: Any = {
            "payment": {"type": "payment_intent", "payment_intent": intent},
            "limit": 10,
        }
        rows = gateway.ask_all(lambda client: client.v1.invoice_payments.list(params))
        found += [text_id(one.get("invoice")) for one in rows]
    return tuple(name for name in found if name)


def _intent_of_invoice(gateway: Gateway, invoice_id: str) -> str:
    params: Any = {"invoice": invoice_id, "status": "paid", "limit": 10}
    rows = gateway.ask_all(lambda client: client.v1.invoice_payments.list(params))
    for row in rows:
        if intent := text_id((row.get("payment") or {}).get("payment_intent")):
            return intent
    raise ProviderError(f"{invoice_id} was not paid by card.", retry=False)
