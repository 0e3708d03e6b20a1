"""Who may speak as Vapi."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.providers.vapi import signatures
from metering.providers.vapi.config import VapiConfig
from metering.providers.vapi.signatures import NotConfigured, SignatureRefused
from tests.signing import vapi_bearer, vapi_secret, vapi_signature

NOW = datetime(2026, 11, 20, 15, 4, tzinfo=UTC)
BODY = b'{"message": {"type": "hang"}}'
CONFIG = VapiConfig(secrets=("test-secret",), server_url="https://example.com/hook")


def is_accepted(headers: dict[str, str], *, config=CONFIG, body: bytes = BODY) -> bool:
    lowered = {name.lower(): value for name, value in headers.items()}
    try:
        signatures.verify(body, lowered, config, now=NOW)
    except SignatureRefused:
        return False
    return True


@pytest.mark.parametrize(
    "headers",
    [
        vapi_secret(),
        vapi_bearer(),
        {"Authorization": "bearer test-secret"},
        vapi_signature(BODY, at=NOW),
        vapi_signature(BODY, at=NOW, in_milliseconds=True),
        vapi_signature(BODY, at=NOW, as_base64=True),
        vapi_signature(BODY, at=None),
    ],
    ids=["secret", "bearer", "lowercase", "hmac", "milliseconds", "base64", "timeless"],
)
def test_each_way_to_vouch_is_accepted(headers):
    assert is_accepted(headers)


@pytest.mark.parametrize(
    "headers",
    [
        {},
        vapi_secret(""),
        vapi_secret("wrong"),
        vapi_secret("test-secre"),
        vapi_secret("test-secret "),
        vapi_bearer(""),
        vapi_bearer("wrong"),
        {"Authorization": "Basic test-secret"},
        {"Authorization": "test-secret"},
        vapi_signature(BODY, at=NOW, secret="wrong"),
        vapi_signature(BODY + b" ", at=NOW),
        {"x-signature": "", "x-timestamp": str(int(NOW.timestamp()))},
        {"x-signature": "0" * 64},
        {"x-signature": "0" * 63},
        {"x-signature": "z" * 64},
        {"x-signature": "test-secret"},
        {"x-signature": "=" * 44},
    ],
)
def test_what_is_missing_empty_or_wrong_is_refused(headers):
    assert not is_accepted(headers)


@pytest.mark.parametrize("junk", ["\xe9" * 11, "пароль", "\x00", "\ud800", "𝟙" * 64])
def test_odd_bytes_in_any_header_are_refused_and_break_nothing(junk):
    for name in ("x-vapi-secret", "authorization", "x-signature", "x-timestamp"):
        signed = vapi_signature(BODY, at=NOW, secret="wrong")
        assert not is_accepted(signed | {name: junk})
    assert not is_accepted({"authorization": f"Bearer {junk}"})
    assert not is_accepted({"x-signature": junk[:1] * 64})
    assert not is_accepted({"x-signature": junk[:1] * 44})


def test_secret_beyond_ascii_is_compared_as_the_bytes_on_the_wire():
    config = VapiConfig(secrets=("geheim-ß",), server_url="")
    as_wsgi_shows_it = "geheim-ß".encode().decode("latin-1")

    assert is_accepted(vapi_secret(as_wsgi_shows_it), config=config)
    assert not is_accepted(vapi_secret("geheim-ß"), config=config)


def test_both_secrets_hold_while_one_is_rolled():
    config = VapiConfig(secrets=("new", "test-secret"), server_url="")

    assert is_accepted(vapi_secret("new"), config=config)
    assert is_accepted(vapi_secret(), config=config)
    assert is_accepted(vapi_signature(BODY, at=NOW), config=config)
    assert not is_accepted(vapi_secret("old"), config=config)


@pytest.mark.parametrize("secrets", [(), ("",)])
def test_nothing_is_accepted_without_a_secret(secrets):
    config = VapiConfig(secrets=secrets, server_url="")

    for headers in ({}, vapi_secret(""), vapi_secret(), vapi_signature(BODY, at=NOW)):
        with pytest.raises(NotConfigured):
            is_accepted(headers, config=config)


@pytest.mark.parametrize("direction", [-1, 1], ids=["past", "future"])
@pytest.mark.parametrize("in_milliseconds", [False, True])
def test_signature_holds_for_five_minutes_either_way(direction, in_milliseconds):
    last = NOW + direction * timedelta(seconds=300)
    next_second = NOW + direction * timedelta(seconds=301)

    for at, expected in ((last, True), (next_second, False)):
        headers = vapi_signature(BODY, at=at, in_milliseconds=in_milliseconds)
        assert is_accepted(headers) is expected


@pytest.mark.parametrize("timestamp", ["", " ", "-1", "1e9", "١٧٩", "9" * 40, "now"])
def test_signature_does_not_hold_with_another_timestamp(timestamp):
    headers = vapi_signature(BODY, at=NOW) | {"x-timestamp": timestamp}

    assert not is_accepted(headers)


def test_signature_of_another_moment_cannot_be_moved_to_now():
    old = vapi_signature(BODY, at=NOW - timedelta(hours=1))
    now = vapi_signature(BODY, at=NOW)

    assert not is_accepted(old | {"x-timestamp": now["x-timestamp"]})


def test_headers_and_prefix_are_the_operators_choice():
    config = VapiConfig(
        secrets=("test-secret",),
        server_url="",
        signature_header="x-hub-signature",
        timestamp_header="x-sent-at",
        signature_prefix="sha256=",
    )
    names = {"signature_header": "X-Hub-Signature", "timestamp_header": "X-Sent-At"}

    assert is_accepted(
        vapi_signature(BODY, at=NOW, prefix="sha256=", **names), config=config
    )
    assert not is_accepted(vapi_signature(BODY, at=NOW, **names), config=config)
    assert not is_accepted(vapi_signature(BODY, at=NOW), config=config)
