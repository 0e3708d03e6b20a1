"""From Vapi's messages to what they mean to us. Pure; the same for live and kept ones.

Facts that cost money to get wrong (Vapi's pages on server events; captured calls): the
`call` inside a message is a stale snapshot, so status, cost and times are the message's own;
an answered call is one that has `startedAt`; minutes inside `costs` are not talk time.
"""

import hashlib
import json
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import Decimal

from metering.providers.base import (
    CallRef,
    CallReport,
    CallRequest,
    CallStatus,
    DialRequest,
    Message,
)
from metering.providers.vapi import wire
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.kept import TOKEN_KEY, fact, keep, note
from metering.providers.vapi.wire import Kept, Malformed

PROVIDER = "vapi"
ASSISTANT_REQUEST = "assistant-request"
STATUS_UPDATE = "status-update"
END_OF_CALL_REPORT = "end-of-call-report"
PREDIAL = "campaign.predial"
# A body that could not be read at all.
UNREADABLE = "unreadable"

CALL_LASTS_MAX = timedelta(hours=24)
# Clocks differ a little; a call of next week or of two years ago is a mistake.
CLOCK_SKEW = timedelta(hours=1)
CALL_AGE_MAX = timedelta(days=366)
CONTROL_URL_LENGTH_MAX = 2000
DIRECTIONS = {
    "inboundPhoneCall": "inbound",
    "outboundPhoneCall": "outbound",
    "webCall": "web",
    "vapi.websocketCall": "web",
}

