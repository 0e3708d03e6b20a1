"""`Idempotency-Key`: the same request again gets the first answer, and acts once."""

import threading
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.test import Client

from accounts import idempotency
from accounts.models import IdempotentRequest
from billing.models import Purchase
from billing.providers import registry
from tests.factories import accounts

PATH = "/api/billing/create-checkout-session"
BUNDLE = {"bundle_id": "minutes-100-usd"}


@pytest.fixture
def program(buyer, payments, monkeypatch, key_client, now, time_machine):
    time_machine.move_to(now, tick=False)
    monkeypatch.setattr(registry, "available", lambda: ["stripe"])
    return key_client(accounts.make_key(organization=buyer, scopes=["billing:write"]))


def ask(program: Client, body=BUNDLE, *, key: str = "order-1"):
    return program.post(
        PATH, body, content_type="application/json", headers={"Idempotency-Key": key}
    )


@pytest.mark.django_db
def test_the_same_request_gets_the_first_answer_and_acts_once(program, payments):
    first = ask(program)
    assert first.status_code == 200, first.content
    calls = len(payments.calls)

    again = ask(program)

    assert (again.status_code, again.json()) == (200, first.json())
    assert len(payments.calls) == calls


@pytest.mark.django_db
def test_the_same_key_with_another_body_is_refused(program):
    ask(program)

    refused = ask(program, {"bundle_id": "minutes-500-usd"})

    assert refused.status_code == 409
    assert refused.json()["error"]["code"] == "idempotency_key_reused"


@pytest.mark.django_db
def test_a_refusal_is_not_kept(program):
    assert ask(program, {"bundle_id": "nothing"}).status_code == 404
    assert not IdempotentRequest.objects.exists()
    assert ask(program).status_code == 200


@pytest.mark.django_db
@pytest.mark.parametrize("key", ["", "x" * 256, "schl\u00fcssel"])
def test_a_key_that_cannot_be_used_is_refused(program, key):
    assert ask(program, key=key).status_code == 400


@pytest.mark.django_db
def test_a_key_is_taken_over_once_its_request_must_have_died(program, now, time_machine):
    ask(program)
    IdempotentRequest.objects.update(status=None, answer=None)
    assert ask(program).json()["error"]["code"] == "idempotency_key_in_use"

    time_machine.move_to(now + idempotency.ABANDONED_AFTER, tick=False)

    assert ask(program).status_code == 200


@pytest.mark.django_db
def test_keys_are_forgotten_after_a_day(program, now):
    ask(program)
    assert idempotency.purge(now=now + idempotency.KEPT) == 0
    assert idempotency.purge(now=now + idempotency.KEPT + timedelta(seconds=1)) == 1


@pytest.mark.django_db(transaction=True)
def test_at_once_it_happens_once(program, payments, monkeypatch):
    """Eight at once: one acts while the others wait at the door or hear its answer."""
    everybody = threading.Barrier(8)

    def one(_: int) -> int:
        everybody.wait()
        try:
            return ask(program).status_code
        finally:
            connection.close()

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(one, range(8)))

    assert set(answers) <= {200, 409}
    assert 200 in answers
    assert Purchase.objects.count() == 1
    assert [name for name, _ in payments.calls].count("start_purchase") == 1
