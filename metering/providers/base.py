"""What a telephony provider's messages mean to us. Adapters turn wire bodies into these and
these into wire answers; they know no tables."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID


class ProviderError(Exception):
    """A provider did not do what was asked; `retry` says whether trying again may help."""

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry


@dataclass(frozen=True, slots=True)
class Message:
    """What is kept of one delivery: an allow-list of its fields, never its text.

    `external_id` names the fact and its content, so that a repeated delivery is the same.
    """

    provider: str
    kind: str
    external_id: str
    body: dict[str, Any]
    received_at: datetime
    call_id: str = ""


@dataclass(frozen=True, slots=True)
class CallRef:
    """What tells whose call it is, strongest first: our hold, a token that we signed, the
    provider's number, the assistant."""

    provider: str
    call_id: str
    number_id: str = ""
    assistant_id: str = ""
    # Only from metadata whose signature we made and have verified.
    trusted_organization_id: UUID | None = None
    direction: str = "inbound"
    call_from: str = ""
    call_to: str = ""


@dataclass(frozen=True, slots=True)
class CallRequest:
    """May this call connect?"""

    ref: CallRef
    at: datetime


@dataclass(frozen=True, slots=True)
class CallStatus:
    """The life of a call, without money: `in-progress`, `ended`, …"""

    ref: CallRef
    message: Message
    status: str
    at: datetime
    ended_reason: str = ""
    control_url: str = ""


@dataclass(frozen=True, slots=True)
class CallReport:
    """The end of a call as the provider measured it: the truth that is billed.

    `duration_seconds` is whole seconds, rounded up once; None: it was never answered.
    `cost` is what the provider charges us, in USD.
    """

    ref: CallRef
    at: datetime
    started_at: datetime | None = None
    ended_at: datetime | None = None
    duration_seconds: int | None = None
    cost: Decimal | None = None
    cost_breakdown: dict[str, Any] = field(default_factory=dict)
    ended_reason: str = ""
    # Empty for what no message brought: an estimate, a reconciliation.
    message: Message | None = None
    # Settled from what we know, because no report came.
    is_estimate: bool = False
