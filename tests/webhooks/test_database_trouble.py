"""The database is down, frozen, slow or back again: a call is refused in time or answered
rightly, never let through by accident; what was not stored is not acknowledged."""

import json
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from threading import Event, Thread
from typing import Any

import pytest
from django.core.wsgi import get_wsgi_application
from django.db import connection, connections, transaction
from django.test import RequestFactory

from metering.calls import refusals
from metering.models import Allowance, Hold, InboundMessage
from servicebilling.lib import stalls
from tests.payloads import vapi_body
from tests.signing import vapi_secret
from tests.webhooks.conftest import URL
from tests.webhooks.troubled_database import Proxy, proxied

pytestmark = pytest.mark.django_db(transaction=True)

REFUSED = {"error": refusals.TEXTS["unavailable"]}
ALL_BUT_REQUESTS = ("02", "03", "04", "08")


# What a busy machine may add to half a second; who is locked out would wait for ten.
LATE_SECONDS = 5
# Then the provider has given the call up.
PROVIDER_WAITS_SECONDS = 7.5


@dataclass
class Reply:
    status: int
    body: Any
    seconds: float


@pytest.fixture
def proxy(transactional_db, organization_with_number) -> Iterator[Proxy]:
    with proxied() as proxy:
        yield proxy


@pytest.fixture
def hurry(settings) -> None:
    """For who waits in vain."""
    settings.PRE_CALL_DEADLINE_SECONDS = 0.5
    settings.WEBHOOK_DEADLINE_SECONDS = 0.5


@pytest.fixture
def take_time(settings, monkeypatch) -> Callable[[], None]:
    """For who gets an answer, however busy the machine is: also while in doubt."""

    def take() -> None:
        settings.PRE_CALL_DEADLINE_SECONDS = 60
        settings.WEBHOOK_DEADLINE_SECONDS = 60
        monkeypatch.setattr(stalls, "SECONDS_IN_DOUBT", 60)

    return take


def serve(body: bytes) -> Reply:
    """One request through the whole site, as a server makes it: with Django's own looking
    after connections before and after, which its test client leaves out."""
    request = RequestFactory().post(
        URL, body, content_type="application/json", headers=vapi_secret()
    )
    statuses: list[str] = []
    started = time.monotonic()
    reply = get_wsgi_application()(
        request.environ, lambda status, headers: statuses.append(status)
    )
    content = b"".join(reply)
    reply.close()
    seconds = time.monotonic() - started
    return Reply(int(statuses[0].split()[0]), json.loads(content), seconds)


def is_admitted(reply: Reply) -> bool:
    return reply.status == 200 and "assistantId" in reply.body


def test_with_a_sound_database_the_call_is_admitted(proxy):
    """Else no other test here could fail."""
    assert is_admitted(serve(vapi_body("01")))


def test_call_is_refused_while_the_database_refuses_connections(proxy):
    proxy.close()

    reply = serve(vapi_body("01"))

    assert (reply.status, reply.body) == (200, REFUSED)
    assert reply.seconds < LATE_SECONDS


@pytest.mark.parametrize("is_connected", [True, False])
def test_call_is_refused_in_time_while_the_database_is_frozen(proxy, hurry, is_connected):
    if is_connected:
        connection.ensure_connection()
    proxy.freeze()

    reply = serve(vapi_body("01"))

    assert (reply.status, reply.body) == (200, REFUSED)
    assert reply.seconds < LATE_SECONDS


def test_call_is_refused_before_the_provider_gives_it_up_as_shipped(proxy, settings):
    settings.PRE_CALL_DEADLINE_SECONDS = 2.0
    connection.ensure_connection()
    proxy.freeze()

    reply = serve(vapi_body("01"))

    assert (reply.status, reply.body) == (200, REFUSED)
    assert reply.seconds < PROVIDER_WAITS_SECONDS


