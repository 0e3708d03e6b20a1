"""The credit balance of customers: what invoices draw on before a card is charged."""

from servicebilling.sandbox.stripe import listing, routing
from servicebilling.sandbox.stripe.box import Box, Row
from servicebilling.sandbox.stripe.errors import unknown_id
from servicebilling.sandbox.stripe.events import changing
from servicebilling.sandbox.stripe.parameters import (
    BETWEEN,
    CURRENCY,
    ID,
    LISTING,
    Hash,
    Metadata,
    Text,
    Whole,
)

PATH = "/v1/customers"


def change_balance(
    box: Box,
    customer: Row,
    amount: int,
    *,
    kind: str = "adjustment",
    currency: str = "",
    invoice: str | None = None,
    credit_note: str | None = None,
    description: str | None = None,
) -> Row:
    """Book on the credit balance; a negative balance is money the customer has with us."""
    customer["balance"] += amount
    customer["currency"] = customer["currency"] or currency
    return box.add(
        "customer_balance_transaction",
        {
            "amount": amount,
            "checkout_session": None,
            "credit_note": credit_note,
            "currency": currency or customer["currency"],
            "customer": customer["id"],
            "customer_account": None,
            "description": description,
            "ending_balance": customer["balance"],
            "invoice": invoice,
            "metadata": {},
            "type": kind,
        },
    )


@routing.get(
    PATH + "/{customer}/balance_transactions", LISTING.also(created=BETWEEN, invoice=ID)
)
def list_balance_transactions(box: Box, params: Row, id: str) -> Row:
    _alive(box, id)
    return listing.page(
        box,
        "customer_balance_transaction",
        params,
        url=f"{PATH}/{id}/balance_transactions",
        where=lambda row: row["customer"] == id,
    )


@routing.post(
    PATH + "/{customer}/balance_transactions",
    Hash(
        must=["amount", "currency"],
        amount=Whole(),
        currency=CURRENCY,
        description=Text(350),
        metadata=Metadata(),
    ),
)
def create_balance_transaction(box: Box, params: Row, id: str) -> Row:
    customer = _alive(box, id)
    with changing(box, customer, "customer.updated"):
        return change_balance(
            box,
            customer,
            params["amount"],
            currency=params["currency"],
            description=params.get("description"),
        )


def _alive(box: Box, id: str) -> Row:
    customer = box.named_in_path("customer", id)
    if customer.get("deleted"):
        raise unknown_id("customer", id, param="id")
    return customer
