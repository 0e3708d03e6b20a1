"""Stripe's own pages for cards and invoices."""

from typing import Any

from billing.providers.stripe.client import Gateway, Row
from billing.providers.stripe.journal import Journal

# By which the synced configuration is found again.
METADATA = {"made_by": "servicebilling"}
# Plans are changed in the app, which knows what a change means for minutes.
FEATURES: Row = {
    "customer_update": {
        "enabled": True,
        "allowed_updates": ["address", "email", "name", "tax_id"],
    },
    "invoice_history": {"enabled": True},
    "payment_method_update": {"enabled": True},
    "subscription_cancel": {"enabled": True, "mode": "at_period_end"},
    "subscription_update": {"enabled": False},
}


def find_configuration(gateway: Gateway) -> Row | None:
    """Return the configuration that the catalogue's sync made, if it has run."""
    found = gateway.ask_all(
        lambda client: client.v1.billing_portal.configurations.list(
            {"active": True, "limit": 100}
        )
    )
    return next((row for row in found if is_ours(row)), None)


def is_ours(configuration: Row) -> bool:
    return METADATA.items() <= (configuration.get("metadata") or {}).items()


def url(
    gateway: Gateway, customer_id: str, *, return_url: str, configuration: str = ""
) -> str:
    """Return where a customer manages cards and invoices; whoever has the URL is in."""
    params: Any = {"customer": customer_id, "return_url": return_url}
    if configuration:
        params["configuration"] = configuration
    made = gateway.ask(lambda client: client.v1.billing_portal.sessions.create(params))
    return str(made["url"])


def ensure(journal: Journal, *, return_url: str) -> None:
    """Make the portal offer what it should, and nothing else."""
    found = find_configuration(journal.gateway)
    params: Any = {"features": FEATURES, "default_return_url": return_url}
    if found is None:
        params["metadata"] = METADATA
        journal.do(
            "portal",
            "configuration",
            "made",
            lambda client: client.v1.billing_portal.configurations.create(params),
        )
    elif not _offers(found, return_url):
        journal.do(
            "portal",
            found["id"],
            "offers what it should again",
            lambda client: client.v1.billing_portal.configurations.update(
                found["id"], params
            ),
        )


def _offers(configuration: Row, return_url: str) -> bool:
    features = configuration["features"]
    return configuration["default_return_url"] == return_url and all(
        _same(features[name].get(key), value)
        for name, wanted in FEATURES.items()
        for key, value in wanted.items()
    )


def _same(found: Any, wanted: Any) -> bool:
    if isinstance(wanted, list):
        return sorted(found or []) == sorted(wanted)
    return bool(found == wanted)
