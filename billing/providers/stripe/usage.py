"""Overage on Stripe's meter. Whole minutes alone; an identifier counts once for a day."""

from datetime import datetime
from typing import Any

from billing.events import UsageRefused
from billing.providers.base import ProviderError
from billing.providers.orders import MeterReport
from billing.providers.stripe.client import NAME, Gateway
from billing.providers.stripe.meters import EVENT_NAME

# Stripe gives this refusal no code.
_ALREADY_THERE = "already exists with identifier"


def report(gateway: Gateway, event: MeterReport) -> None:
    """Report minutes. An identifier that is there already counts as taken: an answer was
    lost. Raises `ProviderError`.

    The identifier makes it happen once, so no key of ours is sent beside it: under one,
    Stripe would repeat an answer of its own failure for a day.
    """
    params: Any = {
        "event_name": EVENT_NAME,
        "identifier": event.key,
        "payload": {
            "stripe_customer_id": event.customer_id,
            "value": str(event.quantity),
        },
        "timestamp": int(event.occurred_at.timestamp()),
    }
    try:
        gateway.ask(lambda client: client.v1.billing.meter_events.create(params))
    except ProviderError as error:
        if _ALREADY_THERE not in str(error):
            raise


def total(
    gateway: Gateway, customer_id: str, *, starts_at: datetime, ends_at: datetime
) -> int:
    """Return what the meter has counted in a period of whole minutes."""
    meters = gateway.ask_all(
        lambda client: client.v1.billing.meters.list({"status": "active", "limit": 100})
    )
    mine = next((row for row in meters if row["event_name"] == EVENT_NAME), None)
    if mine is None:
        raise ProviderError("Stripe has no meter for minutes.", retry=False)
    params: Any = {
        "customer": customer_id,
        "start_time": int(starts_at.timestamp()),
        "end_time": int(ends_at.timestamp()),
        "limit": 100,
    }
    rows = gateway.ask_all(
        lambda client: client.v1.billing.meters.event_summaries.list(mine["id"], params)
    )
    return sum(int(row["aggregated_value"]) for row in rows)


def refused(gateway: Gateway, event_id: str) -> UsageRefused:
    """Return which reports were thrown away, as a thin event tells when it is fetched."""
    event = gateway.ask(lambda client: client.v2.core.events.retrieve(event_id))
    reason = (event.get("data") or {}).get("reason") or {}
    samples = [
        (sample["request"]["identifier"], sample.get("error_message") or kind["code"])
        for kind in reason.get("error_types") or []
        for sample in kind.get("sample_errors") or []
    ]
    return UsageRefused(
        provider=NAME,
        keys=tuple(key for key, _ in samples),
        reason="; ".join(sorted({message for _, message in samples})),
    )
