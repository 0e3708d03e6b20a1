"""Many messages at the same moment, each on a thread and a connection of its own: some
through the whole site in this process, the callers over HTTP."""

import json
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from http.client import HTTPConnection
from typing import Any
from uuid import uuid4

import pytest
from django.test import Client

from accounts.models import Organization
from metering.balances import ledger
from metering.calls import inbox
from metering.models import Allowance, Call, Hold, InboundMessage
from tests.crowd import Crowd
from tests.length import ROUNDS
from tests.payloads import as_body, vapi_message
from tests.signing import vapi_secret
from tests.webhooks.conftest import NOW, URL

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def send(message: dict) -> dict:
    reply = Client().post(
        URL, as_body(message), content_type="application/json", headers=vapi_secret()
    )
    assert reply.status_code == 200
    return reply.json()


@pytest.fixture
def send_over_http(live_server) -> Iterator[Callable[[dict], dict]]:
    """Posts to a server that listens on a socket; each thread keeps its connection."""
    mine, lines = threading.local(), []
    address = live_server.url.removeprefix("http://")

    def post(message: dict) -> dict:
        if not hasattr(mine, "line"):
            mine.line = HTTPConnection(address, timeout=60)
            lines.append(mine.line)
        headers = {"Content-Type": "application/json", **vapi_secret()}
        mine.line.request("POST", URL, as_body(message), headers)
        reply = mine.line.getresponse()
        body = reply.read()
        assert reply.status == 200, body
        return json.loads(body)

    yield post
    for line in lines:
        line.close()


def test_fifty_copies_of_a_report_are_charged_once(organization_with_number):
    _add_minutes(organization_with_number, minutes=3 * ROUNDS)
    with Crowd(50) as crowd:
        for number in range(ROUNDS):
            message = vapi_message("04", call__id=f"call-{number}")

            crowd.at_once(lambda _, message=message: send(message))

            assert Call.objects.count() == number + 1
            assert Allowance.objects.get().minutes_used_this_cycle == 3 * (number + 1)

    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"processed"}
    assert InboundMessage.objects.count() == ROUNDS


def test_twenty_callers_share_one_minute_and_one_gets_through(
    organization_with_number, send_over_http
):
    _leave_one_minute(organization_with_number)
    with Crowd(20) as crowd:
        for number in range(ROUNDS):
            _add_minutes(organization_with_number, minutes=int(number > 0))
            requests = [
                vapi_message("01", call__id=f"call-{number}-{caller}")
                for caller in range(20)
            ]

            answers = crowd.at_once(lambda caller, r=requests: send_over_http(r[caller]))

            assert sum("assistantId" in answer for answer in answers) == 1
            _end(Hold.objects.get(state="open"))

    assert Allowance.objects.get().minutes_used_this_cycle == 99 + ROUNDS


def test_twenty_copies_of_a_request_hold_once(organization_with_number):
    with Crowd(20) as crowd:
        answers = crowd.at_once(lambda _: send(vapi_message("01")))

    assert all(answer == answers[0] for answer in answers)
    assert "assistantId" in answers[0]
    assert Hold.objects.count() == 1


def test_two_sweepers_and_a_redelivery_charge_a_kept_report_once(defect, post):
    for number in range(10):
        post(vapi_message("04", call__id=f"call-{number}"))
    defect()
    later = NOW + timedelta(minutes=1)

    def work(number: int) -> Any:
        if number < 2:
            return inbox.retry_due(now=later)
        return send(vapi_message("04", call__id=f"call-{number - 2}"))

    with Crowd(12) as crowd:
        first, second, *_ = crowd.at_once(work)

    assert first.get("failed", 0) == second.get("failed", 0) == 0
    assert Allowance.objects.get().minutes_used_this_cycle == 30
    assert set(InboundMessage.objects.values_list("state", flat=True)) == {"processed"}


def _end(hold: Hold) -> None:
    """Report the call of a hold, 50 seconds long."""
    call_id = hold.reference.removeprefix("vapi:")
    end = NOW - timedelta(minutes=5)
    start = end - timedelta(seconds=50)
    times = {"startedAt": start.isoformat(), "endedAt": end.isoformat()}
    send(vapi_message("04", call__id=call_id, **times))


def _add_minutes(organization: Organization, *, minutes: int) -> None:
    if minutes:
        ledger.add_credit_minutes(
            organization_id=organization.pk,
            minutes=minutes,
            kind="bonus",
            reference=f"test:{uuid4()}",
            now=NOW,
        )


def _leave_one_minute(organization: Organization) -> None:
    ledger.adjust_used(
        organization_id=organization.pk,
        minutes=99,
        reference=f"adjustment:{uuid4()}",
        reason="test",
        now=NOW,
    )
