"""The door for tests and people: what to break, who calls, how fast time goes, what happened.

GET    /_sandbox/state               settings, faults, what was sent, mistakes
GET    /_sandbox/calls               every call, with what was said and where it was led
POST   /_sandbox/settings            {"pace": 60, "talk_seconds": 30, ...}
POST   /_sandbox/next_calls          [{"talk_seconds": 90}, {"talk_seconds": null}]
POST   /_sandbox/faults              {"kind": "drop", "types": ["end-of-call-report"]}
DELETE /_sandbox/faults
POST   /_sandbox/numbers             {"id": …, "number": …, "assistantId": …, …}
POST   /_sandbox/assistants          {"id": …, "name": …, …}
POST   /_sandbox/inbound             {"number_id": …, "customer": "+1…"}
POST   /_sandbox/web                 {"assistant_id": …, "overrides": {…}}: by a browser
POST   /_sandbox/campaign            {"campaign_id", "contact_id", "customer", "number_id",
                                     "assistant_id"}: asks, and dials if it may
POST   /_sandbox/reset
"""

from functools import partial
from typing import Any

from servicebilling.sandbox.vapi import api, calls, deliveries, faults, messages
from servicebilling.sandbox.vapi.api import ApiRefused, Given
from servicebilling.sandbox.vapi.box import SETTINGS, Box, Row, shown

PREFIX = "/_sandbox/"


def answer(box: Box, method: str, path: str, body: Any) -> Given:
    """Answer one request. Raises `ApiRefused`."""
    match method, path.removeprefix(PREFIX):
        case "GET", "state":
            return Given(200, _state(box))
        case "GET", "calls":
            return Given(200, list(box.calls.values()))
        case "POST", "settings":
            if unknown := set(body) - set(SETTINGS):
                raise ApiRefused(400, f"no such setting: {', '.join(sorted(unknown))}")
            box.settings.update(body)
            return Given(200, box.settings)
        case "POST", "next_calls":
            box.next_calls.extend(body)
            return Given(200, box.next_calls)
        case "POST", "faults":
            try:
                return Given(201, faults.ask_for(box, body))
            except ValueError as error:
                raise ApiRefused(400, str(error)) from error
        case "DELETE", "faults":
            box.faults.clear()
            return Given(200, [])
        case "POST", "numbers":
            return Given(201, api.add_number(box, body))
        case "POST", "assistants":
            return Given(201, api.add_assistant(box, body))
        case "POST", "reset":
            box.reset()
            return Given(200, _state(box))
    return _call(box, method, path, body)


def _call(box: Box, method: str, path: str, body: Row) -> Given:
    match method, path.removeprefix(PREFIX):
        case "POST", "inbound":
            call = calls.receive(
                box, number_id=body["number_id"], customer=body["customer"]
            )
        case "POST", "web":
            call = calls.create(
                box,
                kind="webCall",
                assistant_id=body["assistant_id"],
                overrides=body.get("overrides"),
            )
        case "POST", "campaign":
            _ask_and_dial(box, body)
            return Given(202, {})
        case _:
            raise ApiRefused(404, f"Cannot {method} {path}")
    return Given(201, shown(call))


def _ask_and_dial(box: Box, wanted: Row) -> None:
    """Nothing but `{"eligible": true}` lets the campaign dial."""
    stand_in: Row = {
        "phoneNumberId": wanted["number_id"],
        "assistantId": wanted.get("assistant_id"),
        "assistantOverrides": {},
        "assistant": None,
    }
    deliveries.ask(
        box,
        stand_in,
        messages.predial(box, wanted),
        then=partial(_dial_if_eligible, box, wanted),
    )


def _dial_if_eligible(box: Box, wanted: Row, answered: Row | None) -> None:
    if answered is None or answered.get("eligible") is not True:
        return
    calls.create(
        box,
        kind="outboundPhoneCall",
        assistant_id=wanted.get("assistant_id"),
        number_id=wanted["number_id"],
        customer=wanted["customer"],
        campaign_id=wanted["campaign_id"],
    )


def _state(box: Box) -> Row:
    return {
        "settings": box.settings,
        "faults": box.faults,
        "sent": box.sent[-200:],
        "requests": box.requests[-200:],
        "waiting": len(box.agenda),
        "mistakes": box.mistakes,
    }
