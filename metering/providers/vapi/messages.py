"""From Vapi's messages to what they mean to us. Pure; the same for live and stored bodies.

Facts that cost money to get wrong (docs: server events; captured calls): the `call` inside
a message is a stale snapshot, so status, cost and times are read from the message itself;
an answered call is one that has `startedAt`; minutes inside `costs` are not talk time.
"""

import hashlib
import json
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from decimal import ROUND_CEILING, Decimal
from typing import Any

from metering.providers.base import CallRef, CallReport, CallRequest, CallStatus, Message
from metering.providers.vapi import wire
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.wire import Malformed

PROVIDER = "vapi"
ASSISTANT_REQUEST = "assistant-request"
STATUS_UPDATE = "status-update"
END_OF_CALL_REPORT = "end-of-call-report"
TOOL_CALLS = "tool-calls"
# Under this name our signed token travels in a call's metadata.
TOKEN_KEY = "servicebilling"  # noqa: S105

CALL_SECONDS_MAX = 24 * 3600
CLOCK_SKEW = timedelta(hours=1)
DIRECTIONS = {
    "inboundPhoneCall": "inbound",
    "outboundPhoneCall": "outbound",
    "webCall": "web",
    "vapi.websocketCall": "web",
}


@dataclass(frozen=True, slots=True)
class Incoming:
    """One message: what is kept of it, and what it means; None for what needs no act.

    `problem` says why a message about a call makes no sense; then it means nothing.
    """

    message: Message
    meaning: CallRequest | CallStatus | CallReport | None = None
    problem: str = ""


def parse(body: bytes, config: VapiConfig, *, now: datetime) -> Incoming:
    """Return what a body says. Never raises for what is in it."""
    try:
        message = wire.load(body)
    except Malformed as error:
        return Incoming(_unreadable(body, now), problem=str(error))
    return read(message, config, now=now)


def read(message: dict[str, Any], config: VapiConfig, *, now: datetime) -> Incoming:
    """Return what a loaded message, live or stored, says."""
    kind = wire.text(message, "type")[:60] or "unknown"
    try:
        kept = _keep(message, kind)
        call_id = kept["call"]["id"]
        meaning = _meaning(kind, kept, message, config, now) if call_id else None
    except Malformed as error:
        kept = {"type": kind, "problem": str(error)}
        return Incoming(_message(kind, "", kept, now), problem=str(error))
    stored = _message(kind, call_id, kept, now)
    if isinstance(meaning, CallStatus | CallReport):
        meaning = told_by(meaning, stored)
    problem = ""
    if not call_id and kind in (ASSISTANT_REQUEST, STATUS_UPDATE, END_OF_CALL_REPORT):
        problem = "there is no call id"
    return Incoming(stored, meaning, problem)


def _keep(message: dict[str, Any], kind: str) -> dict[str, Any]:
    """The allow-list: ids, type, status, times, reason, cost. Never texts or secrets."""
    call = wire.record(message, "call")
    number = wire.record(message, "phoneNumber")
    customer = wire.record(message, "customer") or wire.record(call, "customer")
    assistant = wire.record(message, "assistant")
    kept: dict[str, Any] = {
        "type": kind,
        "call": {
            "id": wire.identifier(call, "id"),
            "type": wire.text(call, "type"),
            "phoneNumberId": wire.identifier(call, "phoneNumberId")
            or wire.identifier(number, "id"),
            "assistantId": wire.identifier(call, "assistantId")
            or wire.identifier(assistant, "id"),
            "metadata": {TOKEN_KEY: _token(call)},
        },
        "phoneNumber": {"number": wire.text(number, "number")[:100]},
        "customer": {
            "number": (wire.text(customer, "number") or wire.text(customer, "sipUri"))[:100]
        },
        "status": wire.text(message, "status"),
        "endedReason": wire.text(message, "endedReason"),
    }
    for name in ("timestamp", "startedAt", "endedAt"):
        when = wire.moment(message, name)
        kept[name] = when.isoformat() if when else None
    if kind == END_OF_CALL_REPORT:
        for name in ("startedAt", "endedAt"):
            when = None if kept[name] else wire.moment(call, name)
            kept[name] = kept[name] or (when.isoformat() if when else None)
        for name in ("durationMs", "durationSeconds", "cost"):
            exact = wire.number(message, name)
            kept[name] = None if exact is None else f"{exact:f}"
        kept["costBreakdown"] = _breakdown(message)
    return kept


def _token(call: dict[str, Any]) -> str:
    """Our token, from either place where metadata has been seen."""
    for holder in (wire.record(call, "assistantOverrides"), call):
        metadata = holder.get("metadata")
        if isinstance(metadata, dict) and isinstance(metadata.get(TOKEN_KEY), str):
            return wire.storable(metadata[TOKEN_KEY])[:500]
    return ""


def _breakdown(message: dict[str, Any]) -> dict[str, str]:
    """The parts of the cost that are plain numbers."""
    found = message.get("costBreakdown")
    parts: dict[str, str] = {}
    for name in found if isinstance(found, dict) else ():
        try:
            exact = wire.number(found, name)
        except Malformed:
            continue
        if exact is not None and len(parts) < 30:
            parts[wire.text({"name": name}, "name")[:40]] = f"{exact:f}"
    return parts


