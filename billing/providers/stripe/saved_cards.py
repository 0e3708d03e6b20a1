"""Cards that a customer left for later, charged without the customer."""

from typing import Any

from billing.events import Paid
from billing.providers.answers import FetchedFacts, SavedCard
from billing.providers.orders import SavedCharge
from billing.providers.stripe import snapshots
from billing.providers.stripe.client import NAME, Gateway, Missing, Row
from billing.providers.stripe.subjects import text_id
from servicebilling.lib import money


def of_payment(gateway: Gateway, *, payment_id: str) -> SavedCard | None:
    """Return the card of a payment, if it was saved for charges without the customer."""
    if not payment_id.startswith("pi_"):
        return None
    params: Any = {"expand": ["payment_method"]}
    try:
        intent = gateway.ask(
            lambda client: client.v1.payment_intents.retrieve(payment_id, params)
        )
    except Missing:
        return None
    method = intent.get("payment_method")
    is_saved = intent.get("setup_future_usage") == "off_session"
    if not is_saved or not isinstance(method, dict) or not method.get("customer"):
        return None
    card = method.get("card") or {}
    label = f"{str(card.get('brand') or 'card').capitalize()} •••• {card.get('last4')}"
    return SavedCard(token=method["id"], label=label[:60])


def charge(gateway: Gateway, charge: SavedCharge) -> FetchedFacts:
    """Charge a saved card; under the row's key it is the same charge however often asked.

    Raises `Declined`, also where the bank wants the customer to confirm.
    """
    params: Any = {
        "amount": money.to_minor(charge.amount, charge.currency),
        "currency": charge.currency.lower(),
        "customer": charge.customer.id,
        "payment_method": charge.card.token,
        "off_session": True,
        "confirm": True,
        # Nobody is there to be led to another page and back; else Stripe wants a return_url.
        "automatic_payment_methods": {"enabled": True, "allow_redirects": "never"},
        "description": charge.description,
        "metadata": {"purchase_id": str(charge.top_up_id)},
    }
    intent = gateway.act(
        f"topup:{charge.top_up_id}",
        lambda client, once: client.v1.payment_intents.create(params, once),
    )
    customer = text_id(intent.get("customer"))
    if intent["status"] != "succeeded":
        return FetchedFacts(customer, note=f"the charge is {intent['status']}")
    return FetchedFacts(customer, (_paid(intent, charge),))


def _paid(intent: Row, charge: SavedCharge) -> Paid:
    currency = intent["currency"].upper()
    return Paid(
        provider=NAME,
        purchase_id=charge.top_up_id,
        payment_id=intent["id"],
        amount=money.from_minor(intent["amount_received"], currency),
        currency=currency,
        paid_at=snapshots.moment(intent["created"]),
    )
