"""Facts about money, as every payment provider must tell them. Adapters make them from the
provider's own objects, fetched afresh; `billing.handlers` acts on them, each fact once.

Amounts are `Decimal` in major units with their ISO 4217 currency.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Literal
from uuid import UUID

BillingPeriod = Literal["monthly", "yearly"]


@dataclass(frozen=True, slots=True)
class Paid:
    """A purchase or a top-up was paid; `purchase_id` is the row's. `payment_id` is the
    provider's; it credits once."""

    provider: str
    purchase_id: UUID
    payment_id: str
    amount: Decimal
    currency: str
    paid_at: datetime
    # What came on top of the amount.
    tax: Decimal = Decimal(0)


class PaidAgain(Exception):
    """One purchase or top-up was paid by two payments: the second gives nothing more, staff
    give it back."""


@dataclass(frozen=True, slots=True)
class Failed:
    """A purchase will not be paid: it expired, or the payment failed for good."""

    provider: str
    purchase_id: UUID
    reason: Literal["expired", "failed"]


@dataclass(frozen=True, slots=True)
class SubscriptionItem:
    """One line of a subscription with its own period; `is_metered` carries overage."""

    id: str
    price_id: str
    is_metered: bool
    period_starts_at: datetime
    period_ends_at: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionChanged:
    """A subscription as it is now at the provider; older news of it may arrive later."""

    provider: str
    subscription_id: str
    customer_id: str
    # From metadata that we wrote at checkout; the customer decides whose it is.
    plan_code: str
    billing_period: BillingPeriod
    status: str
    created_at: datetime
    items: tuple[SubscriptionItem, ...] = ()
    trial_ends_at: datetime | None = None
    cancel_at: datetime | None = None
    canceled_at: datetime | None = None
    ended_at: datetime | None = None
    # What it becomes with the next period; empty: it stays what it is.
    next_plan_code: str = ""
    next_billing_period: BillingPeriod | Literal[""] = ""


@dataclass(frozen=True, slots=True)
class PeriodPaid:
    """The flat price of one period was paid, or nothing was due (trial, full discount)."""

    provider: str
    subscription_id: str
    invoice_id: str
    starts_at: datetime
    ends_at: datetime
    amount: Decimal
    currency: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class PeriodUnpaid:
    """An invoice of a subscription could not be collected (yet)."""

    provider: str
    subscription_id: str
    invoice_id: str
    amount: Decimal
    currency: str
    failed_at: datetime
    # The customer has to confirm at this page; empty: a new card is needed.
    action_url: str = ""


@dataclass(frozen=True, slots=True)
class TrialEnding:
    """A trial ends in a few days."""

    provider: str
    subscription_id: str
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class SubscriptionStopped:
    """A subscription will not be renewed any more; what is paid stays paid."""

    provider: str
    subscription_id: str


@dataclass(frozen=True, slots=True)
class Refunded:
    """A refund as it is now. `payment_ids` are the names under which the payment may be
    known here; `is_effective` says that the money is away, or certainly will be."""

    provider: str
    refund_id: str
    payment_ids: tuple[str, ...]
    amount: Decimal
    currency: str
    status: str
    is_effective: bool
    created_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Disputed:
    """A dispute as it is now; `is_effective` while the bank has the money. An inquiry moves
    none."""

    provider: str
    dispute_id: str
    payment_ids: tuple[str, ...]
    amount: Decimal
    currency: str
    status: str
    is_effective: bool
    created_at: datetime
    reason: str = ""


@dataclass(frozen=True, slots=True)
class InvoiceLine:
    text: str
    quantity: str
    amount: Decimal


@dataclass(frozen=True, slots=True)
class Invoiced:
    """An invoice of the provider, as it is now, with its own pages. `is_period`: its payment
    is told as `PeriodPaid`."""

    provider: str
    invoice_id: str
    number: str
    state: Literal["open", "paid", "void", "uncollectible"]
    currency: str
    subtotal: Decimal
    tax: Decimal
    total: Decimal
    amount_paid: Decimal
    lines: tuple[InvoiceLine, ...]
    issued_at: datetime
    is_period: bool
    due_at: datetime | None = None
    paid_at: datetime | None = None
    url: str = ""
    pdf_url: str = ""
    # The name that we gave it, if it is one of ours.
    document_id: str = ""


@dataclass(frozen=True, slots=True)
class UsageRefused:
    """The provider took usage reports and threw them away afterwards."""

    provider: str
    # The keys under which they were reported; perhaps a sample of many.
    keys: tuple[str, ...]
    reason: str


Fact = (
    Paid
    | Failed
    | SubscriptionChanged
    | SubscriptionStopped
    | PeriodPaid
    | PeriodUnpaid
    | TrialEnding
    | Refunded
    | Disputed
    | Invoiced
    | UsageRefused
)
