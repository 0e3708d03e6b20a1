"""Stripe's own pages for cards and invoices."""

from typing import Any

from billing.providers.stripe.client import Gateway, Row

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
