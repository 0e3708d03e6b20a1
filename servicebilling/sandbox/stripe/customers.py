"""Customers."""

from typing import Any

from servicebilling.sandbox.stripe import listing, payment_methods, routing
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.errors import unknown_id
from servicebilling.sandbox.stripe.events import changing, emit
from servicebilling.sandbox.stripe.parameters import (
    ADDRESS,
    BETWEEN,
    ID,
    LISTING,
    Anything,
    Choice,
    Clearable,
    Hash,
    Metadata,
    Rows,
    Text,
    Whole,
    merged,
)
from servicebilling.sandbox.stripe.presenting import includes, listed
from servicebilling.sandbox.stripe.subscriptions import ending

PATH = "/v1/customers"
UPDATE = Hash(
    address=Clearable(ADDRESS),
    balance=Whole(),
    business_name=Clearable(Text(150)),
    description=Clearable(Text()),
    email=Clearable(Text(512)),
    individual_name=Clearable(Text(150)),
    invoice_prefix=Text(12),
    invoice_settings=Hash(
        custom_fields=Anything(),
        default_payment_method=Clearable(ID),
        footer=Clearable(Text()),
        rendering_options=Anything(),
    ),
    metadata=Metadata(),
    name=Clearable(Text(256)),
    next_invoice_sequence=Whole(least=1),
    phone=Clearable(Text(20)),
    preferred_locales=Rows(Text()),
    shipping=Clearable(
        Hash(must=["address", "name"], address=ADDRESS, name=Text(), phone=Text())
    ),
    tax=Anything(),
    tax_exempt=Clearable(Choice("exempt", "none", "reverse")),
)
CREATE = UPDATE.also(
    payment_method=ID,
    tax_id_data=Rows(Hash(must=["type", "value"], type=Text(), value=Text())),
    test_clock=ID,
)
LIST = LISTING.also(created=BETWEEN, email=Text(), test_clock=ID)

EMPTY: Row = {
    "address": None,
    "balance": 0,
    "currency": None,
    "customer_account": None,
    "default_source": None,
    "delinquent": False,
    "description": None,
    "discount": None,
    "email": None,
    "invoice_prefix": None,
    "name": None,
    "next_invoice_sequence": 1,
    "phone": None,
    "preferred_locales": [],
    "shipping": None,
    "tax_exempt": "none",
    "test_clock": None,
}
NO_INVOICE_SETTINGS: Row = {
    "custom_fields": None,
    "default_payment_method": None,
    "footer": None,
    "rendering_options": None,
}


def make(box: Box, **fields: Any) -> Row:
    """Return a new customer; announces it."""
    fields = EMPTY | {"metadata": {}} | fields
    customer = box.add(
        "customer", fields | {"invoice_settings": dict(NO_INVOICE_SETTINGS), "_tax_ids": []}
    )
    if fields["test_clock"]:
        customer["created"] = box.now(customer["id"])
    customer["invoice_prefix"] = customer["invoice_prefix"] or customer["id"][-8:].upper()
    return customer


@routing.post(PATH, CREATE)
def create(box: Box, params: Row) -> Row:
    clock = params.get("test_clock")
    if clock:
        box.named("test_helpers.test_clock", clock, param="test_clock")
    settings = params.pop("invoice_settings", {})
    method = params.pop("payment_method", None)
    tax_ids = params.pop("tax_id_data", [])
    params.pop("tax", None)
    customer = make(box, **(params | {"metadata": merged({}, params.get("metadata", {}))}))
    customer["_tax_ids"] = tax_ids
    if method:
        payment_methods.attach(box, payment_methods.usable(box, method), customer)
    _set_invoice_settings(box, customer, settings)
    emit(box, "customer.created", customer)
    return customer


@routing.get(PATH, LIST)
def list_customers(box: Box, params: Row) -> Row:
    fits = listing.matches(params, "email", "test_clock")
    return listing.page(
        box,
        "customer",
        params,
        url=PATH,
        where=lambda row: fits(row) and row["test_clock"] == params.get("test_clock"),
    )


@routing.get(PATH + "/{customer}")
def retrieve(box: Box, params: Row, id: str) -> Row:
    return box.named_in_path("customer", id)


@routing.post(PATH + "/{customer}", UPDATE)
def update(box: Box, params: Row, id: str) -> Row:
    customer = alive(box, id)
    with changing(box, customer, "customer.updated"):
        _set_invoice_settings(box, customer, params.pop("invoice_settings", {}))
        if "metadata" in params:
            customer["metadata"] = merged(customer["metadata"], params.pop("metadata"))
        params.pop("tax", None)
        customer |= params
    return customer


@routing.delete(PATH + "/{customer}")
def delete(box: Box, params: Row, id: str) -> Row:
    """Delete for good; whatever was subscribed ends at once."""
    customer = alive(box, id)
    for subscription in box.every("subscription"):
        if subscription["customer"] == id and subscription["ended_at"] is None:
            ending.end(box, subscription)
    emit(box, "customer.deleted", customer)
    gone = {"id": id, "object": "customer", "deleted": True}
    box.tables["customer"][id] = gone
    return gone


def alive(box: Box, id: str, *, param: str = "") -> Row:
    """Return a customer that was not deleted; 404 for a path, 400 for a parameter."""
    if param:
        return box.named("customer", id, param=param)
    customer = box.named_in_path("customer", id)
    if customer.get("deleted"):
        raise unknown_id("customer", id, param="id")
    return customer


def _set_invoice_settings(box: Box, customer: Row, settings: Row) -> None:
    method = settings.get("default_payment_method")
    if method:
        found = box.named("payment_method", method, param="invoice_settings")
        if found["customer"] != customer["id"]:
            raise refused(
                "The customer does not have a payment method with the ID"
                f" {method}. The payment method must be attached to the customer.",
                param="invoice_settings[default_payment_method]",
                code="resource_missing",
            )
    customer["invoice_settings"] = customer["invoice_settings"] | settings


@includes("customer", "subscriptions")
def _subscriptions(box: Box, customer: Row) -> Row:
    rows = [
        row
        for row in box.every("subscription")
        if row["customer"] == customer["id"] and row["ended_at"] is None
    ]
    return listed(reversed(rows), f"{PATH}/{customer['id']}/subscriptions")
