"""Everything that can be wrong with a message of Vapi: no reader breaks, nothing is guessed."""

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from metering.providers.base import CallReport
from tests import payloads
from tests.contracts.test_vapi_messages import SAMPLES, read
from tests.payloads import as_body, vapi_message

TIMES = [
    "",
    " ",
    "yesterday",
    "2026-11-20",
    "2026-11-20T15:04:10",
    "2026-11-20T15:04:60Z",
    "2026-13-20T15:04:10Z",
    "2026-W47-5T15:04:10Z",
    "0000-00-00T00:00:00Z",
    "9999-12-31T23:59:59-23:59",
    "٢٠٢٦-١١-٢٠T15:04:10Z",
    "1795187050250",
    True,
    0,
    -1,
    1795187050,
    10**15,
    10**400,
    [],
    {},
    ["2026-11-20T15:04:10Z"],
]
LENGTHS = ["145", "", "١٤٥", "NaN", True, -1, 86_400_001, 10**40, [], {}, [145000]]


@pytest.mark.parametrize("value", TIMES)
@pytest.mark.parametrize("name", ["startedAt", "endedAt"])
def test_time_that_is_none_makes_a_report_senseless(name, value):
    incoming = read(vapi_message("04", **{name: value}))

    assert incoming.meaning is None
    assert incoming.problem
    assert incoming.message.call_id == payloads.CALL_ID


@pytest.mark.parametrize("value", LENGTHS)
def test_length_that_is_none_makes_a_report_senseless(value):
    for changes in ({"durationMs": value}, {"durationMs": None, "durationSeconds": value}):
        for times in ({}, {"endedAt": None}):
            incoming = read(vapi_message("04", **changes, **times))

            assert incoming.meaning is None, changes
            assert incoming.problem


@pytest.mark.parametrize(
    "changes",
    [
        {"endedAt": "2026-11-20T15:04:10.249Z"},
        {"endedAt": "2026-11-21T15:04:10.251Z"},
        {"startedAt": "2026-11-19T15:00:00Z", "durationMs": None},
        {"startedAt": "2025-01-01T00:00:00Z", "endedAt": "2025-01-01T00:01:00Z"},
        {"startedAt": "2026-11-20T16:50:00Z", "endedAt": "2026-11-20T16:51:00Z"},
        {"endedAt": None, "durationMs": None, "durationSeconds": None},
        # It talked for 145 seconds, and nobody says since when.
        {"startedAt": None},
        {"cost": -0.01},
        {"cost": "0.1"},
        {"cost": True},
        {"cost": []},
        {"cost": 10**30},
        {"call": None},
        {"call": []},
        {"call": "019aa5f0"},
        {"call__id": None},
        {"call__id": ""},
        {"call__id": 5},
        {"call__id": ["019aa5f0"]},
        {"call__id": {"$ne": None}},
        {"call__id": "a\x00b"},
        {"call__id": "a\ud800b"},
        {"call__id": "two words"},
        {"call__id": "x" * 121},
        {"call__phoneNumberId": 7},
        {"call__phoneNumberId": "\x00"},
        {"call__assistantId": []},
    ],
    ids=str,
)
def test_report_that_makes_no_sense_means_nothing_and_says_why(changes):
    incoming = read(vapi_message("04", **changes))

    assert incoming.meaning is None
    assert incoming.problem
    assert incoming.message.kind == "end-of-call-report"


@pytest.mark.parametrize("changes", [{"status": None}, {"status": 5}, {"status": "a b"}])
def test_status_update_without_a_status_means_nothing(changes):
    assert read(vapi_message("02", **changes)).problem


