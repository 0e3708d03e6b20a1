"""Usage and its price over a month and day by day, in the shape that dashboards read."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from metering.calls import gate, settle
from metering.usage.models import DailyUsage
from tests.factories import accounts
from tests.factories import metering as make

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 15, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def today(time_machine):
    time_machine.move_to(NOW, tick=False)


@pytest.fixture
def clinic():
    """Three calls of 60 s in March, one in February; 7 API calls and 20 MB today."""
    card = make.make_card(
        when_exhausted="postpaid", included_minutes=0, unit_price="0.10", increments=(1, 1)
    )
    began = NOW - timedelta(days=60)
    organization = make.make_balances(now=began, card=card)
    number = make.make_number(organization=organization, valid_from=began)
    for days in (0, 1, 2, 20):
        at = NOW - timedelta(days=days)
        ref = make.call_ref(number)
        gate.admit(make.make_request(ref, at=at), now=at)
        settle.settle([make.make_report(ref, started_at=at, seconds=60)], now=at)
    for meter, quantity, price in (("api_call", 7, "0.07"), ("storage_mb", 20, "0.02")):
        DailyUsage.objects.create(
            organization=organization,
            day=NOW.date(),
            meter=meter,
            count=1,
            quantity=quantity,
            price=Decimal(price),
        )
    return organization


@pytest.fixture
def program(clinic, key_client):
    return key_client(accounts.make_key(organization=clinic))


def read(program, **parameters):
    reply = program.get("/api/billing/analytics", parameters)
    assert reply.status_code == 200, reply.content
    return reply.json()


def test_shape_of_the_contract(program):
    told = read(program, days=2)

    assert told == {
        "success": True,
        "data": {
            "billingUsage": {
                "apiCalls": 7,
                "minutesUsed": 3,
                "cost": 0.39,
                "breakdown": {
                    "apiCalls": {"count": 7, "cost": 0.07},
                    "voiceMinutes": {"count": 3, "cost": 0.3},
                    "aiQueries": {"count": 0, "cost": 0},
                    "storage": {"count": 20, "cost": 0.02},
                },
            },
            "trends": [
                {"date": "2026-03-14", "apiCalls": 0, "voiceMinutes": 1, "cost": 0.1},
                {"date": "2026-03-15", "apiCalls": 7, "voiceMinutes": 1, "cost": 0.19},
            ],
        },
    }


@pytest.mark.parametrize(
    ("period", "minutes"),
    [("current_month", 3), ("last_month", 1), ("2026-02", 1), ("2025-11", 0)],
)
def test_period_is_a_month(program, period, minutes):
    assert read(program, period=period)["data"]["billingUsage"]["minutesUsed"] == minutes


def test_thirty_days_unless_said(program):
    assert len(read(program)["data"]["trends"]) == 30


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("period", "all"),
        ("period", "2026-00"),
        ("days", "0"),
        ("days", "367"),
        ("days", "٧"),
    ],
)
def test_what_cannot_be_read_is_named(program, name, value):
    reply = program.get("/api/billing/analytics", {name: value})

    assert (reply.status_code, list(reply.json()["error"]["fields"])) == (400, [name])


def test_business_id_names_the_organization(clinic, key_client, service_key):
    told = read(key_client(service_key), businessId=clinic.slug)

    assert told["data"]["billingUsage"]["minutesUsed"] == 3


def test_two_statements_whatever_the_days(program):
    read(program)
    with CaptureQueriesContext(connection) as queries:
        read(program, days=366)

    assert len([one for one in queries if "daily_usage" in one["sql"]]) == 2
    assert not [one for one in queries if 'FROM "calls"' in one["sql"]]


def test_a_month_of_absurd_quantities_can_still_be_read(program, clinic):
    """One batch of a program gone wrong must not close the page that would show it."""
    DailyUsage.objects.filter(organization=clinic, meter="api_call").update(
        quantity=Decimal("99999999999999.999999")
    )
    assert read(program)["data"]["billingUsage"]["apiCalls"] == 99999999999999.999999
