"""Rows of the ledgers to be, and holds as they stand. Pure."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

ZERO = Decimal(0)


@dataclass(slots=True)
class Movement:
    """One row of the minute ledger to be; `post` fills in both counters."""

    kind: str
    reference: str
    cycle_id: UUID
    used_change: int = 0
    credit_change: int = 0
    charged_change: int = 0
    amount: Decimal = ZERO
    card_id: UUID | None = None
    call_id: UUID | None = None
    actor_id: int | None = None
    reason: str = ""
    used_after: int = 0
    credit_after: int = 0


@dataclass(slots=True)
class WalletMovement:
    """One row of the wallet ledger to be; `pay` fills in the balance."""

    kind: str
    reference: str
    amount: Decimal
    cycle_id: UUID | None = None
    card_id: UUID | None = None
    call_id: UUID | None = None
    actor_id: int | None = None
    reason: str = ""
    balance_after: Decimal = ZERO


@dataclass(slots=True)
class Overage:
    reference: str
    cycle_id: UUID
    card_id: UUID
    minutes: int
    amount: Decimal
    occurred_at: datetime
    call_id: UUID | None = None


@dataclass(slots=True)
class UsageOverage:
    """Usage of a meter that billing has to deliver."""

    reference: str
    cycle_id: UUID
    card_id: UUID
    meter: str
    quantity: Decimal
    amount: Decimal
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class HeldCall:
    """A hold as it stands."""

    id: UUID
    minutes: int
    seconds_max: int
    card_id: UUID
    cycle_id: UUID
    state: str


@dataclass(frozen=True, slots=True)
class HoldChange:
    id: UUID
    state: str
    closed_at: datetime
