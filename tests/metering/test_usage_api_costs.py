"""What reading usage costs: the same however much there is."""

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metering.calls import gate, settle
from metering.models import DailyUsage
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


@pytest.mark.parametrize(
    ("url", "statements"),
    [
        # Each two for the key and its last use; then what is read.
        ("/api/usage", 2),
        ("/api/usage/current", 1),
        ("/api/usage/history", 1),
        ("/api/usage/history?month=2025-12", 1),
        ("/api/usage/calls?limit=200", 1),
    ],
)
def test_a_read_is_so_many_statements_however_much_there_is(
    program, number, now, url, statements
):
    read(program, url)
    with CaptureQueriesContext(connection) as at_first:
        read(program, url)
    for hour in range(5):
        talk(number, at=now - timedelta(hours=hour))
    with CaptureQueriesContext(connection) as later:
        read(program, url)

    assert len(at_first) == len(later)
    of_the_key = [one for one in later if "api" in one["sql"].lower().split("where")[0]]
    assert len(later) - len(of_the_key) == statements


def plan_of(sql):
    with connection.cursor() as cursor:
        # Otherwise the planner rightly reads and sorts a table this small as a whole.
        for way in ("seqscan", "bitmapscan", "sort", "incremental_sort"):
            cursor.execute(f"SET LOCAL enable_{way} = off")
        cursor.execute("EXPLAIN " + sql)
        return "\n".join(line for (line,) in cursor.fetchall())


@pytest.mark.parametrize(
    ("narrow", "index"),
    [
        ({}, "calls_newest_first"),
        ({"since": "2026-01-01", "until": "2026-01-31"}, "calls_newest_first"),
        ({"agent": True}, "calls_of_agent_newest_first"),
        ({"number": True}, "calls_of_number_newest_first"),
    ],
)
def test_calls_are_read_off_an_index_in_its_order(program, number, now, narrow, index):
    for minute in range(3):
        talk(number, at=now - timedelta(minutes=minute))
    asked = dict(narrow)
    if "agent" in asked:
        asked["agent"] = str(number.agent_id)
    if "number" in asked:
        asked["number"] = number.e164
    asked["cursor"] = read(program, "/api/usage/calls", limit=1, **asked)["next"]

    with CaptureQueriesContext(connection) as queries:
        read(program, "/api/usage/calls", **asked)

    [sql] = [one["sql"] for one in queries if 'FROM "calls"' in one["sql"]]
    plan = plan_of(sql)
    assert index in plan
    assert "Sort" not in plan


@pytest.mark.breaks_books
def test_months_are_read_off_the_index_of_daily_sums(program, clinic, now):
    for organization in (
        clinic,
        accounts.make_organization(),
        accounts.make_organization(),
    ):
        DailyUsage.objects.bulk_create(
            DailyUsage(
                organization=organization,
                day=now.date() - timedelta(days=day),
                meter="voice_minute",
            )
            for day in range(300)
        )
    with connection.cursor() as cursor:
        cursor.execute("ANALYZE daily_usage")

    with CaptureQueriesContext(connection) as queries:
        read(program, "/api/usage/current")

    [sql] = [one["sql"] for one in queries if 'FROM "daily_usage"' in one["sql"]]
    assert "daily_usage_once" in plan_of(sql)
