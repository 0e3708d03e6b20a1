"""Flutterwave's hosted pages. The reference is ours and was written down before: it is the
only key there is, and the only thing that says whose a payment is."""

from datetime import timedelta
from typing import Any

from billing.providers.answers import Checkout
from billing.providers.base import ProviderError
from billing.providers.flutterwave import amounts, references
from billing.providers.flutterwave.client import Gateway
from billing.providers.orders import PurchaseCheckout, SubscriptionCheckout

# How long a page can be paid on; Flutterwave allows a day at most.
SESSION = timedelta(hours=2)


def start_purchase(gateway: Gateway, checkout: PurchaseCheckout) -> Checkout:
    """Open the page of a bundle or a top-up, for the amount of its row."""
    body = {
        "tx_ref": references.text(checkout.purchase_id),
        "amount": amounts.asked(checkout.amount, checkout.currency),
        "currency": checkout.currency,
        "redirect_url": checkout.success_url,
        "customer": {"email": checkout.customer.email, "name": checkout.customer.name},
        "customizations": {"title": checkout.description},
        "session_duration": _minutes(),
    }
    if checkout.saves_card:
        body["payment_options"] = "card,banktransfer,ussd,mobilemoney"
    return _opened(gateway, body)


def start_subscription(gateway: Gateway, checkout: SubscriptionCheckout) -> Checkout:
    """Open the page of a plan: by card alone, since only cards are charged again."""
    if checkout.plan_checkout_id is None:
        raise ProviderError("a plan's payment needs its row first", retry=False)
    body = {
        "tx_ref": references.text(checkout.plan_checkout_id, is_plan=True),
        "amount": amounts.asked(checkout.amount, checkout.currency),
        "currency": checkout.currency,
        "payment_plan": int(checkout.flat_price_id),
        "payment_options": "card",
        "redirect_url": checkout.success_url,
        "customer": {"email": checkout.customer.email, "name": checkout.customer.name},
        "customizations": {"title": checkout.plan_code},
        "session_duration": _minutes(),
    }
    return _opened(gateway, body)


def _opened(gateway: Gateway, body: dict[str, Any]) -> Checkout:
    link = (gateway.act("POST", "/payments", body).get("data") or {}).get("link")
    if not isinstance(link, str) or not link.startswith(("https://", "http://127.0.0.1")):
        raise ProviderError("the answer holds no page", retry=False)
    return Checkout(id=body["tx_ref"], url=link)


def _minutes() -> int:
    return int(SESSION.total_seconds() // 60)
