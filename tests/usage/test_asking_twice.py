"""`Idempotency-Key` where usage is reported and webhooks are managed: a POST whose answer was
lost is sent again, is answered as the first time, and makes nothing twice."""

import pytest
from django.utils import timezone

from accounts.models import IdempotentRequest
from metering.models import UsageEvent, UsageHold, WebhookEndpoint
from tests.factories import accounts
from tests.factories import metering as make

pytestmark = pytest.mark.django_db

ENDPOINT = {"url": "https://hooks.example.com/in", "events": ["minutes.low"]}
REQUESTS = {
    "/api/webhook-endpoints": (ENDPOINT, 201),
    "/api/usage/events": ({"event_type": "api_call", "idempotency_key": "e-1"}, 200),
    "/api/usage/holds": (
        {"event_type": "api_call", "reference": "job-1", "quantity": 2},
        201,
    ),
    "/api/usage/report": (
        {"call_id": "room-1", "call_duration_minutes": 2.5, "provider": "livekit"},
        200,
    ),
}


@pytest.fixture
def program(organization, key_client):
    make.make_balances(now=timezone.now(), organization=organization)
    return key_client(accounts.make_key(organization=organization, scopes=["admin"]))


def ask(client, url, body, key="once"):
    return client.post(
        url, body, content_type="application/json", headers={"Idempotency-Key": key}
    )


@pytest.mark.parametrize("url", REQUESTS)
def test_the_same_request_is_answered_as_the_first_time(program, url):
    body, status = REQUESTS[url]
    first = ask(program, url, body)
    assert first.status_code == status, first.content

    again = ask(program, url, body)

    assert (again.status_code, again.json()) == (status, first.json())
    assert IdempotentRequest.objects.count() == 1


@pytest.mark.parametrize("url", REQUESTS)
def test_another_request_under_the_same_key_is_refused(program, url):
    body, _ = REQUESTS[url]
    ask(program, url, body)

    refused = ask(program, url, body | {"extra": 1})

    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "idempotency_key_reused"


def test_a_batch_under_a_key_counts_each_event_once(program):
    batch = [{"event_type": "api_call", "idempotency_key": f"e-{n}"} for n in range(3)]
    first = ask(program, "/api/usage/events", batch)
    again = ask(program, "/api/usage/events", batch)

    assert first.json()["recorded"] == again.json()["recorded"] == 3
    # Without the key an event still counts once, and the answer says that it was known.
    plain = program.post("/api/usage/events", batch, content_type="application/json")
    assert plain.json()["already"] == 3
    assert UsageEvent.objects.count() == 3


def test_a_refusal_may_be_asked_again(program):
    wrong = ENDPOINT | {"url": "http://hooks.example.com/in"}
    assert ask(program, "/api/webhook-endpoints", wrong).status_code == 400
    assert not IdempotentRequest.objects.exists()
    assert ask(program, "/api/webhook-endpoints", ENDPOINT).status_code == 201
    assert WebhookEndpoint.objects.count() == 1


def test_a_secret_whose_answer_was_lost_is_not_changed_twice(program):
    made = ask(program, "/api/webhook-endpoints", ENDPOINT).json()
    url = f"/api/webhook-endpoints/{made['id']}/rotate"

    fresh = ask(program, url, {}, key="roll-1").json()
    again = ask(program, url, {}, key="roll-1").json()

    assert again == fresh
    kept = WebhookEndpoint.objects.get()
    # Had it been changed twice, the old one would be gone and receivers would refuse.
    assert (kept.secret, kept.secret_before) == (fresh["secret"], made["secret"])


def test_a_key_holds_nothing_for_another_organization(program, key_client):
    ask(program, *_of_holds())
    stranger = accounts.make_organization(name="Stranger")
    make.make_balances(now=timezone.now(), organization=stranger)
    theirs = key_client(accounts.make_key(organization=stranger, scopes=["admin"]))

    assert ask(theirs, *_of_holds()).status_code == 201
    assert UsageHold.objects.count() == 2


def _of_holds():
    return "/api/usage/holds", REQUESTS["/api/usage/holds"][0]
