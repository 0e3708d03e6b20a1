"""What programs read of usage: the cycle, the months, the calls page by page."""

import json
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.cache import cache

from metering.calls import gate, settle
from tests.factories import accounts
from tests.factories import metering as make

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def today(time_machine, now):
    time_machine.move_to(now, tick=False)


@pytest.fixture
def clinic(now):
    """In USD, charged 0.10 a minute by the second."""
    card = make.make_card(
        code="payg-1",
        when_exhausted="postpaid",
        included_minutes=0,
        unit_price="0.10",
        increments=(1, 1),
    )
    organization = accounts.make_organization(
        name="Acme Dental", now=now - timedelta(days=200)
    )
    return make.make_balances(
        now=now - timedelta(days=120), card=card, organization=organization
    )


@pytest.fixture
def number(clinic, now):
    return make.make_number(organization=clinic, valid_from=now - timedelta(days=200))


@pytest.fixture
def program(clinic, key_client):
    return key_client(accounts.make_key(organization=clinic))


def talk(number, *, at, seconds=60, **fields):
    ref = make.call_ref(number, **fields)
    gate.admit(make.make_request(ref, at=at), now=at)
    settle.settle([make.make_report(ref, started_at=at, seconds=seconds)], now=at)
    return ref


def read(program, url, **parameters):
    reply = program.get(url, parameters)
    assert reply.status_code == 200, reply.content
    return reply.json()


def test_the_cycle_is_told(program, number, now):
    for day in range(1, 15):
        talk(number, at=now - timedelta(days=day))

    told = read(program, "/api/usage")

    assert told == {
        "organization": "acme-dental",
        "plan": "payg",
        "plan_minutes": 0,
        "credit_minutes": 0,
        "minutes_used_this_cycle": told["minutes_used_this_cycle"],
        "minutes_remaining": 0,
        "minutes_held": 0,
        "percent_used": 0,
        "cycle_start": "2025-12-17T12:00:00Z",
        "cycle_end": "2026-01-17T12:00:00Z",
        "when_exhausted": "postpaid",
        "standing": "good",
        "projected_run_out": None,
    }


def test_the_day_minutes_end_is_projected(now, key_client):
    began = now - timedelta(days=14)
    organization = make.make_balances(
        now=began,
        card=make.make_card(included_minutes=20),
        organization=accounts.make_organization(now=began),
    )
    number = make.make_number(organization=organization, valid_from=began)
    for day in range(1, 15):
        talk(number, at=now - timedelta(days=day))
    program = key_client(accounts.make_key(organization=organization))

    told = read(program, "/api/usage")

    assert (told["minutes_remaining"], told["percent_used"]) == (6, 70)
    assert told["projected_run_out"] == "2026-01-21"


def test_organization_without_balances_is_told_so(key_client):
    bare = accounts.make_organization()

    reply = key_client(accounts.make_key(organization=bare)).get("/api/usage")

    assert (reply.status_code, reply.json()["error"]["code"]) == (409, "no_balances")


def test_the_month_is_talk_time_and_price_as_numbers(program, number, now):
    talk(number, at=now, seconds=100)
    talk(number, at=now - timedelta(days=3), seconds=47)
    talk(number, at=now - timedelta(days=40), seconds=600)

    body = program.get("/api/usage/current").content.decode()

    assert json.loads(body, parse_float=Decimal) == {
        "month": "2026-01",
        "total_calls": 2,
        "total_minutes": Decimal("2.5"),
        "total_cost_usd": Decimal("0.245"),
        "total_cost": Decimal("0.245"),
        "currency": "USD",
    }


def test_another_currency_has_no_dollars(key_client, now):
    card = make.make_card(when_exhausted="postpaid", currency="EUR", included_minutes=0)
    organization = make.make_balances(now=now, card=card)
    number = make.make_number(organization=organization, valid_from=now)
    talk(number, at=now)
    program = key_client(accounts.make_key(organization=organization))

    month = read(program, "/api/usage/current")
    [call] = read(program, "/api/usage/calls")["calls"]

    assert (month["total_cost"], month["total_cost_usd"]) == (0.1, None)
    assert (call["cost"], call["cost_usd"], call["currency"]) == (0.1, None, "EUR")


