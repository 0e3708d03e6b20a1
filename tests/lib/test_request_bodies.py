"""Bodies of requests: with and without a length, and what is no JSON of ours."""

from io import BytesIO

import pytest
from django.utils import timezone

from metering.models import InboundMessage, UsageEvent
from tests import payloads
from tests.factories import accounts
from tests.factories import metering as make
from tests.signing import vapi_secret

pytestmark = pytest.mark.django_db

EVENTS = "/api/usage/events"
EVENT = b'{"event_type": "api_call", "quantity": 3, "idempotency_key": "a"}'


@pytest.fixture
def asker(key_client):
    organization = make.make_balances(now=timezone.now())
    return key_client(accounts.make_key(organization=organization, scopes=["usage:write"]))


def in_chunks(client, path, body, **headers):
    """As the web server hands it over: no length, and an end that it knows."""
    return client.request(
        **{
            "REQUEST_METHOD": "POST",
            "PATH_INFO": path,
            "CONTENT_TYPE": "application/json",
            "HTTP_TRANSFER_ENCODING": "chunked",
            "wsgi.input": BytesIO(body),
            "wsgi.input_terminated": True,
            **{
                f"HTTP_{name.upper().replace('-', '_')}": of for name, of in headers.items()
            },
        }
    )


def test_an_event_that_came_in_chunks_counts(asker):
    assert in_chunks(asker, EVENTS, EVENT).status_code == 200
    assert UsageEvent.objects.get().quantity == 3


def test_too_much_in_chunks_is_refused(asker, settings):
    settings.DATA_UPLOAD_MAX_MEMORY_SIZE = 100
    assert in_chunks(asker, EVENTS, EVENT + b" " * 100).status_code == 413


def test_a_report_that_came_in_chunks_is_read(client):
    answer = in_chunks(
        client, "/api/webhooks/vapi", payloads.vapi_body("04"), **vapi_secret()
    )
    assert answer.status_code == 200
    assert InboundMessage.objects.get().kind == "end-of-call-report"


@pytest.mark.parametrize(
    "body",
    [
        EVENT.replace(b'"quantity": 3', b'"quantity": 3, "quantity": 5'),
        EVENT.replace(b"3", b"NaN"),
        EVENT.replace(b"3", b"-Infinity"),
        b'{"a":' * 100_000,
        EVENT[:-1],
        EVENT + EVENT,
        b"\xff",
    ],
)
def test_what_two_programs_read_differently_is_no_json(asker, body):
    answer = asker.generic("POST", EVENTS, body, content_type="application/json")
    assert answer.status_code == 400
    assert answer.json()["error"]["code"] == "parse_error"
    assert not UsageEvent.objects.exists()
