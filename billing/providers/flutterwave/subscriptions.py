"""Subscriptions at Flutterwave. None is ever made by a call: a card payment that carries a
plan begins one, and it belongs to the payer's e-mail address for life."""

from dataclasses import dataclass
from datetime import datetime

from billing.providers.flutterwave.client import Gateway, Missing, Row
from billing.providers.flutterwave.transactions import Transaction, moment

ACTIVE = "active"


@dataclass(frozen=True, slots=True)
class Subscribed:
    id: str
    plan_id: str
    is_active: bool
    created_at: datetime


def of_payment(gateway: Gateway, paid: Transaction) -> Subscribed | None:
    """Return the one subscription that a payment is of; None if that is not certain.

    By the transaction, else by the address, if exactly one is active for this amount.
    """
    by_id = _list(gateway, transaction_id=paid.id)
    if len(by_id) == 1:
        return _subscribed(by_id[0])
    if by_id or not paid.email:
        return None
    rows = [
        row
        for row in _list(gateway, email=paid.email, status=ACTIVE)
        if row.get("amount") == paid.amount
    ]
    return _subscribed(rows[0]) if len(rows) == 1 else None


def of_customer(gateway: Gateway, *, email: str, plan_id: str) -> list[Subscribed]:
    """Return every subscription of an address to a plan."""
    if not email:
        return []
    query = {"email": email} | ({"plan": plan_id} if plan_id else {})
    return [_subscribed(row) for row in _list(gateway, **query)]


def cancel(gateway: Gateway, id: str) -> None:
    """No period follows the paid one. Repeating it does no harm."""
    gateway.act("PUT", f"/subscriptions/{id}/cancel")


def activate(gateway: Gateway, id: str) -> None:
    gateway.act("PUT", f"/subscriptions/{id}/activate")


def _list(gateway: Gateway, **query: str) -> list[Row]:
    try:
        return list(gateway.read_all("/subscriptions", **query))
    except Missing:
        return []


def _subscribed(row: Row) -> Subscribed:
    return Subscribed(
        id=str(row["id"]),
        plan_id=str(row["plan"]),
        is_active=row.get("status") == ACTIVE,
        created_at=moment(row["created_at"]),
    )
