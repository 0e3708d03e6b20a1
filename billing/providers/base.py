"""What billing asks of a payment provider. Adapters take and give plain data and know no
tables; whatever goes wrong out there is a `ProviderError`.

Every call may take seconds: never make one inside a transaction or on the pre-call path.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID

from billing.events import Invoiced, Refunded
from billing.providers.answers import (
    BilledUsage,
    ChangePreview,
    Checkout,
    FetchedFacts,
    ListedCheckout,
    ListedPayment,
    ListedRefund,
    ListedSubscription,
    SavedCard,
    SignedEvent,
)
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


class ProviderError(Exception):
    """The provider did not do what was asked; `retry` says whether trying again may help."""

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry


class SignatureRefused(Exception):
    """A webhook that the provider did not sign, or signed too long ago."""


class NotConfigured(Exception):
    """No secret is set, so nothing can be verified."""


class Declined(ProviderError):
    """The bank said no to a saved card; the message is its reason."""


class Subscribed(ProviderError):
    """The customer has a subscription there, whether or not it was heard of here."""


class CustomerGone(ProviderError):
    """The provider has no such customer (any more): deleted there, or of another account."""


class NeverAsked(ProviderError):
    """The provider knows nothing of a charge that was perhaps asked for."""


class PaymentProvider(Protocol):
    name: str
    # Whether customers are made there and known by an id; where not, a payment is whose our
    # reference says.
    keeps_customers: bool
    # Whether a subscription can become another plan's; where not, it ends and another begins.
    changes_plans: bool

    def create_customer(self, customer: Customer, *, after: str = "") -> str:
        """Return the provider's id; the same organization always gets the same one, or the
        same one after one that is gone."""

    def start_purchase(self, checkout: PurchaseCheckout) -> Checkout:
        """Open a page for a purchase; the same purchase opens the same page."""

    def start_subscription(self, checkout: SubscriptionCheckout) -> Checkout:
        """Open a page for a plan. Raises `Subscribed` where the provider can tell."""

    def verify(
        self, body: bytes, headers: Mapping[str, str], *, now: datetime
    ) -> SignedEvent:
        """Return a webhook that is really the provider's.

        Raises `SignatureRefused`, `NotConfigured`, and `ValueError` for what is no event.
        """

    def subject(self, event_type: str, body: Mapping[str, Any]) -> str:
        """Return the id of the subscription that an event is about, "" if none. Pure."""

    def fetch(self, event_type: str, body: Mapping[str, Any]) -> FetchedFacts:
        """Return what an event means, its objects fetched afresh. Raises `ProviderError`."""

    def portal_url(self, customer_id: str, *, return_url: str) -> str:
        """Return where a customer manages cards and invoices; the URL is a secret."""


class SubscriptionProvider(PaymentProvider, Protocol):
    def preview_change(self, subscription_id: str, *, price_id: str) -> ChangePreview: ...

    def change_plan(
        self,
        subscription_id: str,
        *,
        price_id: str,
        key: str,
        counts_from: datetime | None = None,
    ) -> bool:
        """Move the flat item to another price at once, the difference being paid now; it
        counts from the moment of a preview, if one is named. Returns whether it was paid: if
        not, everything stays as it is unless the customer confirms the payment."""

    def change_plan_at_end(
        self, subscription_id: str, *, plan: LaterPlan, key: str
    ) -> None:
        """Let the next period be another plan's; what was planned before is replaced."""

    def cancel_at_end(self, subscription_id: str, *, key: str) -> None:
        """Let it end with what is paid; a plan that was to follow does not."""

    def undo_cancel(self, subscription_id: str, *, key: str) -> None:
        """Let it go on as it is, whether it was to end or to change with the period."""

    def attach_overage(self, subscription_id: str, *, metered_price_id: str) -> None:
        """Let a subscription bill overage at a price; nothing happens if it does already."""

    def list_events(self, *, since: datetime) -> Iterable[SignedEvent]: ...


