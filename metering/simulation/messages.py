"""The messages of an invented call in Vapi's shapes, field by field as Vapi sends them.

As in real ones, the `call` inside is a snapshot from when it was created (its status, cost
and times are stale), and the facts of the call are the message's own. There is no transcript,
and no URL to end the call by: nothing runs behind it.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from metering.providers.vapi.kept import TOKEN_KEY
from metering.simulation.talk import Talk, cost_parts

Json = dict[str, Any]

# How long Vapi takes to write the report of a call.
REPORT_AFTER = timedelta(seconds=4)
_TYPES = {"inbound": "inboundPhoneCall", "outbound": "outboundPhoneCall", "web": "webCall"}


@dataclass(frozen=True, slots=True)
class Line:
    """Where a call runs: our number and the assistant behind it, by Vapi's ids."""

    number_id: str
    number: str
    assistant_id: str
    assistant_name: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call as it was created. `customer` is empty for a web call."""

    id: str
    direction: str
    line: Line
    customer: str
    created_at: datetime
    # From our answer to its assistant-request, if there was one.
    token: str = ""


def assistant_request(call: Call) -> Json:
    """An inbound call asks which assistant shall answer it: our pre-call check."""
    message = _message(call, "assistant-request", call.created_at)
    message["call"]["assistantId"] = None
    del message["assistant"]
    return {"message": message}


def status_update(call: Call, *, status: str, at: datetime, reason: str = "") -> Json:
    """`in-progress` or `ended`; the latter says why."""
    message = _message(call, "status-update", at) | {"status": status}
    if reason:
        message["endedReason"] = reason
    return {"message": message}


def end_of_call_report(call: Call, talk: Talk, *, started_at: datetime) -> Json:
    """The last word on a call that was answered at `started_at`, if it was answered."""
    ended_at = started_at + timedelta(milliseconds=talk.milliseconds or 0)
    parts = cost_parts(talk.milliseconds)
    message = _message(call, "end-of-call-report", ended_at + REPORT_AFTER) | {
        "endedReason": talk.ended_reason,
        "cost": parts["total"],
        "costBreakdown": parts,
        "analysis": {},
        "artifact": {"messages": [], "transfers": []},
    }
    if talk.milliseconds is not None:
        message |= {
            "startedAt": _iso(started_at),
            "endedAt": _iso(ended_at),
            "durationMs": talk.milliseconds,
            "durationSeconds": talk.milliseconds / 1000,
            "durationMinutes": round(talk.milliseconds / 60_000, 4),
        }
    return {"message": message}


def _message(call: Call, kind: str, at: datetime) -> Json:
    message = {
        "timestamp": round(at.timestamp() * 1000),
        "type": kind,
        "call": _snapshot(call),
        "assistant": {
            "id": call.line.assistant_id,
            "name": call.line.assistant_name,
            "serverMessages": ["status-update", "end-of-call-report"],
        },
    }
    if call.direction != "web":
        message["phoneNumber"] = {
            "id": call.line.number_id,
            "number": call.line.number,
            "provider": "twilio",
            "assistantId": None,
        }
        message["customer"] = {"number": call.customer}
    return message


def _snapshot(call: Call) -> Json:
    created_at = _iso(call.created_at)
    snapshot: Json = {
        "id": call.id,
        "type": _TYPES[call.direction],
        "status": "ringing" if call.direction == "inbound" else "queued",
        "createdAt": created_at,
        "updatedAt": created_at,
        "cost": 0,
        "assistantId": call.line.assistant_id,
    }
    if call.direction != "web":
        snapshot["phoneNumberId"] = call.line.number_id
        snapshot["customer"] = {"number": call.customer}
    if call.token:
        snapshot["assistantOverrides"] = {"metadata": {TOKEN_KEY: call.token}}
    return snapshot


def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
