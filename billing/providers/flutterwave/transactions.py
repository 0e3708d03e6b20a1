"""Payments as Flutterwave knows them: the only thing that value is given for."""

import logging
import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from billing.providers.answers import ListedPayment, SavedCard
from billing.providers.base import ProviderError
from billing.providers.flutterwave import amounts
from billing.providers.flutterwave.client import Gateway, Row

SUCCESSFUL, FAILED = "successful", "failed"
log = logging.getLogger(__name__)
_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Transaction:
    id: str
    # Ours, if we began it; a renewal may carry any.
    reference: str
    status: str
    amount: Decimal
    currency: str
    created_at: datetime
    email: str
    reason: str
    card: SavedCard | None = None


def verify(gateway: Gateway, id: str) -> Transaction:
    """Return a payment by Flutterwave's id. Raises `Missing` and `ProviderError`."""
    if not _ID.fullmatch(id):
        raise ProviderError("the event names no transaction", retry=False)
    found = _parsed(gateway.read(f"/transactions/{id}/verify").get("data"))
    if found.id != id:
        raise ProviderError(f"asked for {id}, got {found.id}", retry=False)
    return found


def by_reference(gateway: Gateway, reference: str) -> Transaction:
    """Return the newest payment with a reference of ours. Raises `Missing`."""
    answer = gateway.read("/transactions/verify_by_reference", tx_ref=reference)
    found = _parsed(answer.get("data"))
    if found.reference != reference:
        raise ProviderError(f"asked for {reference}, got {found.reference}", retry=False)
    return found


def listed(
    gateway: Gateway, *, since: datetime, until: datetime
) -> Iterator[ListedPayment]:
    """Yield what was paid in `[since, until)`. Flutterwave counts in days."""
    rows = gateway.read_all(
        "/transactions",
        **{"from": f"{since:%Y-%m-%d}", "to": f"{until:%Y-%m-%d}", "status": SUCCESSFUL},
    )
    for row in rows:
        try:
            found = _parsed(row)
        except ProviderError as error:
            # It is counted nowhere, and holds up nobody behind it.
            log.error("a payment in Flutterwave's list makes no sense: %s", error)
            continue
        if found.status == SUCCESSFUL and since <= found.created_at < until:
            yield ListedPayment(
                id=found.id,
                reference=found.reference,
                amount=found.amount,
                currency=found.currency,
                paid_at=found.created_at,
            )


def moment(value: Any) -> datetime:
    """Return a time that Flutterwave names; without a zone it is UTC."""
    try:
        found = datetime.fromisoformat(str(value))
    except ValueError as error:
        raise ProviderError(f"{value!r} is no time", retry=False) from error
    return found.replace(tzinfo=found.tzinfo or UTC).astimezone(UTC)


def _parsed(row: Any) -> Transaction:
    try:
        return _transaction(row)
    except (KeyError, TypeError, AttributeError) as error:
        raise ProviderError("the answer made no sense", retry=False) from error


def _transaction(row: Row) -> Transaction:
    currency = str(row["currency"])
    customer = row.get("customer") or {}
    email = str(customer.get("email") or "")
    return Transaction(
        id=str(row["id"]),
        reference=str(row["tx_ref"]),
        status=str(row["status"]).lower(),
        amount=amounts.told(row["amount"], currency),
        currency=currency,
        created_at=moment(row["created_at"]),
        email=email,
        reason=str(row.get("processor_response") or "")[:200],
        card=_card(row.get("card"), email),
    )


def _card(card: Any, email: str) -> SavedCard | None:
    if not isinstance(card, dict) or not card.get("token"):
        return None
    label = f"{card.get('type') or 'Card'} •••• {card.get('last_4digits') or '????'}"
    return SavedCard(token=str(card["token"]), label=label[:60], email=email)