class SavedCardProvider(PaymentProvider, Protocol):
    def saved_card(self, customer: Customer, *, payment_id: str) -> SavedCard | None:
        """Return the card that a payment was made with, if it may be charged again."""

    def charge_saved(self, charge: SavedCharge, *, is_first: bool) -> FetchedFacts:
        """Charge a saved card once; facts are empty while the bank thinks.

        `is_first=False`: it was asked for before and no answer came; find out, never charge
        twice. Raises `Declined`, and `ProviderError` when nobody knows.
        """


class AskedProvider(PaymentProvider, Protocol):
    """One that must be asked about payments, since its webhooks may stay away."""

    def look_up(self, reference: UUID, *, is_plan: bool = False) -> FetchedFacts:
        """Return what became of the payment of one of our rows. Raises `ProviderError`."""

    def list_payments(
        self, *, since: datetime, until: datetime
    ) -> Iterable[ListedPayment]: ...

    def event_of(self, payment: ListedPayment) -> SignedEvent:
        """Return the event that should have told of a listed payment."""

    def list_refunds(self, *, since: datetime) -> Iterable[ListedRefund]:
        """Return the refunds that were begun since then, whoever gave them."""

    def refund_now(self, refund_id: str) -> Refunded:
        """Return a refund as it is now. Raises `ProviderError`."""


class ListingProvider(PaymentProvider, Protocol):
    """One that lists what it has, for comparing."""

    def list_events(self, *, since: datetime) -> Iterable[SignedEvent]: ...

    def list_checkouts(self, *, since: datetime) -> Iterable[ListedCheckout]: ...

    def list_subscriptions(self) -> Iterable[ListedSubscription]: ...

    def fetch_subscription(self, subscription_id: str) -> FetchedFacts:
        """Return what a subscription is now, as its news would; no facts if it is gone.
        Raises `ProviderError`."""


class UsageProvider(PaymentProvider, Protocol):
    """Bills what was used, after the fact."""

    def report_usage(self, report: MeterReport) -> None:
        """Report usage. A key that the provider knows already counts as taken."""

    def usage_total(
        self, customer_id: str, *, starts_at: datetime, ends_at: datetime
    ) -> int:
        """Return what the meter has counted in a period of whole minutes."""

    def add_item(self, order: ItemOrder) -> str:
        """Put an amount on the next invoice; returns the provider's id."""

    def billed_usage(self, customer_id: str, subscription_id: str) -> BilledUsage:
        """Return what the invoices of a subscription have asked for, ended or not."""

    def take_back_item(self, item_id: str) -> None:
        """Remove an item that no invoice has; quiet if it is gone. Raises
        `ProviderError` for one that an invoice has taken meanwhile."""

    def issue_invoice(self, order: InvoiceOrder) -> Invoiced:
        """Make and finalize an invoice; one that was begun is finished."""

    def mark_paid(self, invoice_id: str) -> Invoiced:
        """Let an open invoice count as paid by transfer; quiet if it is paid."""


class CustomerProvider(PaymentProvider, Protocol):
    """Keeps customers, and prints their details on its documents."""

    def update_customer(self, customer_id: str, details: CustomerDetails) -> None:
        """Make a customer as the details say; the same details again change nothing."""


class RefundingProvider(PaymentProvider, Protocol):
    def refund(
        self, payment_id: str, *, amount: Decimal, currency: str, key: str
    ) -> Refunded:
        """Give money of a payment back, once per key, however long ago it was asked first;
        asked again, it is the same refund as it is now."""


@dataclass(frozen=True, slots=True)
class Config:
    """What an adapter is given instead of reading settings."""

    secret_key: str = ""
    webhook_secrets: tuple[str, ...] = ()
    api_base: str = ""
    website_url: str = ""
    options: dict[str, str] = field(default_factory=dict)
