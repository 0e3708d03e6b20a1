"""One customer, one subscription: at Stripe two open pages could be paid in two tabs, and a
subscription may live there before its news has come here."""

from typing import Any

from billing.providers.base import ProviderError, Subscribed
from billing.providers.stripe.client import Gateway

# Never paid, so nothing that another one would be beside.
_NOT_BEGUN = ("incomplete", "incomplete_expired", "canceled")


def demand_no_subscription(gateway: Gateway, customer_id: str) -> None:
    """Raise `Subscribed` if the customer has a subscription of ours that lives."""
    params: Any = {"customer": customer_id, "limit": 100}
    for row in gateway.ask_all(lambda client: client.v1.subscriptions.list(params)):
        if row["status"] not in _NOT_BEGUN and "plan_id" in (row.get("metadata") or {}):
            raise Subscribed(f"{row['id']} lives already.", retry=False)


def is_open(gateway: Gateway, id: str) -> bool:
    found = gateway.ask(lambda client: client.v1.checkout.sessions.retrieve(id))
    return bool(found["status"] == "open")


def close_others(gateway: Gateway, customer_id: str, *, but: str) -> None:
    """Close the customer's other pages of plans. Raises `Subscribed` if one of them is being
    paid at this moment."""
    params: Any = {"customer": customer_id, "status": "open", "limit": 100}
    for row in gateway.ask_all(lambda client: client.v1.checkout.sessions.list(params)):
        if row["mode"] == "subscription" and row["id"] != but:
            _close(gateway, row["id"])


def _close(gateway: Gateway, id: str) -> None:
    try:
        gateway.act(
            f"close:{id}",
            lambda client, once: client.v1.checkout.sessions.expire(id, {}, once),
        )
    except ProviderError as error:
        if error.retry:
            raise
        found = gateway.ask(lambda client: client.v1.checkout.sessions.retrieve(id))
        if found["status"] == "complete":
            raise Subscribed(f"{id} was paid.", retry=False) from error
