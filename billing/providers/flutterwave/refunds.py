"""Money that goes back, as Flutterwave knows it. Its webhook for refunds is off until they
switch it on, so a refund is read again wherever it is hinted at."""

import re
from collections.abc import Iterator
from datetime import datetime
from decimal import Decimal
from typing import Any

from billing.events import Refunded
from billing.providers.answers import ListedRefund
from billing.providers.base import ProviderError
from billing.providers.flutterwave import amounts, transactions
from billing.providers.flutterwave.client import NAME, Gateway

_DONE = re.compile(r"completed.*")
_ID = re.compile(r"[0-9]{1,20}", re.ASCII)


def give(
    gateway: Gateway, payment_id: str, *, amount: Decimal, currency: str, key: str
) -> Refunded:
    """Give money of a payment back, once per key, from the account's available balance.

    Version 3 knows no idempotency keys, so ours stands in the comment and is looked for
    before anything is asked. Raises `ProviderError`.
    """
    paid = transactions.verify(gateway, payment_id)
    for row in gateway.read_all("/refunds"):
        is_same = str(row.get("tx_id")) == payment_id and row.get("comments") == key
        if is_same:
            return _refunded(row, paid.currency)
    answer = gateway.act(
        "POST",
        f"/transactions/{payment_id}/refund",
        {"amount": amounts.asked(amount, currency), "comments": key},
    )
    return _refunded(answer["data"], paid.currency)


def retrieve(gateway: Gateway, id: str) -> Refunded:
    """Return a refund as it is now, its currency that of its payment."""
    if not _ID.fullmatch(id):
        raise ProviderError("the event names no refund", retry=False)
    row = gateway.read(f"/refunds/{id}")["data"]
    return _refunded(row, transactions.verify(gateway, str(row["tx_id"])).currency)


def listed(gateway: Gateway, *, since: datetime) -> Iterator[ListedRefund]:
    """Yield the refunds that were begun since then, whoever gave them."""
    for row in gateway.read_all("/refunds"):
        try:
            status = _told(str(row["status"]).lower())
            found = ListedRefund(str(row["id"]), str(row["tx_id"]), status)
            begun_at = transactions.moment(row["created_at"])
        except (KeyError, TypeError) as error:
            raise ProviderError("the answer made no sense", retry=False) from error
        if begun_at >= since:
            yield found


def _refunded(row: Any, currency: str) -> Refunded:
    try:
        status = str(row["status"]).lower()
        return Refunded(
            provider=NAME,
            refund_id=str(row["id"]),
            payment_ids=(str(row["tx_id"]),),
            amount=amounts.told(row["amount_refunded"], currency),
            currency=currency,
            status=_told(status),
            is_effective=bool(_DONE.match(status)),
            created_at=transactions.moment(row["created_at"]),
        )
    except (KeyError, TypeError) as error:
        raise ProviderError("the answer made no sense", retry=False) from error


def _told(status: str) -> str:
    """Return the state in the words that we use for every provider."""
    if _DONE.match(status):
        return "succeeded"
    return "failed" if status == "failed" else "pending"