def test_one_month_or_all_before_it(program, number, now):
    talk(number, at=datetime(2025, 12, 20, tzinfo=UTC))
    talk(number, at=datetime(2025, 10, 2, tzinfo=UTC))

    december = read(program, "/api/usage/history", month="2025-12")
    first = read(program, "/api/usage/history", limit=3)
    rest = read(program, "/api/usage/history", limit=3, cursor=first["next"])

    assert (december["month"], december["total_calls"]) == ("2025-12", 1)
    assert [one["month"] for one in first["months"]] == ["2025-12", "2025-11", "2025-10"]
    assert [one["total_calls"] for one in first["months"]] == [1, 0, 1]
    # Back to the month it was founded in, and no further.
    assert [one["month"] for one in rest["months"]] == ["2025-09", "2025-08", "2025-07"]
    assert read(program, "/api/usage/history", cursor=rest["next"])["next"] is None


def test_calls_come_page_by_page_each_once(program, number, now):
    for minute in range(7):
        # Three at the same moment: their ids decide.
        talk(number, at=now - timedelta(hours=1, minutes=10 * (minute // 3)))
    seen, cursor = [], None
    while True:
        page = read(
            program, "/api/usage/calls", limit=2, **({"cursor": cursor} if cursor else {})
        )
        seen += [(call["started_at"], call["id"]) for call in page["calls"]]
        cursor = page["next"]
        if cursor is None:
            break

    assert len(set(seen)) == 7
    assert seen == sorted(seen, reverse=True)


def test_a_call_has_the_fields_of_the_contract(program, number, now):
    talk(number, at=now, seconds=90)

    [call] = read(program, "/api/usage/calls")["calls"]

    assert call | {"id": ""} == {
        "id": "",
        "agent_name": number.agent.name,
        "call_from": "+15550100",
        "call_to": number.e164,
        "duration_seconds": 90,
        "billed_minutes": 2,
        "cost_usd": 0.15,
        "cost": 0.15,
        "currency": "USD",
        "started_at": "2026-01-15T12:00:00Z",
        "ended_at": "2026-01-15T12:01:30Z",
        "status": "completed",
    }


def test_calls_are_narrowed(program, clinic, number, now):
    other = make.make_number(organization=clinic, valid_from=now - timedelta(days=90))
    talk(number, at=now)
    talk(other, at=now - timedelta(days=2))
    talk(other, at=now - timedelta(days=5))

    def count(**parameters):
        return len(read(program, "/api/usage/calls", **parameters)["calls"])

    assert count(agent=str(number.agent_id)) == 1
    assert count(number=other.e164) == 2
    assert count(number=f" {other.e164[1:]}") == 2, "an unescaped plus"
    assert count(number=str(other.pk)) == 2
    assert count(since="2026-01-13") == 2
    assert count(since="2026-01-13", until="2026-01-13") == 1
    assert count(until="2026-01-10") == 1
    assert count(status="failed") == 0
    month = read(program, "/api/usage/current", number=number.e164)
    assert month["total_calls"] == 1
    assert read(program, "/api/usage/current", meter="api_call")["total_calls"] == 0


def test_days_are_those_of_the_organizations_zone(now, key_client):
    auckland = accounts.make_organization(timezone="Pacific/Auckland", now=now)
    make.make_balances(now=now, organization=auckland)
    number = make.make_number(organization=auckland, valid_from=now)
    talk(number, at=datetime(2026, 1, 14, 12, tzinfo=UTC))
    program = key_client(accounts.make_key(organization=auckland))

    assert read(program, "/api/usage/calls", until="2026-01-14")["calls"] == []
    assert len(read(program, "/api/usage/calls", since="2026-01-15")["calls"]) == 1


@pytest.mark.parametrize(
    ("url", "parameters", "field"),
    [
        ("calls", {"limit": "0"}, "limit"),
        ("calls", {"limit": "201"}, "limit"),
        ("calls", {"limit": "٥"}, "limit"),
        ("calls", {"limit": "1e1"}, "limit"),
        ("calls", {"limit": " 5"}, "limit"),
        ("calls", {"limit": "9" * 400}, "limit"),
        ("calls", {"since": "20260101"}, "since"),
        ("calls", {"since": "２026-01-01"}, "since"),
        ("calls", {"until": "2026-02-30"}, "until"),
        ("calls", {"until": "9999-12-31"}, "until"),
        ("calls", {"since": "2026-01-02", "until": "2026-01-01"}, "until"),
        ("calls", {"status": "lost"}, "status"),
        ("calls", {"agent": "nobody"}, "agent"),
        ("calls", {"agent": str(uuid4())}, "agent"),
        ("calls", {"number": "+15559999"}, "number"),
        ("calls", {"number": "\0"}, "number"),
        ("history", {"month": "2026-13"}, "month"),
        ("history", {"month": "2026-1"}, "month"),
        ("history", {"month": "0001-01"}, "month"),
        ("current", {"meter": "tea"}, "meter"),
    ],
)
def test_what_cannot_be_read_is_named(program, url, parameters, field):
    reply = program.get(f"/api/usage/{url}", parameters)

    assert (reply.status_code, reply.json()["error"]["code"]) == (400, "invalid")
    assert list(reply.json()["error"]["fields"]) == [field]


def test_foreign_agent_is_refused_like_one_that_does_not_exist(program, now):
    foreign = make.make_number(organization=make.make_balances(now=now), valid_from=now)

    theirs = program.get("/api/usage/calls", {"agent": str(foreign.agent_id)})
    nobodys = program.get("/api/usage/calls", {"agent": str(uuid4())})

    assert theirs.content == nobodys.content
    theirs = program.get("/api/usage/calls", {"number": foreign.e164})
    assert theirs.json()["error"]["fields"] == {"number": ["There is no such number."]}


@pytest.mark.parametrize("url", ["/api/usage/calls", "/api/usage/history"])
def test_cursor_that_was_not_given_is_refused(program, number, now, key_client, url):
    for minute in range(3):
        talk(number, at=now - timedelta(days=40, minutes=minute))
    given = read(program, url, limit=1)["next"]
    other = make.make_balances(now=now)
    stranger = key_client(accounts.make_key(organization=other))

    for cursor in (given[:-1], f"x{given}", "null", "e30", "٣", "a.b.c"):
        reply = program.get(url, {"cursor": cursor})
        assert reply.status_code == 400, cursor
        assert reply.json()["error"]["code"] == "invalid_cursor"
    assert stranger.get(url, {"cursor": given}).status_code == 400
    elsewhere = {"/api/usage/calls": "history", "/api/usage/history": "calls"}[url]
    assert program.get(f"/api/usage/{elsewhere}", {"cursor": given}).status_code == 400


def test_aliases_name_the_organization(now, key_client, service_key):
    organization = make.make_balances(now=now)
    program = key_client(service_key)

    for name in ("organization", "businessId", "org_id"):
        for reference in (organization.slug, str(organization.pk)):
            told = read(program, "/api/usage", **{name: reference})
            assert told["organization"] == organization.slug


def test_too_many_requests_are_told_when_to_come_back(
    program, settings, key_client, clinic
):
    settings.API_REQUESTS_PER_MINUTE = {"read": 2, "write": 2}
    cache.clear()

    replies = [program.get("/api/usage") for _ in range(3)]
    other = key_client(accounts.make_key(organization=clinic))

    assert [reply.status_code for reply in replies] == [200, 200, 429]
    assert replies[2].json()["error"]["code"] == "too_many_requests"
    assert 0 < int(replies[2]["Retry-After"]) <= 61
    assert other.get("/api/usage").status_code == 200


def test_nobody_is_refused_while_the_cache_is_away(program, settings, caplog):
    settings.CACHES = {
        "default": {
            "BACKEND": "django.core.cache.backends.redis.RedisCache",
            "LOCATION": "unix:///nowhere.sock",
        }
    }

    assert program.get("/api/usage").status_code == 200
    assert "nobody is refused" in caplog.text


@pytest.mark.parametrize("url", ["", "/current", "/history", "/calls"])
def test_failures_have_one_shape(program, client, url):
    wrong_method = program.delete(f"/api/usage{url}")
    nobody = client.get(f"/api/usage{url}")

    assert wrong_method.status_code == 405
    assert nobody.status_code == 401
    for reply in (wrong_method, nobody):
        assert set(reply.json()["error"]) == {"code", "message"}