def test_two_senseless_reports_are_two_messages():
    names = {
        read(vapi_message("04", cost=-1, call__id=call_id)).message.external_id
        for call_id in ("first", "second")
    }

    assert len(names) == 2


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"null",
        b"true",
        b"5",
        b'"text"',
        b"[]",
        b"{}",
        b'[{"message": {"type": "hang"}}]',
        b'{"message": null}',
        b'{"message": []}',
        b'{"message": "hang"}',
        b'{"Message": {"type": "hang"}}',
        b'{"message": {"type": "hang"}',
        b'{"message": {"type": "hang"}}}',
        b'{"message": {"type": "hang",}}',
        b"{'message': {'type': 'hang'}}",
        b'{"message": {"type": "hang"}, "message": {"type": "hang"}}',
        b'{"message": {"type": "hang", "call": {"id": "a", "id": "b"}}}',
        b'{"message": {"type": "hang", "cost": NaN}}',
        b'{"message": {"type": "hang", "cost": -Infinity}}',
        b'{"message": {"type": "hang", "cost": 1e99999999999999999999}}',
        b'\xef\xbb\xbf{"message": {"type": "hang"}}',
        '{"message": {"type": "hang"}}'.encode("utf-16"),
        b'{"message": {"type": "\xff\xfe"}}',
        b'{"message": {"type": "ha\x00ng"}}',
        b"\x1f\x8b\x08\x00" + bytes(60),
        b"\x00" * 100,
        b"[" * 100_000,
        b'{"message":' * 50_000,
        b'{"message": {"type": "hang", "x": ' + b"[" * 5000 + b"]" * 5000 + b"}}",
        b"type=hang&call=5",
        b"<message/>",
    ],
    ids=lambda body: repr(body[:40]),
)
def test_body_that_cannot_be_read_leaves_a_hash_a_length_and_a_head(body):
    incoming = read(body)

    assert incoming.problem
    assert incoming.message.kind == "unreadable"
    assert incoming.message.body["length_bytes"] == len(body)
    assert len(incoming.message.body["head"]) <= 64


def test_head_of_an_unreadable_body_shows_no_secret():
    for body in (
        b'{"secret": "FAKE-1", broken',
        b"FAKE-TOKEN-MUST-BE-REDACTED-BEFORE-STORAGE",
        b'{"a": "Zm9vYmFyYmF6cXV4Zm9vYmFyYmF6cXV4", broken',
    ):
        head = read(body).message.body["head"]
        assert "FAKE" not in head
        assert "Zm9v" not in head


def test_numbers_that_would_fill_the_memory_are_read_at_once():
    for number in (b"1e999999999", b"-1e999999999", b"1e-999999999", b"9" * 100_000):
        body = as_body(vapi_message("04", cost="X", durationMs="X", startedAt="X"))
        assert read(body.replace(b'"X"', number)).problem


def test_big_number_where_nobody_looks_spoils_nothing():
    message = vapi_message("04", call__assistantOverrides={"variableValues": {"n": 10**50}})

    assert read(message).meaning.duration_seconds == 145


ANYTHING = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=[]), max_size=30)
    | st.sampled_from(["2026-11-20T15:04:10Z", "end-of-call-report", "in-progress"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["id", "number", "metadata"]), inner, max_size=3)
    ),
    max_leaves=8,
)
FIELDS = [
    "type",
    "status",
    "timestamp",
    "startedAt",
    "endedAt",
    "endedReason",
    "durationMs",
    "durationSeconds",
    "cost",
    "costBreakdown",
    "call",
    "customer",
    "phoneNumber",
    "assistant",
    "toolCallList",
    "call__id",
    "call__type",
    "call__phoneNumberId",
    "call__monitor",
    "call__metadata",
    "call__assistantOverrides",
]


@settings(max_examples=400, deadline=None)
@given(
    sample=st.sampled_from(SAMPLES),
    changes=st.dictionaries(st.sampled_from(FIELDS), ANYTHING, max_size=4),
)
def test_no_message_breaks_the_reader_and_all_can_be_kept(sample, changes):
    ordered = dict(sorted(changes.items(), key=lambda change: "__" not in change[0]))

    incoming = read(vapi_message(sample, **ordered))

    message = incoming.message
    assert (incoming.meaning is None) or not incoming.problem
    assert len(message.external_id) <= 300
    assert len(message.kind) <= 60
    assert len(message.call_id) <= 200
    stored = json.dumps(message.body, ensure_ascii=False)
    assert "\\u0000" not in stored
    stored.encode()
    assert len(stored) < 10_000
    if isinstance(incoming.meaning, CallReport):
        seconds = incoming.meaning.duration_seconds
        assert seconds is None or 0 <= seconds <= 86_400


@settings(max_examples=400, deadline=None)
@given(body=st.binary(max_size=200))
def test_no_bytes_break_the_reader(body):
    assert read(body).problem or read(body).message.kind
