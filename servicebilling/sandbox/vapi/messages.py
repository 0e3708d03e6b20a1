"""What is told of a call, in Vapi's shapes.

As in captured messages, the `call` inside is a snapshot from when it was created: its status
and cost are stale and it has no times; status, times and cost are the message's own.
"""

from datetime import datetime

from servicebilling.sandbox.vapi.box import Box, Row, shown

# Prices in USD a minute, near those of a call with common models.
_PER_MINUTE = {"stt": 0.0116, "llm": 0.0004, "tts": 0.0058, "vapi": 0.05}


def assistant_request(box: Box, call: Row) -> Row:
    return _message(box, call, "assistant-request")


def status_update(box: Box, call: Row, *, status: str) -> Row:
    told = _message(box, call, "status-update") | {"status": status}
    if status == "ended":
        told["endedReason"] = call["endedReason"]
    return told


def end_of_call_report(box: Box, call: Row) -> Row:
    told = _message(box, call, "end-of-call-report") | {
        "endedReason": call["endedReason"],
        "cost": call["cost"],
        "costBreakdown": call["costBreakdown"],
        "costs": [{"type": "vapi", "cost": call["costBreakdown"]["vapi"]}],
        "analysis": {},
        "artifact": {"messages": [], "transfers": []},
    }
    if call["startedAt"]:
        lasted = _lasted_milliseconds(call)
        told |= {
            "startedAt": call["startedAt"],
            "endedAt": call["endedAt"],
            "durationMs": lasted,
            "durationSeconds": lasted / 1000,
            "durationMinutes": round(lasted / 60_000, 4),
        }
    return told


def predial(box: Box, wanted: Row) -> Row:
    """A campaign asks before it dials a contact."""
    return {
        "type": "campaign.predial",
        "timestamp": _now(box),
        "campaignId": wanted["campaign_id"],
        "contact": {"id": wanted["contact_id"], "number": wanted["customer"]},
        "phoneNumber": {"id": wanted["number_id"]},
    }


def costs(milliseconds: int) -> Row:
    """What the account is charged, by part and in total: floats, as Vapi writes them."""
    minutes = milliseconds / 60_000
    parts = {name: round(price * minutes, 4) for name, price in _PER_MINUTE.items()}
    return parts | {"transport": 0, "total": round(sum(parts.values()), 4)}


def _message(box: Box, call: Row, kind: str) -> Row:
    told: Row = {"timestamp": _now(box), "type": kind, "call": _snapshot(call)}
    if call["assistantId"]:
        told["assistant"] = {"id": call["assistantId"]}
    if call["type"] != "webCall":
        number = box.numbers.get(call["phoneNumberId"]) or {"id": call["phoneNumberId"]}
        told["phoneNumber"] = shown(number)
        told["customer"] = call["customer"]
    return told


def _snapshot(call: Row) -> Row:
    is_inbound = call["type"] == "inboundPhoneCall"
    kept = {
        name: value
        for name, value in shown(call).items()
        if name not in ("startedAt", "endedAt", "endedReason", "costBreakdown")
    }
    return kept | {
        "updatedAt": call["createdAt"],
        "status": "ringing" if is_inbound else "queued",
        "cost": 0,
    }


def _lasted_milliseconds(call: Row) -> int:
    started = datetime.fromisoformat(call["startedAt"])
    lasted = datetime.fromisoformat(call["endedAt"]) - started
    return round(lasted.total_seconds() * 1000)


def _now(box: Box) -> int:
    return round(box.now().timestamp() * 1000)
