"""Whatever is sent: an answer below 500, kept with its reason, and no business row touched."""

import gzip

import pytest

from metering.models import (
    Allowance,
    Call,
    Decision,
    Hold,
    InboundMessage,
    MinuteTransaction,
    UsageEvent,
)
from tests import payloads
from tests.payloads import as_body, vapi_body, vapi_message

pytestmark = pytest.mark.django_db

REPORT = vapi_body("04")
NOT_A_MESSAGE = {
    "empty": b"",
    "blank": b"  \n",
    "null": b"null",
    "number": b"5",
    "text": b'"hello"',
    "array": b"[]",
    "array of messages": b'[{"message": {"type": "end-of-call-report"}}]',
    "empty object": b"{}",
    "message null": b'{"message": null}',
    "message array": b'{"message": []}',
    "message text": b'{"message": "end-of-call-report"}',
    "cut off": REPORT[:-20],
    "cut in a character": '{"message": {"type": "é"}}'.encode()[:-4],
    "two values": REPORT + REPORT,
    "trailing comma": b'{"message": {"type": "hang",}}',
    "single quotes": b"{'message': {'type': 'hang'}}",
    "comment": b'{"message": {"type": "hang"} /* x */}',
    "form": b"message=hang",
    "xml": b"<message/>",
    "gzip": gzip.compress(REPORT),
    "utf-16": REPORT.decode().encode("utf-16"),
    "latin-1": '{"message": {"type": "é"}}'.encode("latin-1"),
    "byte order mark": b"\xef\xbb\xbf" + REPORT,
    "raw NUL": REPORT.replace(b"customer-ended-call", b"customer\x00ended"),
    "only NULs": b"\x00" * 1000,
    "duplicate key": REPORT.replace(b'"durationMs"', b'"cost": 0, "durationMs"'),
    "duplicate message": b'{"message": {"type": "hang"}, "message": {}}',
    "NaN": REPORT.replace(b'"durationMs": 145000', b'"durationMs": NaN'),
    "Infinity": REPORT.replace(b'"durationMs": 145000', b'"durationMs": Infinity'),
    "exponent": REPORT.replace(b'"cost": 0.1578', b'"cost": 1e99999999999999999999'),
    "deep arrays": b"[" * 200_000,
    "deep objects": b'{"message":' * 100_000,
    "deep and closed": b'{"message":{"x":' + b"[" * 9000 + b"]" * 9000 + b"}}",
}
SENSELESS = {
    "end before start": {"endedAt": "2026-11-20T15:00:00Z"},
    "end in an unknown zone": {"endedAt": "2026-11-20T15:06:35.250"},
    "longer than a day": {"endedAt": "2026-11-21T15:06:35.250Z"},
    "second 60": {"endedAt": "2026-11-20T15:06:60Z"},
    "start is a date": {"startedAt": "2026-11-20"},
    "start is true": {"startedAt": True},
    "start is a list": {"startedAt": [1795187050250]},
    "start is an object": {"startedAt": {"$date": 1795187050250}},
    "start is text of digits": {"startedAt": "1795187050250"},
    "start in Arabic digits": {"startedAt": "٢٠٢٦-١١-٢٠T15:04:10Z"},
    "start in seconds": {"startedAt": 1795187050},
    "start is huge": {"startedAt": 10**100},
    "start is 1e999": {"startedAt": "RAW 1e999"},
    "start next year": {"startedAt": "2027-11-20T15:04:10Z", "endedAt": None},
    "start long ago": {"startedAt": "2024-11-20T15:04:10Z", "endedAt": None},
    "no start and a length": {"startedAt": None},
    "no end and no length": {
        "endedAt": None,
        "durationMs": None,
        "durationSeconds": None,
    },
    "negative milliseconds": {"durationMs": -1},
    "negative seconds": {"durationSeconds": -0.001},
    "length is text": {"durationMs": "145000"},
    "length is Arabic text": {"durationSeconds": "١٤٥"},
    "length is true": {"durationMs": True},
    "length is a list": {"durationMs": [145000]},
    "length is an object": {"durationSeconds": {}},
    "length of two days": {"durationMs": 172_800_000},
    "length of 400 digits": {"durationMs": 10**400},
    "length of 9 MB in digits": {"durationMs": "RAW " + "9" * 100_000},
    "length 1e999999999": {"durationMs": "RAW 1e999999999"},
    "negative cost": {"cost": -1},
    "cost is text": {"cost": "0.1578"},
    "cost is true": {"cost": True},
    "cost is huge": {"cost": 10**20},
    "call is null": {"call": None},
    "call is text": {"call": payloads.CALL_ID},
    "call is a list": {"call": [{"id": payloads.CALL_ID}]},
    "id is missing": {"call__id": None},
    "id is empty": {"call__id": ""},
    "id is a number": {"call__id": 5},
    "id is true": {"call__id": True},
    "id is a list": {"call__id": [payloads.CALL_ID]},
    "id is an object": {"call__id": {"$ne": ""}},
    "id with NUL": {"call__id": "a\x00b"},
    "id with a lone surrogate": {"call__id": "a\ud800b"},
    "id with a line break": {"call__id": "a\nb"},
    "id of 10,000 characters": {"call__id": "a" * 10_000},
    "number id is a list": {"call__phoneNumberId": []},
    "assistant id is a number": {"call__assistantId": 5},
    "type is a list": {"type": ["end-of-call-report"]},
    "type is a number": {"type": 5},
    "type with NUL": {"type": "end-of-call-report\x00"},
}


@pytest.fixture(autouse=True)
def nothing_changes(organization_with_number) -> None:
    """The organization that every one of these messages names, and its books."""
    yield
    for model in (Call, Decision, Hold, MinuteTransaction, UsageEvent):
        assert not model.objects.exists(), model
    assert Allowance.objects.get().minutes_used_this_cycle == 0


@pytest.mark.parametrize("body", NOT_A_MESSAGE.values(), ids=NOT_A_MESSAGE.keys())
def test_unreadable_body_is_kept_as_a_hash(post, body):
    assert post(body).status_code == 200

    kept = InboundMessage.objects.get()
    assert (kept.kind, kept.state) == ("unreadable", "quarantined")
    assert set(kept.body) == {"sha256", "length_bytes", "head"}
    assert kept.error


@pytest.mark.parametrize("changes", SENSELESS.values(), ids=SENSELESS.keys())
def test_senseless_report_is_kept_with_its_reason(post, changes):
    body = as_body(vapi_message("04", **changes))
    for value in changes.values():
        if isinstance(value, str) and value.startswith("RAW "):
            raw = value.removeprefix("RAW ").encode()
            body = body.replace(b'"RAW ' + raw + b'"', raw)

    assert post(body).status_code == 200

    kept = InboundMessage.objects.get()
    assert kept.state == "quarantined"
    assert kept.error
    assert len(str(kept.body)) < 5000


def test_odd_text_is_stored_without_what_the_database_refuses(post):
    message = vapi_message("02", status="queued", endedReason="a\x00b\udfffc" + "d" * 9999)

    assert post(message).status_code == 200

    (kept,) = InboundMessage.objects.all()
    assert kept.body["message"]["endedReason"].startswith("a b c")
    assert kept.state == "processed"


def test_same_broken_body_is_kept_once(post):
    for _ in range(2):
        post(b"{broken")
        post(vapi_message("04", cost=-1))

    assert InboundMessage.objects.count() == 2


def test_quarantine_is_told_to_whoever_watches_the_log(post, caplog):
    post(vapi_message("04", cost=-1))

    assert "quarantined (end-of-call-report): the cost is negative" in caplog.text