def _meaning(
    kind: str,
    kept: dict[str, Any],
    message: dict[str, Any],
    config: VapiConfig,
    now: datetime,
) -> CallRequest | CallStatus | CallReport | None:
    if kind not in (ASSISTANT_REQUEST, STATUS_UPDATE, END_OF_CALL_REPORT):
        return None
    ref = _ref(kept, config)
    at = wire.moment(kept, "timestamp") or now
    if kind == ASSISTANT_REQUEST:
        return CallRequest(ref, at)
    if kind == STATUS_UPDATE:
        monitor = wire.record(wire.record(message, "call"), "monitor")
        control_url = monitor.get("controlUrl")
        return CallStatus(
            ref=ref,
            message=_message(kind, ref.call_id, kept, now),
            status=kept["status"],
            at=at,
            ended_reason=kept["endedReason"],
            # A secret: it goes with the hold and never into the kept message.
            control_url=control_url[:2000] if isinstance(control_url, str) else "",
        )
    return _report(ref, kept, at, now)


def _ref(kept: dict[str, Any], config: VapiConfig) -> CallRef:
    call = kept["call"]
    direction = DIRECTIONS.get(call["type"]) or (
        "inbound" if call["phoneNumberId"] else "web"
    )
    own, other = kept["phoneNumber"]["number"], kept["customer"]["number"]
    token = call["metadata"][TOKEN_KEY]
    return CallRef(
        provider=PROVIDER,
        call_id=call["id"],
        number_id=call["phoneNumberId"],
        assistant_id=call["assistantId"],
        trusted_organization_id=config.read_token(token) if token else None,
        direction=direction,
        call_from=own if direction == "outbound" else other,
        call_to=other if direction == "outbound" else own,
    )


def _report(ref: CallRef, kept: dict[str, Any], at: datetime, now: datetime) -> CallReport:
    started, ended = wire.moment(kept, "startedAt"), wire.moment(kept, "endedAt")
    lasted = _lasted_ms(kept)
    if started is None and lasted and ended is not None:
        started = ended - timedelta(milliseconds=float(lasted))
    if started is None and lasted:
        raise Malformed("a duration without a start")
    seconds = None
    if started is not None:
        seconds = _seconds(started, ended, lasted)
        ended = ended or started + timedelta(seconds=seconds)
        if ended > now + CLOCK_SKEW:
            raise Malformed("the call ends in the future")
    cost = wire.number(kept, "cost")
    if cost is not None and cost < 0:
        raise Malformed("the cost is negative")
    return CallReport(
        ref=ref,
        at=ended or at,
        started_at=started,
        ended_at=ended,
        duration_seconds=seconds,
        cost=None if cost is None else round(cost, 6),
        cost_breakdown=kept["costBreakdown"],
        ended_reason=kept["endedReason"],
    )


def _lasted_ms(kept: dict[str, Any]) -> Decimal | None:
    lasted = wire.number(kept, "durationMs")
    if lasted is None:
        seconds = wire.number(kept, "durationSeconds")
        lasted = None if seconds is None else seconds * 1000
    if lasted is not None and not 0 <= lasted <= 1000 * CALL_SECONDS_MAX:
        raise Malformed("the duration is impossible")
    return lasted


def _seconds(started: datetime, ended: datetime | None, lasted_ms: Decimal | None) -> int:
    """Talk time, rounded up once to whole seconds; the two times are the first witness."""
    if ended is not None:
        lasted_ms = Decimal((ended - started) // timedelta(microseconds=1)) / 1000
    if lasted_ms is None:
        raise Malformed("the call has no end")
    if not 0 <= lasted_ms <= 1000 * CALL_SECONDS_MAX:
        raise Malformed("the duration is impossible")
    return int((lasted_ms / 1000).to_integral_value(ROUND_CEILING))


def _message(kind: str, call_id: str, kept: dict[str, Any], now: datetime) -> Message:
    told = {name: value for name, value in kept.items() if name != "timestamp"}
    digest = hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()
    subject = f"{kind}:{kept['status']}" if kept.get("status") else kind
    return Message(
        provider=PROVIDER,
        kind=kind,
        external_id=f"{subject[:90]}:{call_id[:120]}:{digest}"[:300],
        body={"message": kept},
        received_at=now,
        call_id=call_id,
    )


def _unreadable(body: bytes, now: datetime) -> Message:
    """Of a body that cannot be read: its hash, its length and a short head."""
    digest = hashlib.sha256(body).hexdigest()
    head = wire.storable(body[:64].decode("ascii", "replace"))
    return Message(
        provider=PROVIDER,
        kind="unreadable",
        external_id=f"unreadable::{digest}",
        body={"sha256": digest, "length_bytes": len(body), "head": head},
        received_at=now,
    )


def told_by(meaning: CallStatus | CallReport, message: Message) -> CallStatus | CallReport:
    """The same meaning, brought by another message."""
    return replace(meaning, message=message)