def test_call_is_refused_in_time_while_its_organization_is_locked(proxy, hurry):
    is_locked, may_go = Event(), Event()

    def lock() -> None:
        try:
            with transaction.atomic():
                list(Allowance.objects.select_for_update())
                is_locked.set()
                may_go.wait(60)
        finally:
            connections.close_all()

    other = Thread(target=lock)
    other.start()
    assert is_locked.wait(60)

    reply = serve(vapi_body("01"))
    may_go.set()
    other.join()

    assert (reply.status, reply.body) == (200, REFUSED)
    assert reply.seconds < LATE_SECONDS


def test_senseless_request_is_refused_in_words_as_well(proxy, hurry):
    proxy.freeze()

    reply = serve(b'{"message": {"type": "assistant-request"}}')

    assert (reply.status, reply.body) == (200, REFUSED)


@pytest.mark.parametrize("sample", ALL_BUT_REQUESTS)
def test_nothing_else_is_acknowledged_while_the_database_is_down(proxy, sample):
    proxy.close()

    reply = serve(vapi_body(sample))

    assert reply.status == 503
    assert reply.body["error"]["code"] == "unavailable"


@pytest.mark.parametrize("sample", ALL_BUT_REQUESTS)
def test_nothing_else_is_acknowledged_while_the_database_is_frozen(proxy, hurry, sample):
    connection.ensure_connection()
    proxy.freeze()

    reply = serve(vapi_body(sample))

    assert reply.status == 503
    assert reply.seconds < LATE_SECONDS


@pytest.mark.parametrize("body", [b"{broken", b'{"message": {"type": "campaign.predial"}}'])
def test_what_cannot_be_stored_is_not_acknowledged(proxy, body):
    proxy.close()

    assert serve(body).status == 503


def test_first_call_after_the_database_was_frozen_is_answered(proxy, hurry, take_time):
    connection.ensure_connection()
    proxy.freeze()
    assert serve(vapi_body("01")).body == REFUSED
    proxy.thaw()
    take_time()

    assert is_admitted(serve(vapi_body("01")))

    assert Hold.objects.filter(state="open").count() == 1


def test_first_call_after_connections_broke_is_answered(proxy):
    connection.ensure_connection()
    proxy.cut()

    assert is_admitted(serve(vapi_body("01")))


def test_report_that_was_not_acknowledged_is_charged_once_when_it_comes_again(
    proxy, hurry, take_time
):
    connection.ensure_connection()
    proxy.freeze()
    assert serve(vapi_body("04")).status == 503
    assert serve(vapi_body("04")).status == 503
    proxy.thaw()
    take_time()

    for _ in range(2):
        assert serve(vapi_body("04")).status == 200

    assert Allowance.objects.get().minutes_used_this_cycle == 3
    assert InboundMessage.objects.get().state == "processed"


def test_report_is_kept_when_its_organization_is_locked_for_too_long(proxy):
    """The database works, so the report is not sent back to a sender who may not repeat."""
    with connection.cursor() as cursor:
        cursor.execute("SET lock_timeout = '200ms'")
    is_locked, may_go = Event(), Event()

    def lock() -> None:
        try:
            with transaction.atomic():
                list(Allowance.objects.select_for_update())
                is_locked.set()
                may_go.wait(60)
        finally:
            connections.close_all()

    other = Thread(target=lock)
    other.start()
    assert is_locked.wait(60)
    reply = serve(vapi_body("04"))
    may_go.set()
    other.join()

    assert reply.status == 200
    assert InboundMessage.objects.get().state == "received"


def test_cache_and_broker_are_on_no_calls_path(proxy, settings):
    nowhere = "redis://127.0.0.1:1/0"
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": nowhere,
        }
    }
    settings.CELERY_BROKER_URL = nowhere

    assert is_admitted(serve(vapi_body("01")))
    for sample in ALL_BUT_REQUESTS:
        assert serve(vapi_body(sample)).status == 200
