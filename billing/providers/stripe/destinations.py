"""Where Stripe sends thin events: what its meters could not count, which nothing else tells.

A destination has a signing secret of its own beside the webhook endpoint's.
"""

from typing import Any

from billing.providers.stripe.client import Row
from billing.providers.stripe.endpoints import PATH
from billing.providers.stripe.journal import Journal
from billing.providers.stripe.reading import THIN

NAME = "ServiceBilling: what meters could not count"
_WITH_URL: Any = {"limit": 100, "include": ["webhook_endpoint.url"]}


def ensure(journal: Journal, *, website_url: str, is_stand_in: bool) -> str:
    """Return the signing secret of a new destination, "" if there is one already. One that
    was switched off is left so, and another is made."""
    url = f"{website_url}{PATH}"
    if not website_url.startswith("https://") and not is_stand_in:
        # That Stripe cannot reach us is told of the webhook endpoint.
        return ""
    found = journal.gateway.ask_all(
        lambda client: client.v2.core.event_destinations.list(_WITH_URL)
    )
    for row in found:
        is_on = row["status"] == "enabled" and row["event_payload"] == "thin"
        if is_on and _url(row) == url:
            _ensure_events(journal, row)
            return ""
    params: Any = {
        "name": NAME,
        "type": "webhook_endpoint",
        "event_payload": "thin",
        "enabled_events": list(THIN),
        "webhook_endpoint": {"url": url},
        "include": ["webhook_endpoint.signing_secret"],
    }
    made = journal.do(
        "event destination",
        url,
        f"made for {' and '.join(THIN)}",
        lambda client: client.v2.core.event_destinations.create(params),
    )
    return str((made.get("webhook_endpoint") or {}).get("signing_secret") or "")


def _ensure_events(journal: Journal, row: Row) -> None:
    listens_to = set(row["enabled_events"])
    if missing := sorted(
        set(THIN) - listens_to - ({*THIN} if "*" in listens_to else set())
    ):
        params: Any = {"enabled_events": sorted(listens_to | set(THIN))}
        journal.do(
            "event destination",
            row["id"],
            f"also {' and '.join(missing)}",
            lambda client: client.v2.core.event_destinations.update(row["id"], params),
        )


def _url(row: Row) -> str:
    return str((row.get("webhook_endpoint") or {}).get("url") or "")
