"""The invented messages mean to the adapter what they are meant to mean."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Any

import pytest

from metering.providers.base import CallReport, CallRequest, CallStatus
from metering.providers.vapi import messages as vapi_messages
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.kept import keep
from metering.simulation import messages, stories, talk
from metering.simulation.messages import Call, Line
from metering.simulation.talk import Talk
from tests.payloads import vapi_message

NOW = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)
CONFIG = VapiConfig(secrets=("test-secret",), server_url="http://127.0.0.1/")
LINE = Line("number-1", "+12025550141", "assistant-1", "Reception")


def call(direction: str = "inbound", **fields: Any) -> Call:
    customer = "" if direction == "web" else "+12025550178"
    return Call("call-1", direction, LINE, customer, NOW, **fields)


def meaning(message: dict) -> vapi_messages.Meaning | None:
    body = json.dumps(message).encode()
    return vapi_messages.parse(body, CONFIG, now=NOW + timedelta(minutes=10)).meaning


def received(message: dict) -> dict:
    """What is kept once the message went over the wire, where numbers are exact."""
    return keep(json.loads(json.dumps(message), parse_float=Decimal))


def paths(kept: dict, *above: str) -> set[str]:
    found: set[str] = set()
    for name, value in kept.items():
        inner = isinstance(value, dict) and name != "costBreakdown"
        found |= paths(value, *above, name) if inner else {".".join([*above, name])}
    return found


@pytest.mark.parametrize(
    ("sample", "ours"),
    [
        ("01", messages.assistant_request(call())),
        ("02", messages.status_update(call(), status="in-progress", at=NOW)),
        ("03", messages.status_update(call(), status="ended", at=NOW, reason="silence")),
        (
            "04",
            messages.end_of_call_report(
                call(), Talk(145_000, "customer-ended-call"), started_at=NOW
            ),
        ),
        (
            "05",
            messages.end_of_call_report(
                call("outbound"), Talk(None, "customer-busy"), started_at=NOW
            ),
        ),
        (
            "06",
            messages.end_of_call_report(call("web"), Talk(62_418, "x"), started_at=NOW),
        ),
    ],
    ids=["request", "in-progress", "ended", "answered", "unanswered", "web"],
)
def test_everything_kept_of_a_real_message_is_in_ours(sample, ours):
    assert paths(received(vapi_message(sample))) - paths(received(ours["message"])) == set()


def test_report_tells_length_and_cost():
    told = Talk(61_400, "customer-ended-call")
    report = meaning(messages.end_of_call_report(call(), told, started_at=NOW))
    assert isinstance(report, CallReport)
    assert report.duration_seconds == 62
    assert report.started_at == NOW
    assert report.ended_at == NOW + timedelta(seconds=61.4)
    assert report.cost == Decimal(report.cost_breakdown["total"]) > 0
    assert (report.ref.call_from, report.ref.call_to) == ("+12025550178", "+12025550141")


def test_call_that_was_never_answered_has_no_length():
    told = talk.unanswered(Random(1), direction="outbound")
    report = meaning(messages.end_of_call_report(call("outbound"), told, started_at=NOW))
    assert isinstance(report, CallReport)
    assert report.duration_seconds is None
    assert report.cost == 0
    assert report.ref.call_from == "+12025550141"


def test_questions_and_statuses_are_understood():
    request = meaning(messages.assistant_request(call()))
    running = meaning(messages.status_update(call(), status="in-progress", at=NOW))
    assert isinstance(request, CallRequest)
    assert request.ref.number_id == "number-1"
    assert isinstance(running, CallStatus)
    assert running.status == "in-progress"
    assert running.at == NOW


def test_call_is_cut_off_at_its_cap():
    long = Talk(500_000, "customer-ended-call")
    assert long.capped(895) == long
    assert long.capped(175) == Talk(175_400, "exceeded-max-duration")
    assert talk.REFUSED.capped(10) == talk.REFUSED


def test_some_messages_come_twice_and_some_out_of_order():
    drawn = stories.draw(Random(3), count=300, lines=[LINE])
    assert len({story.call_id for story in drawn}) == 300
    orders = set()
    for story in drawn:
        told = story.after_admission(NOW, seconds_max=895, token="t")
        types = [one["message"]["type"] for one in told]
        orders.add((types[0] == "end-of-call-report", types.count("end-of-call-report")))
    assert orders == {(False, 1), (False, 2), (True, 1), (True, 2)}
    assert sum(not story.talk.is_answered for story in drawn) > 5
