"""Usage by day, meter, agent, number and hour, from the daily sums."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from metering.calls import gate, settle
from metering.usage import analytics
from metering.usage.analytics import Only
from tests.factories import accounts
from tests.factories import metering as make

pytestmark = pytest.mark.django_db
MONDAY = datetime(2026, 1, 12, 9, 30, tzinfo=UTC)
JANUARY = {"first": date(2026, 1, 1), "last": date(2026, 1, 31)}


@pytest.fixture
def clinic():
    """Charged 0.10 a minute from the first second on; two agents, each with a number."""
    card = make.make_card(
        when_exhausted="postpaid", included_minutes=0, unit_price="0.10", increments=(1, 1)
    )
    return make.make_balances(now=MONDAY, card=card)


def number_of(organization):
    return make.make_number(
        organization=organization, valid_from=MONDAY - timedelta(days=1)
    )


def talk(number, *, at, seconds, cost=None):
    ref = make.call_ref(number)
    gate.admit(make.make_request(ref, at=at), now=at)
    report = make.make_report(ref, started_at=at, seconds=seconds, cost=cost)
    settle.settle([report], now=report.at)


def test_days_without_usage_are_there_and_their_neighbours_are_not(clinic):
    number = number_of(clinic)
    for day in (0, 2, 9):
        talk(number, at=MONDAY + timedelta(days=day), seconds=90)

    days = analytics.by_day(clinic, first=date(2026, 1, 12), last=date(2026, 1, 15))

    assert [one.day.day for one in days] == [12, 13, 14, 15]
    assert [one.voice.count for one in days] == [1, 0, 1, 0]
    assert days[0].voice.talk_seconds == 90
    assert days[0].voice.quantity == 2
    assert days[0].price == Decimal("0.15")
    assert days[1].meters == {}


def test_average_price_is_per_minute_talked(clinic):
    number = number_of(clinic)
    talk(number, at=MONDAY, seconds=90, cost="9.99")
    talk(number, at=MONDAY + timedelta(minutes=5), seconds=30)

    voice = analytics.by_meter(clinic, **JANUARY)["voice_minute"]

    assert voice.price_per_minute == Decimal("0.1")
    assert voice.seconds_per_call == 60
    assert analytics.NOTHING.price_per_minute is None
    assert analytics.NOTHING.seconds_per_call is None


def test_average_price_keeps_what_lies_below_a_cent():
    assert analytics.Used(
        count=3, talk_seconds=7, price=Decimal("0.01")
    ).price_per_minute == Decimal("0.085714")


def test_agents_and_numbers_are_told_apart_and_the_busier_comes_first(clinic):
    quiet, busy = number_of(clinic), number_of(clinic)
    talk(quiet, at=MONDAY, seconds=30)
    talk(busy, at=MONDAY + timedelta(minutes=5), seconds=300)

    agents = analytics.by_agent(clinic, **JANUARY)
    numbers = analytics.by_number(clinic, **JANUARY)

    assert [one.name for one in agents] == [busy.agent.name, quiet.agent.name]
    assert [one.e164 for one in numbers] == [busy.e164, quiet.e164]
    assert [one.used.talk_seconds for one in numbers] == [300, 30]


def test_narrowed_to_an_agent_or_a_number_only_its_calls_count(clinic):
    one, other = number_of(clinic), number_of(clinic)
    talk(one, at=MONDAY, seconds=60)
    talk(other, at=MONDAY + timedelta(minutes=5), seconds=120)

    for only in (Only(agent_id=one.agent_id), Only(phone_number_ids=(one.pk,))):
        assert analytics.by_meter(clinic, **JANUARY, only=only)["voice_minute"].count == 1
        [agent] = analytics.by_agent(clinic, **JANUARY, only=only)
        assert agent.used.talk_seconds == 60
    assert analytics.by_meter(clinic, **JANUARY, only=Only(meter="api_call")) == {}


def test_hours_are_local_and_by_weekday():
    berlin = accounts.make_organization(timezone="Europe/Berlin", now=MONDAY)
    make.make_balances(now=MONDAY, organization=berlin)
    number = number_of(berlin)
    talk(number, at=MONDAY, seconds=30)
    talk(number, at=MONDAY + timedelta(days=1, hours=5), seconds=30)
    talk(number, at=MONDAY + timedelta(days=8, hours=5), seconds=30)

    hours = analytics.by_hour(berlin, **JANUARY)

    assert hours.by_weekday[0][10] == 1
    assert hours.by_weekday[1][15] == 2
    assert sum(hours.by_hour) == 3
    assert hours.busiest_hour == 15


def test_without_calls_no_hour_is_the_busiest(clinic):
    assert analytics.by_hour(clinic, **JANUARY).busiest_hour is None


def test_months_come_newest_first_and_none_is_left_out(clinic):
    number = number_of(clinic)
    for month in (1, 2, 4, 5):
        talk(number, at=datetime(2026, month, 28, 12, tzinfo=UTC), seconds=60)

    months = analytics.by_month(clinic, first=date(2026, 2, 28), last=date(2026, 4, 1))

    assert [one.month.month for one in months] == [4, 3, 2]
    assert [one.used.count for one in months] == [1, 0, 1]


def test_nobody_elses_usage_is_counted(clinic):
    other = make.make_balances(now=MONDAY)
    talk(number_of(other), at=MONDAY, seconds=60)

    assert analytics.by_meter(clinic, **JANUARY) == {}
    assert analytics.by_agent(clinic, **JANUARY) == []


@pytest.mark.parametrize(
    "read",
    [
        analytics.by_meter,
        analytics.by_day,
        analytics.by_month,
        analytics.by_agent,
        analytics.by_number,
        analytics.by_hour,
    ],
    ids=lambda read: read.__name__,
)
def test_a_report_is_one_statement_however_many_calls(
    read, clinic, django_assert_num_queries
):
    for _ in range(3):
        talk(number_of(clinic), at=MONDAY, seconds=60)

    with django_assert_num_queries(1) as asked:
        read(clinic, **JANUARY)

    assert '"calls"' not in asked[0]["sql"]


@pytest.mark.parametrize(
    ("day", "ends"),
    [
        (date(2026, 2, 14), (date(2026, 2, 1), date(2026, 2, 28))),
        (date(2024, 2, 29), (date(2024, 2, 1), date(2024, 2, 29))),
        (date(2026, 12, 31), (date(2026, 12, 1), date(2026, 12, 31))),
    ],
)
def test_month_ends_are_its_first_and_last_day(day, ends):
    assert analytics.month_ends(day) == ends
