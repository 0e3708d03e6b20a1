"""The plan of retries that `vapi_setup` and our answers give the provider, from end to end: a
number is pointed here, a call rings in, its report meets two bad moments and still arrives."""

import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread

import httpx
import pytest
from django.core.management import call_command
from django.utils import timezone

from metering.models import Allowance, Call
from metering.providers.vapi import answers
from servicebilling.lib import certificates
from tests.factories import metering as make

BAD_MOMENTS = 2


class Door(BaseHTTPRequestHandler):
    """In front of the site; turns the first reports away, as a site under way does."""

    site = ""
    turned_away = 0

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        is_report = json.loads(body)["message"]["type"] == "end-of-call-report"
        if is_report and Door.turned_away < BAD_MOMENTS:
            Door.turned_away += 1
            self.send_response(503)
            self.send_header("content-length", "0")
            self.end_headers()
            return
        kept = ("content-type", "x-vapi-secret")
        headers = {name: self.headers[name] for name in kept}
        reply = httpx.post(
            self.site + self.path,
            content=body,
            headers=headers,
            trust_env=False,
            verify=certificates.trusted(),
            timeout=60,
        )
        self.send_response(reply.status_code)
        self.send_header("content-length", str(len(reply.content)))
        self.end_headers()
        self.wfile.write(reply.content)

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def door(live_server, settings) -> Iterator[str]:
    Door.site, Door.turned_away = live_server.url, 0
    server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
    thread = Thread(target=server.serve_forever)
    thread.start()
    settings.WEBSITE_URL = f"http://127.0.0.1:{server.server_port}"
    yield settings.WEBSITE_URL
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.django_db(transaction=True)
def test_a_report_that_was_turned_away_is_sent_again_and_charged_once(
    provider, door, monkeypatch
):
    monkeypatch.setitem(answers.BACKOFF_PLAN, "baseDelaySeconds", 0.2)
    month = timezone.now() - timedelta(days=3)
    acme = make.make_balances(now=month, card=make.make_card(included_minutes=100))
    line = make.make_number(organization=acme, valid_from=datetime(2026, 1, 1, tzinfo=UTC))
    number = {"id": line.provider_number_id, "number": line.e164}
    provider.control("numbers", number | {"assistantId": "preset"})
    call_command("vapi_setup", "--json")
    provider.control("settings", {"delivers_by_itself": True})
    provider.control("next_calls", [{"talk_seconds": 90}])

    asked = {"number_id": line.provider_number_id, "customer": "+12025550178"}
    provider.control("inbound", asked)

    for _ in range(600):
        if Call.objects.filter(status="completed").exists():
            break
        time.sleep(0.1)
    call = Call.objects.get()
    assert (call.status, call.billed_minutes) == ("completed", 2)
    assert Allowance.objects.get().minutes_used_this_cycle == 2
    for _ in range(600):
        tries = [one["status"] for one in provider.box.sent if "report" in one["name"]]
        if len(tries) > BAD_MOMENTS:
            break
        time.sleep(0.1)
    assert tries == [503, 503, 200]
