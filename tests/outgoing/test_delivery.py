"""Messages to customers' systems: signed, tried again, never sent into our own network."""

import base64
import hashlib
import hmac
import json
import socket
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from ipaddress import ip_address
from threading import Thread
from unittest.mock import Mock
from uuid import uuid4

import pytest

from accounts import settings_history
from metering.models import WebhookDelivery, WebhookEndpoint
from metering.outgoing import delivery, endpoints, publishing, sending
from metering.outgoing.errors import BadEndpoint, NoSuchWebhook, TooManyEndpoints

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
URL = "https://hooks.example.com/in"
# Unless the setting `retention_days` says otherwise.
KEPT = timedelta(days=30)


class Receiver(BaseHTTPRequestHandler):
    status = 200
    location = ""
    got: list = []

    def do_POST(self):
        body = self.rfile.read(int(self.headers["content-length"]))
        self.got.append((dict(self.headers), body))
        self.send_response(type(self).status)
        if self.location:
            self.send_header("location", self.location)
        self.end_headers()

    def log_message(self, *_):
        """Quiet."""


@pytest.fixture
def receiver(monkeypatch):
    """A customer's system on this machine, which alone is taken for public here."""
    here = ip_address("127.0.0.1")
    monkeypatch.setattr(sending, "is_public", lambda address: ip_address(address) == here)
    Receiver.got, Receiver.status, Receiver.location = [], 200, ""
    server = HTTPServer(("127.0.0.1", 0), Receiver)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/in"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def message(organization, receiver):
    return write(organization, receiver)


def write(organization, url) -> WebhookDelivery:
    endpoint, _ = endpoints.add(
        organization, url=URL, kinds=["payment.received"], actor="test", now=NOW
    )
    WebhookEndpoint.objects.filter(pk=endpoint.id).update(url=url)
    publishing.publish(organization.pk, "payment.received", {"amount": "9.00"}, now=NOW)
    return WebhookDelivery.objects.get()


def signature(secret: str, headers: dict, body: bytes) -> str:
    key = base64.b64decode(secret.removeprefix("whsec_"))
    signed = f"{headers['webhook-id']}.{headers['webhook-timestamp']}.".encode() + body
    digest = hmac.new(key, signed, hashlib.sha256).digest()
    return "v1," + base64.b64encode(digest).decode()


def test_a_message_arrives_signed_and_once(message, organization):
    assert delivery.due(now=NOW) == [message.pk]
    assert delivery.deliver(message.pk, now=NOW) == "delivered"
    assert delivery.deliver(message.pk, now=NOW) == ""

    [(headers, body)] = Receiver.got
    assert json.loads(body) == {
        "type": "payment.received",
        "timestamp": NOW.isoformat(),
        "data": {"organization": organization.slug, "amount": "9.00"},
    }
    secret = WebhookEndpoint.objects.get().secret
    assert headers["webhook-signature"] == signature(secret, headers, body)
    assert headers["webhook-timestamp"] == str(int(NOW.timestamp()))


def test_a_failure_is_tried_again_with_growing_waits_then_given_up(message):
    Receiver.status = 500
    at, waits = NOW, []
    for _ in range(len(delivery.WAITS)):
        assert delivery.deliver(message.pk, now=at) == "waiting"
        message.refresh_from_db()
        waits.append(message.next_attempt_at - at)
        assert delivery.deliver(message.pk, now=at) == ""
        at = message.next_attempt_at

    assert waits == sorted(waits) == list(delivery.WAITS)
    assert delivery.deliver(message.pk, now=at) == "failed"
    assert delivery.due(now=at + timedelta(days=9)) == []
    ids = {headers["webhook-id"] for headers, _ in Receiver.got}
    assert len(ids) == 1


def queue(organization, name: str, count: int) -> list[WebhookDelivery]:
    """So many messages wait for one address."""
    endpoint, _ = endpoints.add(
        organization,
        url=f"https://{name}.example.com/",
        kinds=["call.refused"],
        actor="test",
        now=NOW,
    )
    return WebhookDelivery.objects.bulk_create(
        WebhookDelivery(
            organization=organization,
            endpoint_id=endpoint.id,
            event_id=uuid4(),
            kind="call.refused",
            data={},
            occurred_at=NOW,
            next_attempt_at=NOW,
        )
        for _ in range(count)
    )


def test_systems_that_do_not_answer_keep_the_workers_from_nobody(organization, monkeypatch):
    dead = [queue(organization, f"dead-{number}", 30) for number in range(6)]
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=OSError))
    assert len(delivery.due(now=NOW)) == 6 * delivery.AT_ONCE_MAX
    for first, *_ in dead:
        assert delivery.deliver(first.pk, now=NOW) == "waiting"

    alive = queue(organization, "alive", 3)
    asked = delivery.due(now=NOW)

    assert set(asked[:3]) == {one.pk for one in alive}
    endpoints_asked = WebhookDelivery.objects.filter(pk__in=asked[3:])
    assert len(asked[3:]) == delivery.SILENT_AT_ONCE_MAX
    assert len(set(endpoints_asked.values_list("endpoint", flat=True))) == len(asked[3:])


def test_what_waits_for_a_system_that_never_answers_is_given_up(organization, monkeypatch):
    first, *_, last = queue(organization, "dead", 5)
    monkeypatch.setattr(socket, "getaddrinfo", Mock(side_effect=OSError))
    delivery.deliver(first.pk, now=NOW)
    later = NOW + delivery.UNANSWERED_MAX

    assert delivery.give_up_unanswered(now=later) == 0
    assert delivery.give_up_unanswered(now=later + timedelta(minutes=1)) == 5
    delivery.resend(organization, last.pk, now=later + timedelta(minutes=1))
    assert delivery.due(now=later + timedelta(minutes=1)) == [last.pk]


