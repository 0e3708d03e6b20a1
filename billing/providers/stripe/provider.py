"""Stripe as a payment provider: hands each request to the module of its subject."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import cached_property
from typing import Any

from billing.providers.base import (
    ChangePreview,
    Checkout,
    Config,
    Customer,
    FetchedFacts,
    PurchaseCheckout,
    SignedEvent,
    SubscriptionCheckout,
)
from billing.providers.stripe import checkout as pages
from billing.providers.stripe import (
    customers,
    history,
    portal,
    reading,
    signatures,
    subjects,
    subscriptions,
)
from billing.providers.stripe.client import NAME, Gateway


class StripeProvider:
    """A `SubscriptionProvider`. Nothing is called before it is needed.

    Raises `ProviderError` for a live key beside a stand-in's address.
    """

    name = NAME
    keeps_customers = True

    def __init__(self, config: Config) -> None:
        self.config = config
        self.gateway = Gateway(config)

    def create_customer(self, customer: Customer) -> str:
        return customers.create(self.gateway, customer)

    def start_purchase(self, checkout: PurchaseCheckout) -> Checkout:
        return pages.start_purchase(self.gateway, checkout)

    def start_subscription(self, checkout: SubscriptionCheckout) -> Checkout:
        return pages.start_subscription(
            self.gateway,
            checkout,
            setup_fee_price_id=self.config.options.get("setup_fee_price_id", ""),
        )

    def verify(
        self, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> SignedEvent:
        return signatures.verify(
            body, headers, secrets=self.config.webhook_secrets, now=now
        )

    def subject(self, event_type: str, body: Mapping[str, Any]) -> str:
        return subjects.subscription_of_event(event_type, body)

    def fetch(self, event_type: str, body: Mapping[str, Any]) -> FetchedFacts:
        return reading.fetch(self.gateway, event_type, body)

    def portal_url(self, customer_id: str, *, return_url: str) -> str:
        return portal.url(
            self.gateway,
            customer_id,
            return_url=return_url,
            configuration=self._portal_configuration,
        )

    def preview_change(self, subscription_id: str, *, price_id: str) -> ChangePreview:
        return subscriptions.preview_change(
            self.gateway, subscription_id, price_id=price_id
        )

    def change_plan(self, subscription_id: str, *, price_id: str, key: str) -> None:
        subscriptions.change_plan(self.gateway, subscription_id, price_id=price_id, key=key)

    def cancel_at_end(self, subscription_id: str, *, key: str) -> None:
        subscriptions.cancel_at_end(self.gateway, subscription_id, key=key)

    def undo_cancel(self, subscription_id: str, *, key: str) -> None:
        subscriptions.undo_cancel(self.gateway, subscription_id, key=key)

    def attach_overage(self, subscription_id: str, *, metered_price_id: str) -> None:
        """Let a subscription bill overage; for yearly plans, once they exist."""
        subscriptions.attach_overage(
            self.gateway, subscription_id, metered_price_id=metered_price_id
        )

    def list_events(self, *, since: datetime) -> Iterable[SignedEvent]:
        return history.list_events(self.gateway, since=since)

    @cached_property
    def _portal_configuration(self) -> str:
        """Of the synced catalogue; without one Stripe takes the account's own."""
        found = portal.find_configuration(self.gateway)
        return "" if found is None else str(found["id"])
