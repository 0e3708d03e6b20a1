"""Stripe as a payment provider: hands each request to the module of its subject."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from functools import cached_property
from typing import Any

from billing.events import Invoiced, Refunded
from billing.providers.answers import (
    BilledUsage,
    ChangePreview,
    Checkout,
    FetchedFacts,
    ListedCheckout,
    ListedSubscription,
    SavedCard,
    SignedEvent,
)
from billing.providers.base import Config
from billing.providers.offers import Offer, Told
from billing.providers.orders import (
    Customer,
    CustomerDetails,
    InvoiceOrder,
    ItemOrder,
    LaterPlan,
    MeterReport,
    PurchaseCheckout,
    SavedCharge,
    SubscriptionCheckout,
)
from billing.providers.stripe import (
    billed,
    catalogue,
    customers,
    history,
    invoicing,
    listing,
    portal,
    reading,
    reversals,
    saved_cards,
    schedules,
    signatures,
    subjects,
    subscriptions,
    usage,
)
from billing.providers.stripe import checkout as pages
from billing.providers.stripe.client import NAME, Gateway
from servicebilling.lib import money


class StripeProvider:
    """A `SubscriptionProvider`. Nothing is called before it is needed.

    Raises `ProviderError` for a live key beside a stand-in's address.
    """

    name = NAME
    keeps_customers = True
    changes_plans = True

    def __init__(self, config: Config) -> None:
        self.config = config
        self.gateway = Gateway(config)

    def create_customer(self, customer: Customer, *, after: str = "") -> str:
        return customers.create(self.gateway, customer, after=after)

    def update_customer(self, customer_id: str, details: CustomerDetails) -> None:
        customers.update(self.gateway, customer_id, details)

    def start_purchase(self, checkout: PurchaseCheckout) -> Checkout:
        return pages.start_purchase(self.gateway, checkout, with_tax=self._with_tax)

    def start_subscription(self, checkout: SubscriptionCheckout) -> Checkout:
        return pages.start_subscription(
            self.gateway,
            checkout,
            setup_fee_price_id=self.config.options.get("setup_fee_price_id", ""),
            with_tax=self._with_tax,
        )

    def verify(
        self, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> SignedEvent:
        return signatures.verify(
            body, headers, secrets=self.config.webhook_secrets, now=now
        )

    def tell_catalogue(self, offers: Sequence[Offer], *, is_live_meant: bool) -> Told:
        """Webhook endpoints stay as they are: their secrets are shown to a command alone."""
        synced = catalogue.sync(
            self.config,
            offers,
            adopt={},
            live=is_live_meant,
            with_webhook=False,
            dry_run=False,
        )
        return Told(synced.changes, synced.notes, synced.ids)

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

    def change_plan(
        self,
        subscription_id: str,
        *,
        price_id: str,
        key: str,
        counts_from: datetime | None = None,
    ) -> bool:
        schedules.release(self.gateway, subscription_id, key=key)
        return subscriptions.change_plan(
            self.gateway,
            subscription_id,
            price_id=price_id,
            key=key,
            counts_from=counts_from,
        )

    def change_plan_at_end(
        self, subscription_id: str, *, plan: LaterPlan, key: str
    ) -> None:
        schedules.change_at_end(self.gateway, subscription_id, plan=plan, key=key)

    def cancel_at_end(self, subscription_id: str, *, key: str) -> None:
        schedules.release(self.gateway, subscription_id, key=key)
        subscriptions.cancel_at_end(self.gateway, subscription_id, key=key)

    def undo_cancel(self, subscription_id: str, *, key: str) -> None:
        schedules.release(self.gateway, subscription_id, key=key)
        subscriptions.undo_cancel(self.gateway, subscription_id, key=key)

    def saved_card(self, customer: Customer, *, payment_id: str) -> SavedCard | None:
        return saved_cards.of_payment(self.gateway, payment_id=payment_id)

    def charge_saved(self, charge: SavedCharge, *, is_first: bool) -> FetchedFacts:
        """Asked again under the same key, Stripe answers what came of it the first time."""
        return saved_cards.charge(self.gateway, charge)

    def attach_overage(self, subscription_id: str, *, metered_price_id: str) -> None:
        """Let a subscription bill overage; for yearly plans, once they exist."""
        subscriptions.attach_overage(
            self.gateway, subscription_id, metered_price_id=metered_price_id
        )

    def report_usage(self, report: MeterReport) -> None:
        usage.report(self.gateway, report)

    def usage_total(
        self, customer_id: str, *, starts_at: datetime, ends_at: datetime
    ) -> int:
        return usage.total(self.gateway, customer_id, starts_at=starts_at, ends_at=ends_at)

    def add_item(self, order: ItemOrder) -> str:
        return invoicing.add_item(self.gateway, order)

    def billed_usage(self, customer_id: str, subscription_id: str) -> BilledUsage:
        return billed.usage(self.gateway, customer_id, subscription_id)

    def take_back_item(self, item_id: str) -> None:
        billed.take_back(self.gateway, item_id)

    def issue_invoice(self, order: InvoiceOrder) -> Invoiced:
        return invoicing.issue(self.gateway, order, with_tax=self._with_tax)

    def mark_paid(self, invoice_id: str) -> Invoiced:
        return invoicing.mark_paid(self.gateway, invoice_id)

    def refund(
        self, payment_id: str, *, amount: Decimal, currency: str, key: str
    ) -> Refunded:
        minor = money.to_minor(amount, currency)
        return reversals.refund(self.gateway, payment_id=payment_id, amount=minor, key=key)

    def list_checkouts(self, *, since: datetime) -> Iterable[ListedCheckout]:
        return listing.list_checkouts(self.gateway, since=since)

    def list_subscriptions(self) -> Iterable[ListedSubscription]:
        return listing.list_subscriptions(self.gateway)

    def fetch_subscription(self, subscription_id: str) -> FetchedFacts:
        return reading.of_subscription(self.gateway, subscription_id)

    def list_events(self, *, since: datetime) -> Iterable[SignedEvent]:
        return history.list_events(self.gateway, since=since)

    @property
    def _with_tax(self) -> bool:
        return bool(self.config.options.get("tax"))

    @cached_property
    def _portal_configuration(self) -> str:
        """Of the synced catalogue; without one Stripe takes the account's own."""
        found = portal.find_configuration(self.gateway)
        return "" if found is None else str(found["id"])