Meaning = CallRequest | CallStatus | CallReport | DialRequest


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message: what is kept of it, and what it means; None for what needs no act.

    `problem` says why a message that needs one makes no sense; then it means nothing.
    """

    message: Message
    meaning: Meaning | None = None
    problem: str = ""


def parse(body: bytes, config: VapiConfig, *, now: datetime) -> Incoming:
    """Return what a body says. Never raises for what is in it."""
    try:
        message = wire.load(body)
    except Malformed as error:
        return Incoming(_unreadable(body, now), problem=str(error))
    return understand(message, config, now=now)


def understand(
    message: dict[str, object], config: VapiConfig, *, now: datetime
) -> Incoming:
    """Return what a message says, once it is read. Never raises for what is in it."""
    kept = keep(message)
    stored = Message(
        provider=PROVIDER,
        kind=note(kept, "type") or "unknown",
        external_id=_name(kept),
        body={"message": kept},
        received_at=now,
        call_id=note(kept, "call.id"),
    )
    incoming = reread(stored, config)
    if isinstance(incoming.meaning, CallStatus):
        status = replace(incoming.meaning, control_url=control_url(message))
        return replace(incoming, meaning=status)
    return incoming


def reread(message: Message, config: VapiConfig) -> Incoming:
    """Return what a kept message says, as of when it was received."""
    kept = message.body.get("message")
    if not isinstance(kept, dict):
        return Incoming(message, problem="nothing of it could be read")
    try:
        read = _READERS.get(fact(kept, "type"))
        meaning = read and read(kept, message, config)
    except Malformed as error:
        return Incoming(message, problem=str(error))
    return Incoming(message, meaning)


def _request(kept: Kept, message: Message, config: VapiConfig) -> CallRequest:
    return CallRequest(_ref(kept, config), _said_at(kept, message.received_at))


def _status(kept: Kept, message: Message, config: VapiConfig) -> CallStatus:
    status = fact(kept, "status")
    if not status:
        raise Malformed("there is no status")
    return CallStatus(
        ref=_ref(kept, config),
        message=message,
        status=status,
        at=_said_at(kept, message.received_at),
        ended_reason=note(kept, "endedReason"),
    )


def _report(kept: Kept, message: Message, config: VapiConfig) -> CallReport:
    received_at = message.received_at
    started = _moment(fact(kept, "startedAt", "call.startedAt"), received_at)
    ended = _moment(fact(kept, "endedAt", "call.endedAt"), received_at)
    seconds, ended = _talk(started, ended, _measured(kept))
    cost = fact(kept, "cost")
    if cost and Decimal(cost) < 0:
        raise Malformed("the cost is negative")
    return CallReport(
        ref=_ref(kept, config),
        at=ended or _said_at(kept, received_at),
        started_at=started,
        ended_at=ended,
        duration_seconds=seconds,
        cost=Decimal(cost) if cost else None,
        cost_breakdown=kept.get("costBreakdown", {}),
        ended_reason=note(kept, "endedReason"),
        message=message,
    )


def _dial_request(kept: Kept, message: Message, config: VapiConfig) -> DialRequest:
    """A contact of a campaign is to be dialled; whose it is, its line or assistant says."""
    campaign_id, contact_id = fact(kept, "campaignId"), fact(kept, "contact.id")
    if not campaign_id or not contact_id:
        raise Malformed("the campaign or the contact has no id")
    ref = CallRef(
        provider=PROVIDER,
        call_id="",
        number_id=fact(kept, "phoneNumber.id"),
        assistant_id=fact(kept, "assistant.id"),
        direction="outbound",
        call_from=note(kept, "phoneNumber.number"),
        call_to=note(kept, "contact.number", "customer.number"),
        campaign_id=campaign_id,
    )
    return DialRequest(ref, contact_id)


_READERS: dict[str, Callable[[Kept, Message, VapiConfig], Meaning]] = {
    ASSISTANT_REQUEST: _request,
    STATUS_UPDATE: _status,
    END_OF_CALL_REPORT: _report,
    PREDIAL: _dial_request,
}


def _ref(kept: Kept, config: VapiConfig) -> CallRef:
    call_id = fact(kept, "call.id")
    if not call_id:
        raise Malformed("there is no call id")
    number_id = fact(kept, "call.phoneNumberId", "phoneNumber.id")
    direction = DIRECTIONS.get(note(kept, "call.type")) or (
        "inbound" if number_id else "web"
    )
    own = note(kept, "phoneNumber.number")
    other = note(kept, "customer.number", "call.customer.number", "customer.sipUri")
    token = note(
        kept, f"call.assistantOverrides.metadata.{TOKEN_KEY}", f"call.metadata.{TOKEN_KEY}"
    )
    return CallRef(
        provider=PROVIDER,
        call_id=call_id,
        number_id=number_id,
        assistant_id=fact(kept, "call.assistantId", "assistant.id"),
        trusted_organization_id=config.read_token(token, call_id) if token else None,
        placement_id=config.read_placement(token) if token else None,
        campaign_id=note(kept, "call.campaignId"),
        direction=direction,
        call_from=own if direction == "outbound" else other,
        call_to=other if direction == "outbound" else own,
    )


def _moment(text: str, received_at: datetime) -> datetime | None:
    if not text:
        return None
    moment = datetime.fromisoformat(text)
    if not received_at - CALL_AGE_MAX < moment < received_at + CLOCK_SKEW:
        raise Malformed("the call was not lately")
    return moment


def _said_at(kept: Kept, received_at: datetime) -> datetime:
    """When Vapi sent it: as it says, but never after it came."""
    said = note(kept, "timestamp")
    return min(datetime.fromisoformat(said), received_at) if said else received_at


def _measured(kept: Kept) -> timedelta | None:
    """The length as Vapi gives it, beside the two times."""
    given = [
        timedelta(microseconds=int(Decimal(length) * microseconds))
        for length, microseconds in (
            (fact(kept, "durationMs"), 1000),
            (fact(kept, "durationSeconds"), 1_000_000),
        )
        if length
    ]
    for length in given:
        _check(length)
    return given[0] if given else None


def _talk(
    started: datetime | None, ended: datetime | None, measured: timedelta | None
) -> tuple[int | None, datetime | None]:
    """Talk time, rounded up once to whole seconds, and its end; None: never answered.

    The two times are the first witness, the measured length the second.
    """
    if started is None:
        if measured:
            raise Malformed("the call has a length and no start")
        return None, ended
    if ended is None and measured is not None:
        ended = started + measured
    if ended is None:
        raise Malformed("the call has no end")
    lasted = ended - started
    _check(lasted)
    return -(-lasted // timedelta(seconds=1)), ended


def _check(length: timedelta) -> None:
    if not timedelta(0) <= length <= CALL_LASTS_MAX:
        raise Malformed("the length is impossible")


def control_url(message: dict[str, object]) -> str:
    """Where the running call can be ended: a secret, so it goes with the hold and is never
    kept with the message."""
    found: object = message
    for part in ("call", "monitor", "controlUrl"):
        found = found.get(part) if isinstance(found, dict) else None
    # What is not https can only lead to a stand-in; `control` looks closer before it is used.
    schemes = ("https://", "http://127.0.0.1:")
    if not isinstance(found, str) or not found.startswith(schemes):
        return ""
    is_storable = len(found) <= CONTROL_URL_LENGTH_MAX and wire.storable(found) == found
    return found if is_storable else ""


def _name(kept: Kept) -> str:
    """Name the fact and its content, without the moment of delivery: Vapi sends no event
    id, and whatever it repeats is the same row."""
    told = {name: value for name, value in kept.items() if name != "timestamp"}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    subject = [note(kept, "type") or "unknown", note(kept, "status")]
    return ":".join([*filter(None, subject), note(kept, "call.id"), digest])


def _unreadable(body: bytes, now: datetime) -> Message:
    """Of a body that cannot be read: its hash, its length and a short head."""
    digest = hashlib.sha256(body).hexdigest()
    shown = wire.hint(body[: wire.HINT_LENGTH].decode("ascii", "replace"))
    return Message(
        provider=PROVIDER,
        kind=UNREADABLE,
        external_id=f"{UNREADABLE}::{digest}",
        body={"sha256": digest, "length_bytes": len(body), "head": shown},
        received_at=now,
    )
