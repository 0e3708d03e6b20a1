"""Where a customer is: taxes cannot be worked out without it."""

from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.events import changing

# What a customer types who is asked and has nothing to say.
SOMEWHERE = {
    "city": "Berlin",
    "country": "DE",
    "line1": "Weg 1",
    "line2": None,
    "postal_code": "10115",
    "state": None,
}


def is_known(customer: Row) -> bool:
    return bool((customer["address"] or {}).get("country"))


def is_kept(params: Row) -> bool:
    """Return whether a page writes the address that it asks for down with its customer."""
    return bool(params.get("customer_update", {}).get("address") == "auto")


def demand(box: Box, params: Row) -> None:
    """Refuse a page with taxes that could not work them out."""
    customer = box.find("customer", params.get("customer"))
    has_tax = params.get("automatic_tax", {}).get("enabled", False)
    if customer and has_tax and not is_kept(params) and not is_known(customer):
        raise refused(
            "Automatic tax calculation in Checkout requires a valid address on the Customer. "
            "Add a valid address to the Customer or set customer_update[address] to 'auto'.",
            code="customer_tax_location_invalid",
        )


def keep(box: Box, session: Row, address: Row) -> None:
    """Write down what the customer typed on a page with taxes."""
    customer = box.find("customer", session["customer"])
    if customer is None or not session["automatic_tax"]["enabled"]:
        return
    if session["_keeps_address"] and not is_known(customer):
        with changing(box, customer, "customer.updated"):
            customer["address"] = dict(address or SOMEWHERE)
