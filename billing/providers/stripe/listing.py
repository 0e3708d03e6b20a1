"""Stripe's own lists, to be compared with ours."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any
from uuid import UUID

from billing.providers.answers import ListedCheckout, ListedSubscription
from billing.providers.stripe import snapshots
from billing.providers.stripe.client import Gateway
from billing.providers.stripe.subjects import text_id
from servicebilling.lib import money


def list_checkouts(gateway: Gateway, *, since: datetime) -> Iterator[ListedCheckout]:
    """Yield the checkouts that were completed since a moment. Raises `ProviderError`."""
    params: Any = {
        "created": {"gte": int(since.timestamp())},
        "status": "complete",
        "limit": 100,
    }
    for row in gateway.ask_all(lambda client: client.v1.checkout.sessions.list(params)):
        currency = (row.get("currency") or "").upper()
        yield ListedCheckout(
            id=row["id"],
            customer_id=text_id(row.get("customer")),
            is_purchase=row["mode"] == "payment",
            purchase_id=_purchase_id((row.get("metadata") or {}).get("purchase_id")),
            is_paid=row["payment_status"] in ("paid", "no_payment_required"),
            amount=money.from_minor(row.get("amount_total") or 0, currency),
            currency=currency,
        )


def list_subscriptions(gateway: Gateway) -> Iterator[ListedSubscription]:
    """Yield every subscription of a plan of ours that has not ended."""
    rows = gateway.ask_all(lambda client: client.v1.subscriptions.list({"limit": 100}))
    for row in rows:
        changed = snapshots.changed(row)
        if changed is None or changed.status.startswith("incomplete"):
            continue
        flat = [item for item in changed.items if not item.is_metered]
        yield ListedSubscription(
            id=changed.subscription_id,
            customer_id=changed.customer_id,
            status=changed.status,
            period_ends_at=flat[0].period_ends_at if flat else None,
        )


def _purchase_id(given: str | None) -> UUID | None:
    try:
        return UUID(given or "")
    except ValueError:
        return None
