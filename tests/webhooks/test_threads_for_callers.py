"""Whatever stalls, callers are answered: neither pages nor reports take the last threads,
and a database that does not answer is not waited for by every call anew."""

import json
import time
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier, Event

import pytest
from django.db import connection
from django.test import Client

from metering.calls import refusals
from servicebilling.lib import bulkhead, stalls
from servicebilling.lib.bulkhead import Bulkhead, Full
from tests.payloads import vapi_body
from tests.signing import vapi_secret
from tests.webhooks.conftest import URL
from tests.webhooks.test_database_trouble import LATE_SECONDS, proxy, serve, take_time

__all__ = ["proxy", "take_time"]

REFUSED = {"error": refusals.TEXTS["unavailable"]}


@pytest.fixture
def no_seats():
    bulkhead.bulkhead.limit(0)
    yield
    bulkhead.bulkhead.limit(None)


def post(sample: str):
    return Client().post(
        URL, vapi_body(sample), content_type="application/json", headers=vapi_secret()
    )


def test_more_than_there_are_seats_for_are_turned_away():
    seats, together, is_full = Bulkhead(seats=2), Barrier(3), Event()

    def work() -> str:
        together.wait()
        try:
            with seats.seat():
                assert is_full.wait(60)
        except Full:
            is_full.set()
            return "turned away"
        return "served"

    with ThreadPoolExecutor(3) as threads:
        ends = [one.result() for one in [threads.submit(work) for _ in range(3)]]

    assert sorted(ends) == ["served", "served", "turned away"]


def test_seat_that_comes_free_soon_is_waited_for(monkeypatch):
    monkeypatch.setattr(bulkhead, "PATIENCE_SECONDS", 60)
    seats, together = Bulkhead(seats=1), Barrier(2)

    def work() -> None:
        together.wait()
        with seats.seat():
            time.sleep(0.05)

    with ThreadPoolExecutor(2) as threads:
        for one in [threads.submit(work) for _ in range(2)]:
            one.result()


def test_only_the_first_waits_where_nobody_gets_a_seat(monkeypatch):
    seats = Bulkhead(seats=0)
    with pytest.raises(Full), seats.seat():
        pass

    # Were this one to wait, it would do so for longer than the test may take.
    monkeypatch.setattr(bulkhead, "PATIENCE_SECONDS", 60)
    started = time.monotonic()
    with pytest.raises(Full), seats.seat():
        pass

    assert time.monotonic() - started < LATE_SECONDS


def test_seat_of_work_that_failed_is_free_again():
    seats = Bulkhead(seats=1)
    for _ in range(3):
        with pytest.raises(ZeroDivisionError), seats.seat():
            _ = 1 / 0


@pytest.mark.django_db
def test_pages_and_reports_are_told_to_come_again_while_calls_are_answered(
    no_seats, organization_with_number
):
    page = Client().get("/")
    report = post("04")
    call = post("01")

    assert (page.status_code, report.status_code) == (503, 503)
    assert page["Retry-After"] == report["Retry-After"] == "2"
    assert "Too busy just now" in page.content.decode()
    assert report.json()["error"]["code"] == "unavailable"
    assert (call.status_code, "assistantId" in call.json()) == (200, True)
    assert Client().get("/livez").status_code == 200


@pytest.mark.django_db(transaction=True)
def test_second_call_does_not_wait_as_long_for_a_frozen_database(
    proxy, settings, take_time
):
    settings.PRE_CALL_DEADLINE_SECONDS = 3
    connection.ensure_connection()
    proxy.freeze()
    first, second = serve(vapi_body("01")), serve(vapi_body("01"))
    proxy.thaw()
    take_time()
    after = serve(vapi_body("01"))

    assert first.body == second.body == REFUSED
    assert second.seconds < 2.9 < first.seconds
    assert "assistantId" in after.body
    assert stalls.shortened(2) == 2


@pytest.mark.django_db(transaction=True)
def test_page_gives_up_on_a_frozen_database_and_says_so(proxy, settings, client_of, owner):
    settings.REQUEST_DEADLINE_SECONDS = 0.5
    client = client_of(owner)
    client.raise_request_exception = False
    connection.ensure_connection()
    proxy.freeze()

    started = time.monotonic()
    page = client.get("/dashboard")
    api = client.get("/api/billing/plans")

    assert time.monotonic() - started < 2 * LATE_SECONDS
    assert (page.status_code, api.status_code) == (503, 503)
    assert json.loads(api.content)["error"]["code"] == "unavailable"
