"""Organizations as customers at Stripe."""

from typing import Any

from billing.providers.base import Customer
from billing.providers.stripe.client import Gateway


def create(gateway: Gateway, customer: Customer) -> str:
    """Return the id of an organization's customer, made once however often it is asked for.

    Name and address follow in a second call: under one key Stripe demands the very same
    parameters, and those may change between two clicks.
    """
    metadata = {"org_id": str(customer.organization_id)}
    made = gateway.act(
        f"customer:{customer.organization_id}",
        lambda client, once: client.v1.customers.create({"metadata": metadata}, once),
    )
    known_as = {"name": customer.name, "email": customer.email}
    told: Any = {name: value for name, value in known_as.items() if value}
    if told:
        gateway.ask(lambda client: client.v1.customers.update(made["id"], told))
    return str(made["id"])
