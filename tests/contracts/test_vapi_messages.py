"""What Vapi's messages mean."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from metering.providers.base import CallReport, CallRequest, CallStatus
from metering.providers.vapi import messages
from metering.providers.vapi.config import VapiConfig
from tests import payloads
from tests.payloads import as_body, vapi_body, vapi_message

NOW = datetime(2026, 11, 20, 15, 40, tzinfo=UTC)
CONFIG = VapiConfig(secrets=("test-secret",), server_url="https://example.com/hook")
SAMPLES = ("01", "02", "03", "04", "05", "06", "07", "08")


def read(message) -> messages.Incoming:
    body = message if isinstance(message, bytes) else as_body(message)
    return messages.parse(body, CONFIG, now=NOW)


def test_request_tells_whose_number_is_called_and_who_calls():
    request = read(vapi_body("01")).meaning

    assert isinstance(request, CallRequest)
    assert request.ref.call_id == payloads.CALL_ID
    assert request.ref.number_id == payloads.NUMBER_ID
    assert request.ref.assistant_id == ""
    assert request.ref.direction == "inbound"
    assert (request.ref.call_from, request.ref.call_to) == (
        payloads.CALLER,
        payloads.NUMBER,
    )


def test_status_is_the_messages_own_and_not_the_stale_calls():
    status = read(vapi_body("02")).meaning

    assert isinstance(status, CallStatus)
    assert status.status == "in-progress"
    assert status.control_url.startswith("https://phone-call-websocket.example.com/")
    assert status.at == datetime(2026, 11, 20, 15, 4, 10, 270000, tzinfo=UTC)


def test_report_tells_length_cost_and_reason():
    report = read(vapi_body("04")).meaning

    assert isinstance(report, CallReport)
    assert report.started_at == datetime(2026, 11, 20, 15, 4, 10, 250000, tzinfo=UTC)
    assert report.duration_seconds == 145
    assert report.cost == Decimal("0.1578")
    assert report.ended_reason == "customer-ended-call"


def test_unanswered_call_has_no_length_which_is_not_a_length_of_zero():
    report = read(vapi_body("05")).meaning

    assert isinstance(report, CallReport)
    assert report.duration_seconds is None
    assert report.started_at is None
    assert report.ref.direction == "outbound"
    assert report.ref.call_from == payloads.NUMBER


def test_web_call_is_read_without_any_number():
    report = read(vapi_body("06")).meaning

    assert isinstance(report, CallReport)
    assert (report.ref.direction, report.ref.number_id) == ("web", "")
    assert report.ref.assistant_id == payloads.ASSISTANT_ID
    assert report.duration_seconds == 63


def test_call_over_a_websocket_is_a_web_call():
    report = read(vapi_message("06", call__type="vapi.websocketCall")).meaning

    assert report.ref.direction == "web"


@pytest.mark.parametrize("sample", SAMPLES)
def test_what_is_kept_means_what_the_message_meant(sample):
    incoming = read(vapi_body(sample))
    # As it comes back from the database.
    body = json.loads(json.dumps(incoming.message.body))

    again = messages.reread(replace(incoming.message, body=body), CONFIG)

    meaning = incoming.meaning
    if isinstance(meaning, CallStatus):
        # Where the call can be ended is a secret and is not kept.
        meaning = replace(meaning, control_url="")
    assert again == replace(incoming, message=again.message, meaning=meaning)
    assert not incoming.problem


@pytest.mark.parametrize("sample", SAMPLES)
def test_nothing_secret_or_spoken_is_kept(sample):
    kept = repr(read(vapi_body(sample)).message).lower()

    for private in (
        "fake",
        "controlurl",
        "phone-call-websocket",
        "recording",
        "receptionist",
        "cleaning",
        "opening hours",
        "acme dental",
    ):
        assert private not in kept, private


def test_token_in_metadata_counts_for_its_own_call_alone():
    organization_id = UUID("00000000-0000-7000-8000-000000000001")

    def read_token(token: str, call_id: str) -> UUID | None:
        is_own = (token, call_id) == ("signed", payloads.CALL_ID)
        return organization_id if is_own else None

    config = replace(CONFIG, read_token=read_token)
    for place in ("call__assistantOverrides", "call"):
        changed = {f"{place}__metadata": {"servicebilling": "signed"}}
        message = vapi_message("04", **changed)
        ref = messages.parse(as_body(message), config, now=NOW).meaning.ref
        assert ref.trusted_organization_id == organization_id

        message["call"]["id"] = "another-call"
        ref = messages.parse(as_body(message), config, now=NOW).meaning.ref
        assert ref.trusted_organization_id is None


@pytest.mark.parametrize(
    ("changes", "seconds"),
    [
        ({"endedAt": "2026-11-20T15:04:10.250Z"}, 0),
        ({"endedAt": "2026-11-20T15:04:10.251Z"}, 1),
        ({"endedAt": "2026-11-20T15:04:11.250Z"}, 1),
        ({"endedAt": "2026-11-20T15:05:10.251Z"}, 61),
        ({"endedAt": "2026-11-20T17:05:10.250+02:00"}, 60),
        ({"startedAt": 1795187050250, "endedAt": 1795187110250}, 60),
        ({"startedAt": 1795187050250.0, "endedAt": 1795187110250.5}, 61),
        # Without an end, what Vapi measured counts: first the finer figure.
        ({"endedAt": None}, 145),
        ({"endedAt": None, "durationMs": 60_001}, 61),
        ({"endedAt": None, "durationMs": None, "durationSeconds": 62.418}, 63),
        ({"endedAt": None, "durationMs": 0}, 0),
    ],
)
def test_length_is_rounded_up_once_to_whole_seconds(changes, seconds):
    assert read(vapi_message("04", **changes)).meaning.duration_seconds == seconds


def test_times_of_the_call_count_where_the_message_has_none():
    message = vapi_message("04", startedAt=None, endedAt=None)
    message["call"] |= {
        "startedAt": "2026-11-20T15:04:10Z",
        "endedAt": "2026-11-20T15:05:10Z",
    }

    assert read(message).meaning.duration_seconds == 60


def test_minutes_among_the_costs_are_no_talk_time():
    transcriber = {"type": "transcriber", "minutes": 9.9, "cost": 1}
    message = vapi_message("07", costs=[transcriber])

    assert read(message).meaning.duration_seconds == 3


def test_cost_of_the_stale_call_does_not_count():
    assert read(vapi_message("04", call__cost=99)).meaning.cost == Decimal("0.1578")
    assert read(vapi_message("04", cost=None, call__cost=99)).meaning.cost is None


def test_cost_is_read_exactly_and_kept_to_the_sixth_place():
    body = as_body(vapi_message("04", cost="COST"))

    assert read(body.replace(b'"COST"', b"0.1")).meaning.cost == Decimal("0.1")
    noisy = read(body.replace(b'"COST"', b"0.30000000000000004")).meaning
    assert noisy.cost == Decimal("0.3")


def test_reason_is_free_text_and_cut():
    report = read(vapi_message("04", endedReason="a\x00b\ud800\n" + "c" * 500)).meaning

    assert report.ended_reason.startswith("a b  c")
    assert len(report.ended_reason) == 160


@pytest.mark.parametrize(
    "flat_or_nested",
    [
        {"id": "call_1", "name": "book", "parameters": {"day": "monday"}},
        {"id": "call_1", "type": "function", "function": {"name": "book"}},
        {"id": "call_1", "function": {"name": "book", "arguments": {"day": "monday"}}},
    ],
)
def test_tool_calls_are_kept_by_id_and_name_in_either_shape(flat_or_nested):
    message = vapi_message("08", toolCallList=[flat_or_nested])

    kept = read(message).message.body["message"]
    assert kept["toolCallList"] == [{"id": "call_1", "name": "book"}]


def test_delivery_time_is_no_part_of_what_a_message_says():
    names = {
        read(vapi_message("04", timestamp=at)).message.external_id
        for at in (1795187199250, "2026-11-20T15:06:39Z", None)
    }
    other = read(vapi_message("04", cost=0.2)).message.external_id

    assert len(names) == 1
    assert other not in names


def test_statuses_of_a_call_have_different_names():
    names = {read(vapi_body(sample)).message.external_id for sample in ("02", "03")}

    assert {name.rsplit(":", 2)[0] for name in names} == {
        "status-update:in-progress",
        "status-update:ended",
    }


@pytest.mark.parametrize("url", ["http://plain.example.com/c", "file:///etc/passwd", 5, {}])
def test_only_an_https_address_can_end_a_call(url):
    message = vapi_message("02", call__monitor={"controlUrl": url})

    assert read(message).meaning.control_url == ""


def test_unknown_kind_is_read_and_means_nothing():
    incoming = read({"type": "moon-phase", "timestamp": "yesterday", "call": None})

    assert (incoming.message.kind, incoming.meaning, incoming.problem) == (
        "moon-phase",
        None,
        "",
    )


def test_what_only_describes_a_call_may_be_odd():
    message = vapi_message(
        "04", customer=["x"], call__type=7, timestamp="noon", costBreakdown="much"
    )
    message["phoneNumber"]["number"] = {}

    report = read(message).meaning
    assert report.duration_seconds == 145
    assert report.ref.call_to == ""
