"""What programs report of usage, and what they ask before."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.core.cache import cache

from metering.calls import gate
from metering.calls.settle import settle
from metering.models import Allowance, Call, Hold, UsageEvent, UsageHold
from tests.crowd import Crowd
from tests.factories import accounts
from tests.factories import metering as make
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


@pytest.fixture
def service(key_client):
    return key_client(accounts.make_key(organization=None, scopes=["usage:write"]))


@pytest.fixture
def minutes(now):
    """Five minutes of calls, and nothing after them."""
    card = make.make_card(included_minutes=5)
    return make.make_balances(now=now, card=card)


@pytest.fixture
def agent(minutes, key_client):
    return key_client(accounts.make_key(organization=minutes, scopes=["usage:write"]))


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


def test_a_call_of_another_backend_asks_and_is_charged(agent, minutes):
    body = {"event_type": "voice_minute", "reference": "room-1", "provider": "livekit"}
    held = post(agent, HOLDS, body, 201)
    assert (held["quantity"], held["seconds_max"]) == (3, 175)
    assert post(agent, HOLDS, body, 201) == held

    settled = post(agent, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 1.01})
    again = post(agent, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 1.01})

    assert again == settled
    assert settled["state"] == "settled"
    allowance = Allowance.objects.get(organization=minutes)
    assert (allowance.minutes_used_this_cycle, allowance.minutes_held) == (2, 0)
    post(agent, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 3}, 409)
    assert Call.objects.get().flags == []


def test_a_call_that_never_began_lets_its_minutes_go(agent, minutes):
    body = {"event_type": "voice_minute", "reference": "room-1"}
    held = post(agent, HOLDS, body, 201)

    for _ in range(2):
        gone = post(agent, f"{HOLDS}/{held['hold_id']}/release")

    assert gone["state"] == "released"
    assert Allowance.objects.get(organization=minutes).minutes_held == 0
    post(agent, f"{HOLDS}/{held['hold_id']}/settle", {"quantity": 3}, 409)


def test_calls_are_refused_like_at_the_gate(agent, minutes):
    body = {"event_type": "voice_minute"}
    post(agent, HOLDS, body | {"reference": "room-1"}, 201)
    post(agent, HOLDS, body | {"reference": "room-2"}, 201)

    assert post(agent, HOLDS, body | {"reference": "room-3"}, 402)["error"]["code"] == (
        "no_minutes"
    )


def test_two_organizations_may_name_their_calls_alike(agent, program, minutes, clinic):
    body = {"event_type": "voice_minute", "reference": "room-1", "provider": "livekit"}
    theirs = post(program, HOLDS, body, 201)
    ours = post(agent, HOLDS, body, 201)

    post(agent, f"{HOLDS}/{ours['hold_id']}/settle", {"quantity": 1})

    assert Hold.objects.get(pk=theirs["hold_id"]).state == "open"
    post(agent, f"{HOLDS}/{theirs['hold_id']}/settle", {"quantity": 1}, 404)


def test_a_hold_of_our_telephony_is_not_settled_by_hand(agent, minutes, now):
    number = make.make_number(organization=minutes, valid_from=now)
    held = gate.admit(make.make_request(make.call_ref(number), at=now), now=now)

    post(agent, f"{HOLDS}/{held.hold_id}/settle", {"quantity": 0}, 404)
    post(agent, f"{HOLDS}/{held.hold_id}/release", status=404)
    body = {"event_type": "voice_minute", "reference": "x", "provider": "vapi"}
    post(agent, HOLDS, body, 400)


def test_a_call_reported_by_two_ways_is_charged_once(service, minutes, now):
    number = make.make_number(organization=minutes, valid_from=now)
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=now), now=now)
    settle([make.make_report(ref, started_at=now, seconds=90)], now=now)

    body = {"org_id": minutes.slug, "call_id": ref.call_id, "call_duration_minutes": 1.5}
    told = post(service, "/api/usage/report", body)

    assert (told["status"], told["billed_minutes"]) == ("already", 2)
    assert Allowance.objects.get(organization=minutes).minutes_used_this_cycle == 2


def test_the_report_may_come_first(service, minutes, now):
    number = make.make_number(organization=minutes, valid_from=now)
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=now), now=now)
    body = {"org_id": minutes.slug, "call_id": ref.call_id, "call_duration_minutes": 1.5}
    assert post(service, "/api/usage/report", body)["status"] == "charged"

    (settled,) = settle([make.make_report(ref, started_at=now, seconds=90)], now=now)

    assert settled.outcome == "already"
    assert Allowance.objects.get(organization=minutes).minutes_used_this_cycle == 2


def test_any_agent_reports_and_the_minute_is_rounded_up(agent, minutes):
    body = {"call_id": "x", "call_duration_minutes": "4.000001", "provider": "elevenlabs"}

    told = post(agent, "/api/usage/report", body)

    assert (told["status"], told["billed_minutes"], told["cost"]) == ("charged", 5, 0)
    other = body | {"call_duration_minutes": 9}
    assert post(agent, "/api/usage/report", other)["status"] == "conflicting"
    assert Allowance.objects.get(organization=minutes).minutes_used_this_cycle == 5


def test_customers_do_not_say_how_long_calls_of_our_telephony_were(agent, minutes):
    body = {"call_id": "x", "call_duration_minutes": 0}

    assert post(agent, "/api/usage/report", body, 403)["error"]["code"] == "forbidden"
    assert not Call.objects.exists()


def test_a_call_of_another_organization_is_not_found(service, minutes, clinic, now):
    number = make.make_number(organization=clinic, valid_from=now)
    ref = make.call_ref(number)
    settle([make.make_report(ref, started_at=now, seconds=30)], now=now)

    body = {"org_id": minutes.slug, "call_id": ref.call_id, "call_duration_minutes": 9}
    post(service, "/api/usage/report", body, 404)


@pytest.mark.django_db(transaction=True)
def test_of_twenty_calls_at_once_with_room_for_one_one_is_admitted(
    key_client, now, settings
):
    settings.API_REQUESTS_PER_MINUTE = {"read": 1000, "write": 1000}
    cache.clear()
    organization = make.make_balances(now=now, card=make.make_card(included_minutes=1))
    issued = accounts.make_key(organization=organization, scopes=["usage:write"])

    def ask(number: int) -> int:
        body = {"event_type": "voice_minute", "reference": f"room-{number}"}
        reply = key_client(issued).post(HOLDS, body, content_type="application/json")
        return reply.status_code

    with Crowd(20) as crowd:
        answers = crowd.at_once(ask)

    assert sorted(answers) == [201] + [402] * 19
    assert not UsageHold.objects.exists()
