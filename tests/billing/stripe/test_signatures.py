"""Which webhooks are Stripe's, over raw bytes."""

import hashlib
import hmac
import json
from datetime import UTC, datetime, timedelta

import pytest
import stripe

from billing.providers.base import NotConfigured, SignatureRefused
from billing.providers.stripe import signatures

NOW = datetime(2026, 1, 31, 12, tzinfo=UTC)
SECRET = "whsec_test"
EVENT = {
    "id": "evt_1",
    "object": "event",
    "type": "invoice.paid",
    "api_version": "2026-10-28.endive",
    "livemode": False,
    "data": {"object": {"id": "in_1", "object": "invoice"}},
}
BODY = json.dumps(EVENT).encode()


def header(body: bytes = BODY, *, secret: str = SECRET, at: datetime = NOW) -> str:
    moment = str(int(at.timestamp()))
    signed = hmac.new(secret.encode(), moment.encode() + b"." + body, hashlib.sha256)
    return f"t={moment},v1={signed.hexdigest()}"


def verify(body: bytes = BODY, given: str | None = None, *, secrets=(SECRET,), now=NOW):
    headers = {"Stripe-Signature": header(body) if given is None else given}
    return signatures.verify(body, headers, secrets=secrets, now=now)


def test_an_event_that_stripe_signed_is_taken() -> None:
    event = verify()
    assert (event.id, event.type, event.body) == ("evt_1", "invoice.paid", EVENT)
    assert (event.api_version, event.is_live) == ("2026-10-28.endive", False)


def test_the_sdks_own_signature_is_taken() -> None:
    made = stripe.WebhookSignature.generate_signature_header(
        BODY.decode(), SECRET, int(NOW.timestamp())
    )
    assert verify(given=made).id == "evt_1"


def test_each_of_several_secrets_will_do_and_no_other() -> None:
    rolling = ("whsec_old", "whsec_new")
    for secret in rolling:
        assert verify(given=header(secret=secret), secrets=rolling).id == "evt_1"
    with pytest.raises(SignatureRefused):
        verify(given=header(secret="whsec_else"), secrets=rolling)


def test_one_right_signature_among_several_will_do() -> None:
    wrong = header(secret="whsec_else").partition(",")[2]
    assert verify(given=f"{header()},{wrong},v0=abc").id == "evt_1"


def test_a_changed_byte_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        verify(BODY.replace(b"in_1", b"in_2"), header())


@pytest.mark.parametrize("seconds", [-301, 301, 86_400])
def test_a_signature_of_another_time_is_refused(seconds) -> None:
    at = NOW + timedelta(seconds=seconds)
    with pytest.raises(SignatureRefused):
        verify(given=header(at=at))


@pytest.mark.parametrize("seconds", [-300, 300])
def test_five_minutes_apart_are_tolerated(seconds) -> None:
    assert verify(given=header(at=NOW + timedelta(seconds=seconds))).id == "evt_1"


@pytest.mark.parametrize(
    "given",
    [
        "",
        "t=,v1=",
        "nonsense",
        "v1=" + "0" * 64,
        f"t={int(NOW.timestamp())}",
        f"t={int(NOW.timestamp())},v1=é",
        f"t=١٧٦٩٨٦٠٨٠٠,v1={'0' * 64}",
        f"t=-1,v1={'0' * 64}",
        f"t={'9' * 400},v1={'0' * 64}",
        "\udcff",
        f"{header()},t=1",
        header().replace("v1=", "v0="),
        header().upper(),
    ],
)
def test_a_malformed_header_is_refused(given) -> None:
    with pytest.raises(SignatureRefused):
        verify(given=given)


def test_a_missing_header_is_refused() -> None:
    with pytest.raises(SignatureRefused):
        signatures.verify(BODY, {}, secrets=[SECRET], now=NOW)


@pytest.mark.parametrize("secrets", [(), ("",), (" ",)])
def test_without_a_secret_nothing_is_verified(secrets) -> None:
    with pytest.raises(NotConfigured):
        verify(given=header(secret=""), secrets=secrets)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        b"[]",
        b"null",
        b"\xff\xfe",
        b'"event"',
        b"[" * 100_000,
        b'{"object": "event", "id": "evt_1", "type": "x", "data": []}',
        b'{"object": "event", "id": "evt_1", "type": "x", "data": {"object": []}}',
        b'{"object": "event", "id": 7, "type": "x", "data": {"object": {}}}',
        b'{"object": "event", "id": "evt_1", "data": {"object": {}}}',
        b'{"object": "event", "id": "e", "type": "x", "data": {"object": {"n": NaN}}}',
        b'{"object": "event", "id": "e", "type": "x", "data": {"object": {"t": "\\u0000"}}}',
        b'{"object": "event", "id": "e", "type": "x", "data": {"object": {"t": "\\ud800"}}}',
        b'{"object": "v2.core.event", "type": "x"}',
        b'{"object": "v2.core.event", "id": 7, "type": "x"}',
    ],
)
def test_signed_bytes_that_are_no_event_are_a_value_error(body) -> None:
    with pytest.raises(ValueError, match="."):
        verify(body)


def test_a_backslash_before_letters_is_no_such_character() -> None:
    body = BODY.replace(b"in_1", rb"in_\\u0000")
    assert verify(body).body["data"]["object"]["id"] == r"in_\u0000"
