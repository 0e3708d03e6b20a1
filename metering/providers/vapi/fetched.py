"""What Vapi's API answers, read with the same care as its messages. Pure.

A call that was fetched is turned into the message that should have told of it, so that it
means the same whichever way it came: one reader, one kept form, one handler.
"""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal
from typing import Any

from metering.providers.base import (
    AssistantSetUp,
    CallReport,
    CallStatus,
    Dialled,
    FetchedCall,
    NumberSetUp,
    SetUp,
)
from metering.providers.vapi import messages, wire
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.kept import TOKEN_KEY
from metering.providers.vapi.wire import Malformed

ENDED = "ended"
TOLD_LENGTH_MAX = 300


def dialled(found: Any) -> Dialled:
    """Read the answer to placing a call. Raises `Malformed`."""
    call_id = wire.identifier(_part(found, "id"))
    if not call_id or not isinstance(call_id, str):
        raise Malformed("there is no call id")
    return Dialled(
        call_id=call_id,
        join_url=_join_url(found),
        control_url=messages.control_url({"call": found}),
    )


def call(found: Any, config: VapiConfig, *, now: datetime) -> FetchedCall | None:
    """Read one call of a list or of its own; None for what is no call at all."""
    call_id = wire.identifier(_part(found, "id"))
    if not call_id or not isinstance(call_id, str):
        return None
    incoming = messages.understand(_as_message(found), config, now=now)
    meaning = incoming.meaning
    known = meaning if isinstance(meaning, CallReport | CallStatus) else None
    return FetchedCall(
        call_id=call_id,
        ref=known.ref if known else None,
        created_at=_moment(found, "createdAt"),
        updated_at=_moment(found, "updatedAt"),
        report=known if isinstance(known, CallReport) else None,
        status=known if isinstance(known, CallStatus) else None,
        problem=incoming.problem,
        join_url=_join_url(found),
    )


def set_up(numbers: Any, assistants: Any) -> SetUp:
    """Read the lists of numbers and assistants. Raises `Malformed`."""
    if not isinstance(numbers, list) or not isinstance(assistants, list):
        raise Malformed("the set-up is no list")
    return SetUp(
        tuple(_number(one) for one in numbers if isinstance(one, dict)),
        tuple(_assistant(one) for one in assistants if isinstance(one, dict)),
    )


def balance(found: Any) -> Decimal | None:
    """What is left in the account, in USD, if the answer says so."""
    for one in found if isinstance(found, list) else [found]:
        left = wire.number(_number_or_none(_part(one, "credits")))
        if isinstance(left, str):
            return Decimal(left)
    return None


def complaint(body: bytes) -> str:
    """Vapi's words for what was wrong with a request; for the log and staff."""
    try:
        said = _part(wire.load_any(body), "message")
    except Malformed:
        return "unreadable"
    words = "; ".join(map(str, said)) if isinstance(said, list) else str(said)
    return wire.storable(words)[:TOLD_LENGTH_MAX]


def _as_message(found: dict[str, Any]) -> dict[str, Any]:
    """The call as the message that tells of its state; here it is no stale snapshot."""
    status = _text(found, "status")
    overrides = _part(found, "assistantOverrides", "metadata")
    message: dict[str, Any] = {
        "type": messages.END_OF_CALL_REPORT if status == ENDED else messages.STATUS_UPDATE,
        "timestamp": _part(found, "updatedAt"),
        "startedAt": _part(found, "startedAt"),
        "endedAt": _part(found, "endedAt") if _part(found, "startedAt") else None,
        "endedReason": _part(found, "endedReason"),
        "cost": _part(found, "cost"),
        "costBreakdown": _part(found, "costBreakdown"),
        "phoneNumber": _part(found, "phoneNumber"),
        "customer": _part(found, "customer"),
        "call": {
            "id": found["id"],
            "type": _part(found, "type"),
            "phoneNumberId": _part(found, "phoneNumberId"),
            "assistantId": _part(found, "assistantId"),
            "campaignId": _part(found, "campaignId"),
            "monitor": _part(found, "monitor"),
        },
    }
    token = _part(overrides, TOKEN_KEY) or _part(found, "assistant", "metadata", TOKEN_KEY)
    if token:
        message["call"]["assistantOverrides"] = {"metadata": {TOKEN_KEY: token}}
    if status != ENDED:
        message["status"] = status
    return {name: value for name, value in message.items() if value is not None}


def _join_url(found: Any) -> str:
    url = _text(found, "webCallUrl") or _text(found, "transport", "callUrl")
    return url if url.startswith(("https://", "http://127.0.0.1:")) else ""


def _number(found: dict[str, Any]) -> NumberSetUp:
    answered_by = [
        f"{name} {_text(found, key)}"
        for name, key in (
            ("assistant", "assistantId"),
            ("squad", "squadId"),
            ("workflow", "workflowId"),
        )
        if _text(found, key)
    ]
    return NumberSetUp(
        number_id=_text(found, "id"),
        e164=_text(found, "number"),
        kind=_text(found, "provider"),
        answered_by=", ".join(answered_by),
        has_fallback=bool(found.get("fallbackDestination")),
        server_url=_text(found, "server", "url") or _text(found, "serverUrl"),
        has_retry_plan=bool(_part(found, "server", "backoffPlan")),
    )


def _assistant(found: dict[str, Any]) -> AssistantSetUp:
    told = found.get("serverMessages")
    return AssistantSetUp(
        assistant_id=_text(found, "id"),
        name=_text(found, "name"),
        server_url=_text(found, "server", "url") or _text(found, "serverUrl"),
        # Unset means Vapi's own list, which has the report.
        sends_reports=not isinstance(told, list) or messages.END_OF_CALL_REPORT in told,
    )


def _part(found: Any, *path: str) -> Any:
    for name in path:
        found = found.get(name) if isinstance(found, dict) else None
    return found


def _text(found: Any, *path: str) -> str:
    value = _part(found, *path)
    return wire.storable(value)[:500] if isinstance(value, str) else ""


def _moment(found: Any, name: str) -> datetime | None:
    read: Callable[[Any], Any] = wire.moment
    moment = read(_part(found, name))
    return datetime.fromisoformat(moment) if isinstance(moment, str) else None


def _number_or_none(value: Any) -> Any:
    """Vapi writes credits as a text."""
    try:
        return Decimal(value) if isinstance(value, str) else value
    except ArithmeticError:
        return None
