"""What a payment provider answers: plain data, amounts in major units."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from billing.events import Fact


@dataclass(frozen=True, slots=True)
class Checkout:
    """A page of the provider where the customer pays."""

    id: str
    url: str


@dataclass(frozen=True, slots=True)
class SignedEvent:
    """A webhook whose signature held."""

    id: str
    type: str
    body: dict[str, Any]
    api_version: str = ""
    is_live: bool = False


@dataclass(frozen=True, slots=True)
class ChangePreview:
    """What a change of plan costs now, and what each period costs after it."""

    due_now: Decimal
    next_amount: Decimal
    currency: str
    takes_effect_at: datetime


@dataclass(frozen=True, slots=True)
class FetchedFacts:
    """What an event turned out to mean, once its objects had been fetched."""

    customer_id: str = ""
    facts: tuple[Fact, ...] = ()
    # Why nothing follows from it, for the record.
    note: str = ""
    # The id of our row that was paid for, at providers that keep no customer of ours.
    reference: UUID | None = None
    # Money came, and it is not clear for what: staff must look.
    review: str = ""


@dataclass(frozen=True, slots=True)
class SavedCard:
    """A card that may be charged without its owner; `token` is a secret of the account."""

    token: str
    label: str
    # Whom the token belongs to, where it is bound to an address.
    email: str = ""


@dataclass(frozen=True, slots=True)
class ListedPayment:
    """A payment as the provider lists it, to be compared with ours."""

    id: str
    reference: str
    amount: Decimal
    currency: str
    paid_at: datetime


@dataclass(frozen=True, slots=True)
class ListedRefund:
    """A refund as the provider lists it; `status` in our words."""

    id: str
    payment_id: str
    status: str


@dataclass(frozen=True, slots=True)
class ListedCheckout:
    """A completed page of the provider; `purchase_id` is what it says it is for."""

    id: str
    customer_id: str
    is_purchase: bool
    purchase_id: UUID | None
    is_paid: bool
    amount: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class ListedSubscription:
    """A subscription that lives at the provider."""

    id: str
    customer_id: str
    status: str
    period_ends_at: datetime | None

    def told(self) -> str:
        """Return what is compared, in words."""
        until = f"{self.period_ends_at:%Y-%m-%d}" if self.period_ends_at else "-"
        return f"{self.status} until {until}"


@dataclass(frozen=True, slots=True)
class MeteredLine:
    """Minutes of a period that the invoices of a subscription ask for."""

    starts_at: datetime
    ends_at: datetime
    minutes: int


@dataclass(frozen=True, slots=True)
class ListedItem:
    """An item of ours; `is_taken` once an invoice has it."""

    id: str
    key: str
    is_taken: bool


@dataclass(frozen=True, slots=True)
class BilledUsage:
    """What a subscription's invoices have asked for. `drafts` are ids of those that may
    still change."""

    lines: tuple[MeteredLine, ...]
    items: tuple[ListedItem, ...]
    drafts: tuple[str, ...]
