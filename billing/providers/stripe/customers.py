"""Organizations as customers at Stripe."""

from typing import Any

from billing.providers.orders import Customer, CustomerDetails
from billing.providers.stripe.client import Gateway


def create(gateway: Gateway, customer: Customer, *, after: str = "") -> str:
    """Return the id of an organization's customer, made once however often it is asked for.

    Name and address follow in a second call: under one key Stripe demands the very same
    parameters, and those may change between two clicks. So is the one `after` a customer
    who is gone.
    """
    key = f"customer:{customer.organization_id}"
    if after:
        key += f":after:{after}"
    metadata = {"org_id": str(customer.organization_id)}
    made = gateway.act(
        key,
        lambda client, once: client.v1.customers.create({"metadata": metadata}, once),
    )
    known_as = {"name": customer.name, "email": customer.email}
    told: Any = {name: value for name, value in known_as.items() if value}
    if told:
        gateway.ask(lambda client: client.v1.customers.update(made["id"], told))
    return str(made["id"])


def update(gateway: Gateway, customer_id: str, details: CustomerDetails) -> None:
    """Make a customer's name, e-mail, address and tax id as they are said. Raises
    `ProviderError`, also for a tax id that Stripe takes for none."""
    told: Any = {"name": details.name, "email": details.email}
    if any(details.address.values()):
        # What is left out would stay as it was.
        told["address"] = dict(details.address)
    gateway.ask(lambda client: client.v1.customers.update(customer_id, told))
    if details.is_complete:
        _make_tax_id(gateway, customer_id, details)


def _make_tax_id(gateway: Gateway, customer_id: str, details: CustomerDetails) -> None:
    """Stripe changes no tax id: another one is added, and then the former taken away."""
    wanted = (details.tax_id_type, details.tax_id)
    found = gateway.ask_all(
        lambda client: client.v1.customers.tax_ids.list(customer_id, {"limit": 100})
    )
    if details.tax_id and wanted not in [(row["type"], row["value"]) for row in found]:
        params: Any = {"type": details.tax_id_type, "value": details.tax_id}
        gateway.ask(lambda client: client.v1.customers.tax_ids.create(customer_id, params))
    for row in found:
        if (row["type"], row["value"]) != wanted:
            _take_away(gateway, customer_id, str(row["id"]))


def _take_away(gateway: Gateway, customer_id: str, id: str) -> None:
    gateway.ask(lambda client: client.v1.customers.tax_ids.delete(customer_id, id))
