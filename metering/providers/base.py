"""What a telephony provider's messages mean to us. Adapters turn wire bodies into these and
these into wire answers; they know no tables."""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any, Protocol
from uuid import UUID


class ProviderError(Exception):
    """A provider did not do what was asked; `retry` says whether trying again may help."""

    def __init__(self, message: str, *, retry: bool) -> None:
        super().__init__(message)
        self.retry = retry


class Refused(ProviderError):
    """The provider has certainly not done it: it said so, or never heard of it.

    `status` is its HTTP status, 0 if it could not be reached.
    """

    def __init__(self, message: str, *, status: int, retry: bool) -> None:
        super().__init__(message, retry=retry)
        self.status = status


class OutcomeUnknown(ProviderError):
    """The provider may have done it: its answer did not come, or made no sense."""

    def __init__(self, message: str) -> None:
        super().__init__(message, retry=True)


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
    # Of a call that we asked the provider to place; from the same kind of metadata.
    placement_id: UUID | None = None
    campaign_id: str = ""
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


@dataclass(frozen=True, slots=True)
class DialRequest:
    """A campaign asks before it dials a contact; the call has no id yet."""

    ref: CallRef
    contact_id: str


@dataclass(frozen=True, slots=True)
class Placing:
    """A call to be placed, as the gate has let it through. `token` comes back with all that
    is told of it. `says` replaces the assistant by one that says a sentence and hangs up."""

    direction: str
    seconds_max: int
    token: str
    assistant_id: str = ""
    number_id: str = ""
    customer: str = ""
    says: str = ""


@dataclass(frozen=True, slots=True)
class Dialled:
    """A call that the provider has taken on. `join_url`: where a browser joins it."""

    call_id: str
    join_url: str = ""
    control_url: str = ""


@dataclass(frozen=True, slots=True)
class FetchedCall:
    """A call as the provider told it when asked. One of `report` (it has ended) and `status`
    (it has not) is there, unless `problem` says why what was told makes no sense."""

    call_id: str
    ref: CallRef | None
    created_at: datetime | None
    updated_at: datetime | None
    report: CallReport | None = None
    status: CallStatus | None = None
    problem: str = ""
    join_url: str = ""


@dataclass(frozen=True, slots=True)
class Page:
    """Calls in no order that may be relied on. `is_full`: there may be more."""

    calls: tuple[FetchedCall, ...]
    is_full: bool


@dataclass(frozen=True, slots=True)
class NumberSetUp:
    """How a number is set up at the provider; `server_url` empty: none of its own."""

    number_id: str
    e164: str
    kind: str
    answered_by: str
    has_fallback: bool
    server_url: str
    has_retry_plan: bool


@dataclass(frozen=True, slots=True)
class AssistantSetUp:
    assistant_id: str
    name: str
    server_url: str
    sends_reports: bool


@dataclass(frozen=True, slots=True)
class SetUp:
    numbers: tuple[NumberSetUp, ...]
    assistants: tuple[AssistantSetUp, ...]


class Telephony(Protocol):
    """What we ask of a provider. Every method may raise `ProviderError`; `place` tells
    `Refused` (the call does not exist) from `OutcomeUnknown` (it may)."""

    def place(self, placing: Placing) -> Dialled: ...

    def call(self, call_id: str, *, now: datetime) -> FetchedCall | None: ...

    def calls(
        self,
        *,
        now: datetime,
        updated_since: datetime | None = None,
        created_since: datetime | None = None,
        created_before: datetime | None = None,
        limit: int = 1000,
    ) -> Page: ...

    def set_up(self) -> SetUp: ...

    def point_number_here(self, number_id: str, *, kind: str) -> None: ...

    def balance_usd(self) -> Decimal | None: ...
