"""Where Stripe sends its events."""

from typing import Any

from billing.providers.stripe.client import API_VERSION, Row
from billing.providers.stripe.journal import Journal
from billing.providers.stripe.reading import READERS

PATH = "/api/webhooks/stripe"
EVENTS = sorted(READERS)


def ensure(journal: Journal, *, website_url: str, is_stand_in: bool) -> str:
    """Return the signing secret of a new endpoint, "" if there is one already.

    Bodies take their shape from the endpoint's version, not from the SDK's, and it cannot be
    changed: an endpoint of another version is replaced.
    """
    url = f"{website_url}{PATH}"
    if not website_url.startswith("https://") and not is_stand_in:
        journal.notes.append(f"No webhook endpoint: Stripe cannot reach {url}.")
        return ""
    found = journal.gateway.ask_all(
        lambda client: client.v1.webhook_endpoints.list({"limit": 100})
    )
    here = [row for row in found if row["url"] == url and row["status"] == "enabled"]
    # A stand-in speaks one version alone, and may not say so.
    versions = {API_VERSION, None} if is_stand_in else {API_VERSION}
    for endpoint in here:
        if endpoint["api_version"] in versions:
            _ensure_events(journal, endpoint)
            return ""
    return _replace(journal, url, here)


def _ensure_events(journal: Journal, endpoint: Row) -> None:
    listens_to = set(endpoint["enabled_events"])
    if "*" in listens_to or listens_to >= set(EVENTS):
        return
    params: Any = {"enabled_events": sorted(listens_to | set(EVENTS))}
    missing = len(set(EVENTS) - listens_to)
    journal.do(
        "webhook",
        endpoint["id"],
        f"{missing} more types of events",
        lambda client: client.v1.webhook_endpoints.update(endpoint["id"], params),
    )


def _replace(journal: Journal, url: str, outdated: list[Row]) -> str:
    params: Any = {
        "url": url,
        "enabled_events": EVENTS,
        "api_version": API_VERSION,
        "description": "ServiceBilling",
    }
    made = journal.do(
        "webhook",
        url,
        f"made for version {API_VERSION}",
        lambda client: client.v1.webhook_endpoints.create(params),
    )
    for endpoint in outdated:
        _disable(journal, endpoint)
    return str(made.get("secret", ""))


def _disable(journal: Journal, endpoint: Row) -> None:
    journal.do(
        "webhook",
        endpoint["id"],
        f"switched off: it speaks version {endpoint['api_version'] or 'of the account'}",
        lambda client: client.v1.webhook_endpoints.update(
            endpoint["id"], {"disabled": True}
        ),
    )
