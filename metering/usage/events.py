"""What comes in and what goes out of recording: plain data."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from metering.usage.errors import UsageError

# What the customer's systems may name, and the meter that counts it. Minutes that a system
# reports by itself never mix with those of calls.
METERS = {
    "api_call": "api_call",
    "ai_query": "ai_query",
    "storage_mb": "storage_mb",
    "voice_minute": "reported_minute",
}

# What a quantity column holds with room for a month of them.
QUANTITY_MAX = Decimal(10) ** 9


@dataclass(frozen=True, slots=True)
class Use:
    """One use of a meter, as somebody reports it.

    `key` names the fact: with the same key it is recorded once. `occurred_at` empty: now.
    `corrects` is the key of an earlier event, whose quantity this one replaces. `is_fact`:
    it has happened and is recorded whatever can pay for it.
    """

    meter: str
    quantity: Decimal
    key: str
    occurred_at: datetime | None = None
    metadata: dict[str, Any] = field(default_factory=dict)
    corrects: str = ""
    is_void: bool = False
    is_estimated: bool = False
    is_fact: bool = False
    # Made by ourselves, with a key that nobody else may use.
    is_own: bool = False


@dataclass(frozen=True, slots=True)
class Recorded:
    """What became of a use. `outcome`: `recorded`, `already` (the same was recorded before),
    or `refused` with the error that says why; nothing was counted then."""

    key: str
    outcome: str
    event_id: UUID | None = None
    meter: str = ""
    quantity: Decimal = Decimal(0)
    # What this event cost beyond what is included, in the organization's currency.
    total: Decimal = Decimal(0)
    currency: str = ""
    error: UsageError | None = None
