"""Stripe's hosted pages where something is paid. `payment_method_types` is gone from the API
(2026-09-30): which methods are offered is the account's setting."""

from typing import Any

from billing.providers.answers import Checkout
from billing.providers.orders import PurchaseCheckout, SubscriptionCheckout
from billing.providers.stripe import only_pages
from billing.providers.stripe.client import Gateway, Row
from billing.providers.stripe.prices import ON_TOP
from servicebilling.lib import money

# Changes of mind between plans within an hour.
PAGES_MAX = 20
# Stripe works taxes out from the address, and keeps what the customer enters.
_TAX: Row = {
    "automatic_tax": {"enabled": True},
    "tax_id_collection": {"enabled": True},
    "customer_update": {"address": "auto", "name": "auto"},
}


def start_purchase(
    gateway: Gateway, checkout: PurchaseCheckout, *, with_tax: bool = False
) -> Checkout:
    """Open the page of a purchase, for the amount of its row."""
    params = purchase_params(checkout) | (_TAX if with_tax else {})
    key = f"purchase:{checkout.purchase_id}:{checkout.customer.id}"
    return _opened(gateway, key, params)


def start_subscription(
    gateway: Gateway,
    checkout: SubscriptionCheckout,
    *,
    setup_fee_price_id: str = "",
    with_tax: bool = False,
) -> Checkout:
    """Open the page of a plan; another price of the setup fee stands in for the synced one.

    It is the only one on which the customer can subscribe: pages of other plans, in other
    tabs, are closed. Raises `Subscribed`.
    """
    params = subscription_params(checkout, setup_fee_price_id=setup_fee_price_id)
    params |= _TAX if with_tax else {}
    only_pages.demand_no_subscription(gateway, checkout.customer.id)
    key = f"{checkout.idempotency_key}:{checkout.customer.id}"
    opened = _opened_anew(gateway, key, params)
    only_pages.close_others(gateway, checkout.customer.id, but=opened.id)
    return opened


def purchase_params(checkout: PurchaseCheckout) -> Row:
    """Return what the page of a purchase is made of. The purchase's id is on the payment,
    too, from where a refund leads back to it."""
    metadata = {
        "purchase_id": str(checkout.purchase_id),
        "org_id": str(checkout.customer.organization_id),
    }
    payment: Row = {"metadata": metadata}
    if checkout.saves_card:
        payment["setup_future_usage"] = "off_session"
    return {
        "mode": "payment",
        "customer": checkout.customer.id,
        "client_reference_id": metadata["purchase_id"],
        "line_items": [
            {
                "quantity": 1,
                "price_data": {
                    "currency": checkout.currency.lower(),
                    "unit_amount": money.to_minor(checkout.amount, checkout.currency),
                    "tax_behavior": ON_TOP,
                    "product_data": {"name": checkout.description},
                },
            }
        ],
        "metadata": metadata,
        "payment_intent_data": payment,
        "success_url": checkout.success_url,
        "cancel_url": checkout.cancel_url,
    }


def subscription_params(
    checkout: SubscriptionCheckout, *, setup_fee_price_id: str = ""
) -> Row:
    """Return what the page of a plan is made of.

    Checkout takes prices of one interval only, so overage joins monthly plans here and
    yearly ones once they exist; that needs the flexible billing mode.
    """
    metadata = {
        "org_id": str(checkout.customer.organization_id),
        "plan_id": checkout.plan_code,
        "billing_period": checkout.billing_period,
    }
    lines: list[Row] = [{"price": checkout.flat_price_id, "quantity": 1}]
    if checkout.metered_price_id and checkout.billing_period == "monthly":
        lines.append({"price": checkout.metered_price_id})
    if checkout.setup_fee_price_id:
        fee = setup_fee_price_id or checkout.setup_fee_price_id
        lines.append({"price": fee, "quantity": 1})
    told: Row = {"metadata": metadata, "billing_mode": {"type": "flexible"}}
    if checkout.trial_days:
        told["trial_period_days"] = checkout.trial_days
    return {
        "mode": "subscription",
        "customer": checkout.customer.id,
        "client_reference_id": metadata["org_id"],
        "line_items": lines,
        "allow_promotion_codes": True,
        "metadata": metadata,
        "subscription_data": told,
        "success_url": checkout.success_url,
        "cancel_url": checkout.cancel_url,
    }


def _opened_anew(gateway: Gateway, key: str, params: Any) -> Checkout:
    """Return the page that a key opened, while it is open; else the one that follows it."""
    opened = _opened(gateway, key, params)
    for _ in range(PAGES_MAX):
        if only_pages.is_open(gateway, opened.id):
            break
        opened = _opened(gateway, f"{key}:{opened.id}", params)
    return opened


def _opened(gateway: Gateway, key: str, params: Any) -> Checkout:
    made = gateway.act(
        key, lambda client, once: client.v1.checkout.sessions.create(params, once)
    )
    return Checkout(id=str(made["id"]), url=str(made.get("url") or ""))
