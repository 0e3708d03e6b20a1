"""Customers manage their webhooks over the API; nobody else sees or moves them."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.models import WebhookDelivery, WebhookEndpoint
from metering.outgoing import publishing

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
URL = "/api/webhook-endpoints"


@pytest.fixture
def program(organization_key, key_client):
    return key_client(organization_key)


def post(client, url, body=None, status=201):
    reply = client.post(url, body or {}, content_type="application/json")
    assert reply.status_code == status, reply.content
    return reply.json() if reply.content else None


def wanted(**fields):
    return {"url": "https://hooks.example.com/", "events": ["minutes.low"]} | fields


def test_a_secret_is_shown_once(program):
    made = post(program, URL, wanted())

    assert made["secret"].startswith("whsec_")
    [listed] = program.get(URL).json()["endpoints"]
    assert listed == {name: made[name] for name in listed}
    assert "secret" not in listed
    fresh = post(program, f"{URL}/{made['id']}/rotate", status=200)
    assert fresh["secret"] != made["secret"]


@pytest.mark.parametrize(
    "wrong",
    [
        {"url": "http://hooks.example.com/"},
        {"url": "https://127.0.0.1/"},
        {"url": ""},
        {"events": []},
        {"events": ["all"]},
        {"events": "minutes.low"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused(program, wrong):
    post(program, URL, wanted(**wrong), 400)

    assert not WebhookEndpoint.objects.exists()


def test_removed_is_gone_but_its_log_stays(program, organization):
    made = post(program, URL, wanted())
    publishing.publish(organization.pk, "minutes.low", {}, now=NOW)

    assert program.delete(f"{URL}/{made['id']}").status_code == 204
    assert program.delete(f"{URL}/{made['id']}").status_code == 404
    assert program.get(URL).json()["endpoints"] == []
    assert len(program.get("/api/webhook-deliveries").json()["deliveries"]) == 1


def test_the_log_is_read_page_by_page(program, organization, django_assert_max_num_queries):
    post(program, URL, wanted())
    for number in range(5):
        at = NOW + timedelta(minutes=number)
        publishing.publish(organization.pk, "minutes.low", {}, now=at)

    seen, cursor = [], ""
    while cursor is not None:
        url = f"/api/webhook-deliveries?limit=2&cursor={cursor}"
        with django_assert_max_num_queries(4):
            page = program.get(url.removesuffix("&cursor=")).json()
        seen += [one["occurred_at"] for one in page["deliveries"]]
        cursor = page["next"]

    assert len(seen) == 5
    assert seen == sorted(seen, reverse=True)


def test_a_message_is_sent_again_on_demand(program, organization):
    post(program, URL, wanted())
    publishing.publish(organization.pk, "minutes.low", {}, now=NOW)
    WebhookDelivery.objects.update(state="failed", next_attempt_at=None, attempts=10)
    sent = WebhookDelivery.objects.get()

    post(program, f"/api/webhook-deliveries/{sent.pk}/resend", status=204)

    sent.refresh_from_db()
    assert (sent.state, sent.attempts) == ("waiting", 0)
