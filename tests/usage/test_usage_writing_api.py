"""What programs report of usage, and what they ask before."""

from datetime import timedelta
from decimal import Decimal

import pytest

from metering.models import UsageEvent
from tests.factories import accounts
from tests.usage.uses import balance, begin, sums

pytestmark = pytest.mark.django_db

EVENTS, HOLDS = "/api/usage/events", "/api/usage/holds"


@pytest.fixture(autouse=True)
def today(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def clinic(now):
    """One API call included, then 0.01 from a wallet of 1."""
    return begin(now, wallet="1", included="1", unit_price="0.01")


@pytest.fixture
def program(clinic, key_client):
    return key_client(accounts.make_key(organization=clinic, scopes=["usage:write"]))


@pytest.fixture
def reader(clinic, key_client):
    return key_client(accounts.make_key(organization=clinic))


def post(client, url, body=None, status=200):
    reply = client.post(url, body or {}, content_type="application/json")
    assert reply.status_code == status, reply.content
    return reply.json()


def event(key="a", **fields):
    return {"event_type": "api_call", "quantity": 1, "idempotency_key": key} | fields


def test_one_event(program, clinic):
    first = post(program, EVENTS, event(quantity=3))
    again = post(program, EVENTS, event(quantity="3.000000"))

    assert first == again | {"status": "recorded"}
    assert (again["status"], again["total"]) == ("already", 0.02)
    assert balance(clinic) == Decimal("0.98")


def test_a_refused_event_says_why_with_its_status(program, clinic, now):
    assert (
        post(program, EVENTS, event(quantity=500), 402)["error"]["code"] == "wallet_empty"
    )
    late = event(occurred_at=(now + timedelta(hours=1)).isoformat())
    assert post(program, EVENTS, late, 400)["error"]["code"] == "invalid"
    post(program, EVENTS, event())
    other = post(program, EVENTS, event(quantity=2), 409)
    assert other["error"]["code"] == "idempotency_key_reused"
    assert UsageEvent.objects.count() == 1


def test_what_has_happened_is_recorded_whatever_can_pay(program, clinic):
    post(program, EVENTS, event(quantity=201, enforce=False))

    assert balance(clinic) == -1


def test_a_hard_quota_is_429(key_client, now):
    organization = begin(now, wallet="1", quota="2")
    client = key_client(
        accounts.make_key(organization=organization, scopes=["usage:write"])
    )

    assert post(client, EVENTS, event(quantity=3), 429)["error"]["code"] == "quota_reached"


@pytest.mark.parametrize(
    "wrong",
    [
        {"event_type": "nonsense"},
        {"event_type": "reported_minute"},
        {"quantity": "1e3"},
        {"quantity": 0},
        {"quantity": -1},
        {"quantity": True},
        {"quantity": 1e300},
        {"idempotency_key": ""},
        {"idempotency_key": "x" * 201},
        {"idempotency_key": "call:vapi:1:1"},
        {"idempotency_key": "_void:a"},
        {"idempotency_key": "nul\0"},
        {"occurred_at": "yesterday"},
        {"occurred_at": "0001-01-01T00:00:00+14:00"},
        {"metadata": {"text": "\0"}},
        {"metadata": {"text": "\ud800"}},
        {"metadata": {"x": "y" * 5000}},
        {"metadata": []},
        {"audio_bytes": 16000},
        {"corrects": "a\0"},
    ],
    ids=str,
)
def test_what_makes_no_sense_is_refused_and_changes_nothing(program, wrong):
    post(program, EVENTS, event() | wrong, 400)

    assert not UsageEvent.objects.exists()


def test_numbers_no_float_can_hold_are_refused(program):
    body = '{"event_type": "api_call", "idempotency_key": "a", "metadata": {"x": 1e999}}'

    reply = program.post(EVENTS, body, content_type="application/json")

    assert reply.status_code == 400


def test_each_of_a_batch_is_recorded_or_named(program, clinic):
    body = [event("a"), event("b", quantity=0), event("a"), "nonsense", event("c")]

    told = post(program, EVENTS, body)

    assert [one["status"] for one in told["results"]] == [
        "recorded",
        "refused",
        "already",
        "refused",
        "recorded",
    ]
    assert (told["recorded"], told["already"], told["refused"]) == (2, 1, 2)
    assert told["results"][1]["idempotency_key"] == "b"
    assert told["results"][1]["error"]["status"] == 400
    assert sums(clinic)[0] == 2


def test_a_batch_that_was_cut_off_can_be_sent_again(program, clinic):
    whole = [event(f"key-{number}") for number in range(20)]
    post(program, EVENTS, {"events": whole[:12]})

    again = post(program, EVENTS, {"events": whole})

    assert (again["recorded"], again["already"]) == (8, 12)
    assert sums(clinic)[0] == 20


@pytest.mark.parametrize("body", [[], {"events": []}, {"events": "a"}, [event()] * 1001])
def test_a_batch_is_of_one_to_a_thousand(program, body):
    post(program, EVENTS, body, 400)


def test_a_thousand_events_in_one_request(program, clinic, django_assert_max_num_queries):
    body = [event(f"key-{number}", quantity=0.01) for number in range(1000)]

    # Three of them say who asks.
    with django_assert_max_num_queries(17):
        told = post(program, EVENTS, body)

    assert told["recorded"] == 1000
    assert sums(clinic)[0] == 10


def test_minutes_of_audio_are_estimated(program, clinic):
    told = post(
        program,
        EVENTS,
        {"event_type": "voice_minute", "audio_bytes": 960_000, "idempotency_key": "a"},
    )

    assert told["quantity"] == 1
    assert UsageEvent.objects.get().is_estimated


def test_void_and_correction(program, clinic):
    post(program, EVENTS, event("room/1", quantity=5))
    corrected = post(program, EVENTS, event("b", quantity=3, corrects="room/1"))
    voided = post(program, f"{EVENTS}/room/1/void", {"reason": "a test"})

    assert (corrected["quantity"], voided["quantity"]) == (-2, -3)
    assert voided["idempotency_key"] == "room/1"
    assert balance(clinic) == 1
    assert post(program, f"{EVENTS}/room/1/void")["status"] == "already"
    post(program, f"{EVENTS}/unknown/void", status=404)
    post(program, f"{EVENTS}/nul%00/void", status=404)


def test_reading_keys_report_nothing(reader):
    for url in (EVENTS, HOLDS, f"{EVENTS}/a/void", "/api/usage/report"):
        assert post(reader, url, status=403)["error"]["code"] == "forbidden"


def test_without_balances_it_is_said(key_client, db):
    key = accounts.make_key(organization=accounts.make_organization(), scopes=["admin"])
    client = key_client(key)

    assert post(client, EVENTS, event(), 409)["error"]["code"] == "no_balances"
    body = {"event_type": "api_call", "quantity": 1, "reference": "a"}
    post(client, HOLDS, body, 409)
    post(client, HOLDS, body | {"event_type": "voice_minute"}, 409)
    assert client.get("/api/usage/check?event_type=api_call").status_code == 409
    call = {"call_id": "a", "call_duration_minutes": 1, "provider": "livekit"}
    post(client, "/api/usage/report", call, 409)


def test_checking(reader, program):
    def check(**query):
        reply = reader.get("/api/usage/check", query)
        assert reply.status_code == 200, reply.content
        return reply.json()

    assert check(event_type="api_call") == {
        "allowed": True,
        "reason": "",
        "message": "",
        "event_type": "api_call",
        "quantity": 1,
        "used": 0,
        "held": 0,
        "included": 1,
        "quota_limit": None,
    }
    no = check(event_type="api_call", quantity="102")
    assert (no["allowed"], no["reason"]) == (False, "wallet_empty")
    assert check(event_type="ai_query")["included"] is None
    assert check(event_type="voice_minute", quantity="10")["allowed"]
    assert check(event_type="voice_minute", quantity="11")["reason"] == "wallet_empty"
    assert reader.get("/api/usage/check").status_code == 400


def test_a_quantity_is_held_then_settled(program, clinic):
    body = {"event_type": "api_call", "quantity": 5, "reference": "job-1"}
    held = post(program, HOLDS, body, 201)
    assert post(program, HOLDS, body, 201) == held

    settled = post(program, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 4})
    again = post(program, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 4})

    assert (settled["state"], settled["total"]) == ("settled", 0.03)
    assert again == settled
    post(program, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 5}, 409)
    post(program, f"{HOLDS}/{held['hold_id']}/release", status=409)
    assert balance(clinic) == Decimal("0.97")


def test_a_quantity_is_held_then_let_go(program):
    body = {"event_type": "api_call", "quantity": 101, "reference": "job-1"}
    held = post(program, HOLDS, body, 201)
    post(program, HOLDS, body | {"reference": "job-2"}, 402)

    assert post(program, f"{HOLDS}/{held['hold_id']}/release")["state"] == "released"
    post(program, HOLDS, body | {"reference": "job-2"}, 201)
