"""Events that Stripe has kept: what was missed can be read again for thirty days."""

import json
from collections.abc import Iterator
from datetime import datetime
from typing import Any

from billing.providers.answers import SignedEvent
from billing.providers.stripe.client import Gateway, Row
from billing.providers.stripe.reading import READERS


def list_events(gateway: Gateway, *, since: datetime) -> Iterator[SignedEvent]:
    """Yield the events that matter here, oldest first. Raises `ProviderError`."""
    params: Any = {"created": {"gte": int(since.timestamp())}, "limit": 100}
    newest_first = gateway.ask_all(lambda client: client.v1.events.list(params))
    for event in reversed(newest_first):
        if event["type"] in READERS:
            yield SignedEvent(
                id=event["id"],
                type=event["type"],
                body=_as_sent(event),
                api_version=event.get("api_version") or "",
                is_live=event["livemode"],
            )


def _as_sent(event: Row) -> Row:
    """The SDK makes numbers of what a webhook's body has as text."""
    body: Row = json.loads(json.dumps(event, default=str))
    return body
