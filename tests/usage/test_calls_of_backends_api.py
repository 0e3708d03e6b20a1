"""Calls that other backends ask for, hold and report over the API."""

import pytest
from django.core.cache import cache

from metering.calls import gate
from metering.calls.settle import settle
from metering.models import Allowance, Call, Hold, UsageHold
from tests.crowd import Crowd
from tests.factories import accounts
from tests.factories import metering as make
from tests.usage.uses import begin

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