def test_it_can_be_sent_again(message, organization, other_organization):
    Receiver.status = 500
    delivery.deliver(message.pk, now=NOW)
    Receiver.status = 200

    with pytest.raises(NoSuchWebhook):
        delivery.resend(other_organization, message.pk, now=NOW)
    delivery.resend(organization, message.pk, now=NOW)

    assert delivery.deliver(message.pk, now=NOW) == "delivered"
    (line,) = endpoints.log_page(organization, limit=10).lines
    assert (line.state, line.response_status, line.attempts) == ("delivered", 200, 1)


def test_redirects_are_not_followed(message):
    Receiver.status, Receiver.location = 302, "http://127.0.0.1:1/secret"

    assert delivery.deliver(message.pk, now=NOW) == "waiting"
    assert len(Receiver.got) == 1


def test_the_old_secret_signs_along_for_a_day(message, organization):
    endpoint = WebhookEndpoint.objects.get()
    endpoints.rotate(organization, endpoint.pk, actor="test", now=NOW)

    delivery.deliver(message.pk, now=NOW)
    delivery.resend(organization, message.pk, now=NOW + timedelta(days=2))
    delivery.deliver(message.pk, now=NOW + timedelta(days=2))

    (both, body), (one, _) = Receiver.got
    assert both["webhook-signature"].split()[1] == signature(endpoint.secret, both, body)
    assert len(one["webhook-signature"].split()) == 1


def test_a_removed_endpoint_gets_nothing(message, organization):
    endpoint = WebhookEndpoint.objects.get()
    endpoints.remove(organization, endpoint.pk, actor="test", now=NOW)

    assert delivery.deliver(message.pk, now=NOW) == ""
    publishing.publish(organization.pk, "payment.received", {}, now=NOW)

    assert Receiver.got == []
    assert WebhookDelivery.objects.get().state == "failed"
    assert endpoints.endpoints_of(organization) == []


def test_a_name_that_leads_into_our_network_is_not_connected_to(organization, monkeypatch):
    waiting = write(organization, "https://innocent.example.com/")
    for address in ("127.0.0.1", "10.0.0.7", "169.254.169.254", "::1", "::ffff:10.0.0.7"):
        monkeypatch.setattr(
            sending.socket,
            "getaddrinfo",
            lambda *_, a=address, **__: [(0, 0, 0, "", (a, 443))],
        )
        WebhookDelivery.objects.update(next_attempt_at=NOW)
        assert delivery.deliver(waiting.pk, now=NOW) == "waiting"
        waiting.refresh_from_db()
        assert waiting.error == "the host is not on the public internet"


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("8.8.8.8", True),
        ("2606:4700::1111", True),
        ("192.168.1.1", False),
        ("100.64.0.1", False),
        ("0.0.0.0", False),  # noqa: S104
        ("224.0.0.1", False),
        ("fe80::1", False),
        ("::ffff:127.0.0.1", False),
        ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_what_is_public(address, public):
    assert sending.is_public(address) is public


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://",
        "https://localhost/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.1/",
        "https://[::1]/",
        "https://10.1.2.3/",
        "https://user:secret@hooks.example.com/",
        "https://hooks.example.com/#part",
        "https://hooks.example.com:99999/",
        "https://printer.local/",
        "https://hooks.example.com/" + "x" * 500,
        "ftp://hooks.example.com/",
    ],
)
def test_addresses_that_are_refused(organization, url):
    with pytest.raises(BadEndpoint):
        endpoints.add(organization, url=url, kinds=["call.refused"], actor="test", now=NOW)


def test_endpoints_are_few_and_each_address_is_there_once(organization):
    def add(url):
        endpoints.add(organization, url=url, kinds=["call.refused"], actor="test", now=NOW)

    add(URL)
    with pytest.raises(BadEndpoint):
        add(URL)
    for number in range(endpoints.ENDPOINTS_MAX - 1):
        add(f"{URL}/{number}")
    with pytest.raises(TooManyEndpoints):
        add(f"{URL}/more")


def keep_for(days: int) -> None:
    settings_history.set_value(
        "retention_days",
        days,
        organization=None,
        actor="a test",
        now=NOW + timedelta(seconds=90 - days),
    )


def test_the_log_keeps_a_month_and_whatever_still_waits(message, organization):
    later = NOW + KEPT + timedelta(seconds=1)
    assert delivery.purge(now=later) == 0

    delivery.deliver(message.pk, now=NOW)
    for _ in range(3):
        publishing.publish(organization.pk, "payment.received", {}, now=NOW)
    failed, young, _ = WebhookDelivery.objects.filter(state="waiting")
    WebhookDelivery.objects.filter(pk=failed.pk).update(state="failed")
    WebhookDelivery.objects.filter(pk=young.pk).update(
        state="delivered", occurred_at=NOW + timedelta(days=1)
    )

    assert delivery.purge(now=NOW + KEPT) == 0
    keep_for(60)
    assert delivery.purge(now=later) == 0
    keep_for(30)
    assert delivery.purge(now=later) == 2
    assert set(WebhookDelivery.objects.values_list("state", flat=True)) == {
        "waiting",
        "delivered",
    }


def test_the_log_is_purged_in_pieces_without_reading_what_is_young(
    message, organization, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(delivery, "PURGED_AT_ONCE", 2)
    for _ in range(4):
        publishing.publish(organization.pk, "payment.received", {}, now=NOW)
    WebhookDelivery.objects.update(state="delivered")

    # How long, then five rows in three pieces, each found and deleted, and one last look.
    with django_assert_num_queries(8):
        assert delivery.purge(now=NOW + 2 * KEPT) == 5
