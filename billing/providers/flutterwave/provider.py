"""Flutterwave (API version 3) as a payment provider."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.events import Refunded
from billing.providers.answers import (
    ChangePreview,
    Checkout,
    FetchedFacts,
    ListedPayment,
    ListedRefund,
    SavedCard,
    SignedEvent,
)
from billing.providers.base import Config, Declined, NeverAsked, ProviderError
from billing.providers.flutterwave import (
    amounts,
    hooks,
    plans,
    reading,
    references,
    refunds,
    signatures,
    subscriptions,
    transactions,
)
from billing.providers.flutterwave import checkout as pages
from billing.providers.flutterwave.client import NAME, Gateway, Missing, Row
from billing.providers.flutterwave.transactions import FAILED, Transaction
from billing.providers.offers import Offer, Told
from billing.providers.orders import (
    Customer,
    LaterPlan,
    PurchaseCheckout,
    SavedCharge,
    SubscriptionCheckout,
)


class FlutterwaveProvider:
    """A `SavedCardProvider` and an `AskedProvider`. Nothing is called before it is needed."""

    name = NAME
    # A customer is an e-mail address there; whose a payment is our reference says.
    keeps_customers = False
    changes_plans = False

    def __init__(self, config: Config) -> None:
        self.config = config
        self.gateway = Gateway(config)

    def create_customer(self, customer: Customer, *, after: str = "") -> str:
        return ""

    def start_purchase(self, checkout: PurchaseCheckout) -> Checkout:
        return pages.start_purchase(self.gateway, checkout)

    def start_subscription(self, checkout: SubscriptionCheckout) -> Checkout:
        return pages.start_subscription(self.gateway, checkout)

    def verify(
        self, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> SignedEvent:
        signatures.check(
            body,
            headers,
            secrets=self.config.webhook_secrets,
            mode=self.config.options.get("webhook_mode", "auto"),
        )
        return hooks.read(body)

    def tell_catalogue(self, offers: Sequence[Offer], *, is_live_meant: bool) -> Told:
        """What is made here costs nothing: a plan is paid only by who is sent to it."""
        synced = plans.sync(self.gateway, list(offers), dry_run=False)
        return Told(synced.changes, synced.notes, synced.ids)

    def subject(self, event_type: str, body: Mapping[str, Any]) -> str:
        return ""

    def fetch(self, event_type: str, body: Mapping[str, Any]) -> FetchedFacts:
        return reading.fetch(self.gateway, event_type, body)

    def look_up(self, reference: UUID, *, is_plan: bool = False) -> FetchedFacts:
        return reading.look_up(self.gateway, reference, is_plan=is_plan)

    def list_payments(self, *, since: datetime, until: datetime) -> Iterable[ListedPayment]:
        return transactions.listed(self.gateway, since=since, until=until)

    def event_of(self, payment: ListedPayment) -> SignedEvent:
        return hooks.of_listed(payment)

    def list_refunds(self, *, since: datetime) -> Iterable[ListedRefund]:
        return refunds.listed(self.gateway, since=since)

    def refund_now(self, refund_id: str) -> Refunded:
        return refunds.retrieve(self.gateway, refund_id)

    def portal_url(self, customer_id: str, *, return_url: str) -> str:
        """There is no portal: cards and subscriptions are managed on our own page."""
        return return_url

    def preview_change(self, subscription_id: str, *, price_id: str) -> ChangePreview:
        raise ProviderError(
            "Flutterwave changes no plans: cancel, then subscribe", retry=False
        )

    def change_plan(
        self,
        subscription_id: str,
        *,
        price_id: str,
        key: str,
        counts_from: datetime | None = None,
    ) -> bool:
        raise ProviderError(
            "Flutterwave changes no plans: cancel, then subscribe", retry=False
        )

    def change_plan_at_end(
        self, subscription_id: str, *, plan: LaterPlan, key: str
    ) -> None:
        raise ProviderError(
            "Flutterwave changes no plans: cancel, then subscribe", retry=False
        )

    def cancel_at_end(self, subscription_id: str, *, key: str) -> None:
        subscriptions.cancel(self.gateway, subscription_id)

    def undo_cancel(self, subscription_id: str, *, key: str) -> None:
        subscriptions.activate(self.gateway, subscription_id)

    def list_events(self, *, since: datetime) -> Iterable[SignedEvent]:
        """Flutterwave keeps none; what was missed is found by `look_up` and the lists."""
        return []

    def saved_card(self, customer: Customer, *, payment_id: str) -> SavedCard | None:
        return transactions.verify(self.gateway, payment_id).card

    def charge_saved(self, charge: SavedCharge, *, is_first: bool) -> FetchedFacts:
        if not is_first:
            return self._asked_before(charge)
        answer = self.gateway.act(
            "POST",
            "/tokenized-charges",
            {
                "token": charge.card.token,
                "email": charge.card.email,
                "amount": amounts.asked(charge.amount, charge.currency),
                "currency": charge.currency,
                "tx_ref": references.text(charge.top_up_id),
                "narration": charge.description,
            },
        )
        asked = self._taken(answer)
        if asked.status == FAILED:
            raise Declined(asked.reason or "declined", retry=False)
        return reading.of_transaction(self.gateway, asked)

    def _taken(self, answer: Row) -> Transaction:
        """Verify a charge that Flutterwave has taken: whatever goes wrong from there on, the
        money may have moved, so it is to be found out about."""
        try:
            return transactions.verify(self.gateway, str(answer["data"]["id"]))
        except (KeyError, TypeError) as error:
            raise ProviderError("the answer names no transaction", retry=True) from error
        except ProviderError as error:
            raise ProviderError(str(error), retry=True) from error

    def _asked_before(self, charge: SavedCharge) -> FetchedFacts:
        """Version 3 knows no idempotency keys: what was perhaps sent is only looked up."""
        reference = references.text(charge.top_up_id)
        try:
            found = transactions.by_reference(self.gateway, reference)
        except Missing as error:
            raise NeverAsked(str(error), retry=False) from error
        return reading.of_transaction(self.gateway, found)

    def refund(
        self, payment_id: str, *, amount: Decimal, currency: str, key: str
    ) -> Refunded:
        """Give money of a payment back, once per key."""
        return refunds.give(
            self.gateway, payment_id, amount=amount, currency=currency, key=key
        )
