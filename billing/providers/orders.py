"""What billing asks a payment provider to do: plain data, amounts in major units."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from billing.events import BillingPeriod
from billing.providers.answers import SavedCard


@dataclass(frozen=True, slots=True)
class Customer:
    """Who pays: made at the provider once per organization."""

    organization_id: UUID
    name: str
    email: str
    # Empty until the provider has given one.
    id: str = ""


@dataclass(frozen=True, slots=True)
class CustomerDetails:
    """What stands on a customer's documents. Without an address, what the provider has stays
    as it is."""

    name: str
    email: str
    # `line1 line2 postal_code city state country`, as far as they are known.
    address: Mapping[str, str] = field(default_factory=dict)
    # The kind as the provider names it, and the number; empty for none.
    tax_id_type: str = ""
    tax_id: str = ""
    # They were entered here: other tax ids than this one are taken away.
    is_complete: bool = False


@dataclass(frozen=True, slots=True)
class PurchaseCheckout:
    """A bundle or a top-up to be paid once, at the price of its row."""

    purchase_id: UUID
    customer: Customer
    description: str
    amount: Decimal
    currency: str
    success_url: str
    cancel_url: str
    # The card may be charged again later, without the customer.
    saves_card: bool = False


@dataclass(frozen=True, slots=True)
class SubscriptionCheckout:
    """A plan to be subscribed to. Price ids are the provider's, from the synced catalogue."""

    customer: Customer
    plan_code: str
    billing_period: BillingPeriod
    flat_price_id: str
    # Empty: the plan has no overage, or the provider cannot take it in one checkout.
    metered_price_id: str
    setup_fee_price_id: str
    trial_days: int
    success_url: str
    cancel_url: str
    # The same attempt asked again opens the same page.
    idempotency_key: str
    # Of the row that waits for the first payment, where the provider needs one; with what
    # that payment must be.
    plan_checkout_id: UUID | None = None
    amount: Decimal = Decimal(0)
    currency: str = ""


@dataclass(frozen=True, slots=True)
class LaterPlan:
    """The plan of the next period. Price ids are the provider's."""

    plan_code: str
    billing_period: BillingPeriod
    price_id: str
    # Empty: the plan has no overage.
    metered_price_id: str


@dataclass(frozen=True, slots=True)
class SavedCharge:
    """A top-up to be taken from a saved card; its id makes it happen once."""

    top_up_id: UUID
    customer: Customer
    card: SavedCard
    amount: Decimal
    currency: str
    description: str


@dataclass(frozen=True, slots=True)
class InvoiceLineOrder:
    text: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class InvoiceOrder:
    """An invoice of what was used, to be made and finalized once per `document_id`."""

    document_id: UUID
    customer_id: str
    currency: str
    lines: tuple[InvoiceLineOrder, ...]
    days_until_due: int


@dataclass(frozen=True, slots=True)
class ItemOrder:
    """An amount for a customer's next invoice, once per `key`."""

    key: str
    customer_id: str
    # Its open draft takes the item; without one it waits for the subscription's next.
    subscription_id: str
    text: str
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class MeterReport:
    """Usage for the provider's meter; the same `key` counts once. May be negative."""

    key: str
    customer_id: str
    quantity: int
    occurred_at: datetime
