"""The life of a call: created, rings, talks, ends, is reported.

What was decided about it at its creation: how long it rings and talks. What may change that:
its cap, and whoever ends it through its control URL.
"""

from functools import partial
from typing import Any

from servicebilling.sandbox.vapi import deliveries, faults, messages
from servicebilling.sandbox.vapi.box import Box, Row, iso, new_id, seconds

# Vapi's default, where nobody set a cap.
SECONDS_MAX_DEFAULT = 600
# Its timer starts with the first audio, so a capped call lasts a little longer.
CAP_LATENESS_SECONDS = 0.4
ORG_ID = "0a9e4a3c-5f60-4b1e-9f0e-7d9f6c2b8e11"


def create(
    box: Box,
    *,
    kind: str,
    assistant_id: str | None,
    assistant: Row | None = None,
    overrides: Row | None = None,
    number_id: str | None = None,
    customer: str = "",
    campaign_id: str | None = None,
) -> Row:
    """Make a call and put its life on the agenda (an inbound one waits for its answer)."""
    goes = {
        "ring_seconds": box.settings["ring_seconds"],
        "talk_seconds": box.settings["talk_seconds"],
    } | (box.next_calls.pop(0) if box.next_calls else {})
    now = iso(box.now())
    call_id = new_id()
    call: Row = {
        "id": call_id,
        "orgId": ORG_ID,
        "type": kind,
        "status": "ringing" if kind == "inboundPhoneCall" else "queued",
        "createdAt": now,
        "updatedAt": now,
        "startedAt": None,
        "endedAt": None,
        "endedReason": None,
        "cost": 0,
        "costBreakdown": messages.costs(0),
        "assistantId": assistant_id,
        "assistant": assistant,
        "assistantOverrides": overrides or {},
        "phoneNumberId": number_id,
        "monitor": {
            "listenUrl": f"{box.base_url}/listen/{call_id}",
            "controlUrl": f"{box.base_url}/control/{call_id}",
        },
        "_goes": goes,
        "_said": [],
    }
    if kind == "webCall":
        call["webCallUrl"] = f"{box.base_url}/room/{call_id}"
    else:
        call["customer"] = {"number": customer}
        call["phoneCallProviderId"] = f"CA{new_id().replace('-', '')}"
    if campaign_id:
        call["campaignId"] = campaign_id
    box.calls[call["id"]] = call
    if kind != "inboundPhoneCall":
        box.after(float(goes["ring_seconds"]), partial(answer, box, call))
    return call


def answer(box: Box, call: Row) -> None:
    """Somebody picks up, or nobody does."""
    if call["status"] == "ended":
        return
    talks = call["_goes"]["talk_seconds"]
    if talks is None:
        end(box, call, reason="customer-did-not-answer")
        return
    _change(box, call, status="in-progress", startedAt=iso(box.now()))
    cap = float(_setting(call, "maxDurationSeconds") or SECONDS_MAX_DEFAULT)
    if talks > cap:
        talks, reason = cap + CAP_LATENESS_SECONDS, "exceeded-max-duration"
    else:
        reason = call["_goes"].get("ended_reason", "customer-ended-call")
    call["_talks"], call["_began"] = float(talks), box.wall()
    if faults.for_message(box, "first", name="end-of-call-report"):
        # Told at once: whoever listens hears the end before the beginning.
        end(box, call, reason=reason, is_reversed=True)
        return
    deliveries.tell(box, call, messages.status_update(box, call, status="in-progress"))
    box.after(float(talks), partial(end, box, call, reason=reason))


def end(box: Box, call: Row, *, reason: str, is_reversed: bool = False) -> None:
    """The call is over, once; its report follows."""
    if call["status"] == "ended":
        return
    now = box.now()
    ended: Row = {"status": "ended", "endedAt": iso(now), "endedReason": reason}
    if call["startedAt"]:
        talked = _talked(box, call, is_whole=reason != "manually-canceled")
        ended["startedAt"] = iso(now - seconds(talked))
        ended["costBreakdown"] = messages.costs(round(talked * 1000))
        ended["cost"] = ended["costBreakdown"]["total"]
    _change(box, call, **ended)
    told = [
        messages.status_update(box, call, status="ended"),
        messages.end_of_call_report(box, call),
    ]
    if is_reversed:
        running = messages.status_update(box, call, status="in-progress")
        for message in (told[1], running, told[0]):
            deliveries.tell(box, call, message)
        return
    deliveries.tell(box, call, told[0])
    wait = float(box.settings["report_seconds"])
    box.after(wait, partial(deliveries.tell, box, call, told[1]))


def steer(box: Box, call: Row, command: Row) -> bool:
    """Obey what was sent to the control URL; False: the call does not run."""
    if call["status"] != "in-progress":
        return False
    if command.get("type") == "say":
        call["_said"].append(str(command.get("content", "")))
    if command.get("type") == "end-call" or command.get("endCallAfterSpoken"):
        end(box, call, reason="manually-canceled")
    return True


def receive(box: Box, *, number_id: str, customer: str) -> Row:
    """Somebody calls a number: ask its server which assistant answers, and obey."""
    number = box.numbers.get(number_id) or {}
    call = create(
        box,
        kind="inboundPhoneCall",
        assistant_id=number.get("assistantId"),
        number_id=number_id,
        customer=customer,
    )
    if call["assistantId"]:
        # A preset assistant: nobody is asked.
        box.after(float(call["_goes"]["ring_seconds"]), partial(answer, box, call))
        return call
    deliveries.ask(
        box,
        call,
        messages.assistant_request(box, call),
        then=partial(obey, box, call),
    )
    return call


def obey(box: Box, call: Row, answered: Row | None) -> None:
    """Do with an inbound call what was answered; None: nobody answered in time."""
    if answered is None:
        fallback = (box.numbers.get(call["phoneNumberId"]) or {}).get("fallbackDestination")
        call["_forwarded_to"] = fallback
        end(box, call, reason="assistant-request-failed")
    elif answered.get("error"):
        call["_said"].append(answered["error"])
        end(box, call, reason="assistant-request-returned-error")
    elif destination := answered.get("destination"):
        call["_forwarded_to"] = destination
        end(box, call, reason="assistant-request-returned-forwarding-phone-number")
    else:
        _change(
            box,
            call,
            assistantId=answered.get("assistantId"),
            assistantOverrides=answered.get("assistantOverrides") or {},
        )
        box.after(float(call["_goes"]["ring_seconds"]), partial(answer, box, call))


def _talked(box: Box, call: Row, *, is_whole: bool) -> float:
    if is_whole:
        return float(call["_talks"])
    so_far = (box.wall() - call["_began"]) * float(box.settings["pace"])
    return min(float(call["_talks"]), so_far)


def _setting(call: Row, name: str) -> Any:
    for holder in (call["assistantOverrides"], call["assistant"] or {}):
        if holder.get(name) is not None:
            return holder[name]
    return None


def _change(box: Box, call: Row, **fields: object) -> None:
    call.update(fields)
    call["updatedAt"] = iso(box.now())
