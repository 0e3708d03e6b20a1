"""What the demo's callers do, before anything of it happens."""

import re
import statistics
from datetime import UTC, datetime, timedelta
from random import Random
from zoneinfo import ZoneInfo

import pytest

from billing.demo import traffic
from billing.demo.cast import ORGANIZATIONS, Organization
from billing.demo.months import cycle_start
from billing.demo.traffic import Planned
from metering.simulation.messages import Line

NOW = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)
SINCE = NOW - timedelta(days=90)
# Kept for fiction by the regulators, or (+234 1 000…) in no plan of numbers.
NOBODYS = re.compile(
    r"\+(1\d{3}55501\d\d|44(20794608|20794601|11349602|16149603)\d\d"
    r"|4930231252?\d{2,3}|4989999981\d\d|2341000\d{4})"
)


def planned(demo: Organization) -> list[Planned]:
    lines = [
        Line(f"number-{index}", demo.numbers[min(index, len(demo.numbers) - 1)], name, name)
        for index, name in enumerate(demo.agents)
    ]
    return traffic.plan(Random(7), demo, lines=lines, since=SINCE, until=NOW)


@pytest.fixture(scope="module")
def calls() -> dict[str, list[Planned]]:
    return {demo.name: planned(demo) for demo in ORGANIZATIONS}


def test_seven_organizations_make_five_thousand_calls(calls):
    assert len(calls) == 7
    assert 5000 <= sum(len(found) for found in calls.values()) <= 7500


def test_the_same_chance_makes_the_same_calls(calls):
    demo = ORGANIZATIONS[0]
    assert planned(demo) == calls[demo.name]


def test_calls_come_in_the_hours_of_the_organization(calls):
    zone = ZoneInfo("Europe/Berlin")
    times = [one.at.astimezone(zone) for one in calls["Bright Smile Dental"]]
    hours = [time.hour for time in times]
    weekdays = sum(time.weekday() < 5 for time in times) / 5
    weekends = sum(time.weekday() >= 5 for time in times) / 2
    assert set(hours) <= set(range(7, 20))
    assert hours.count(12) < 0.75 * min(hours.count(10), hours.count(15))
    assert weekends < 0.5 * weekdays


def test_most_calls_are_short_and_a_few_are_long(calls):
    lengths = [
        one.talk.milliseconds / 1000
        for found in calls.values()
        for one in found
        if one.talk.milliseconds is not None
    ]
    assert 74 < statistics.median(lengths) < 87
    assert statistics.mean(lengths) > 1.2 * statistics.median(lengths)
    assert max(lengths) > 600


def test_every_direction_and_ending_occurs(calls):
    everything = [one for found in calls.values() for one in found]
    assert {one.call.direction for one in everything} == {"inbound", "outbound", "web"}
    assert any(one.is_unadmitted for one in everything)
    unanswered = sum(not one.talk.is_answered for one in everything) / len(everything)
    assert 0.05 < unanswered < 0.15


def test_calls_end_before_the_demo_does(calls):
    for found in calls.values():
        assert found[0].at >= SINCE
        last = max(
            one.at + one.rings + timedelta(milliseconds=one.talk.milliseconds or 0)
            for one in found
        )
        assert last < NOW


def test_nobody_is_ever_called(calls):
    numbers = {number for demo in ORGANIZATIONS for number in demo.numbers}
    numbers |= {one.call.customer for found in calls.values() for one in found}
    assert [number for number in numbers - {""} if not NOBODYS.fullmatch(number)] == []


def test_one_organization_has_used_up_its_plan(calls):
    demo = ORGANIZATIONS[0]
    running = cycle_start(demo, months_ago=0, now=NOW)
    used = sum(one.minutes for one in calls[demo.name] if one.at >= running)
    assert demo.plan == "starter"
    assert used > 520


def test_one_organization_is_left_with_a_handful_of_minutes(calls):
    (demo,) = (one for one in ORGANIZATIONS if one.habits.minutes_this_cycle)
    running = cycle_start(demo, months_ago=0, now=NOW)
    wanted = [one for one in calls[demo.name] if one.at >= running]
    kept = traffic.within(wanted, Random(7), minutes=demo.habits.minutes_this_cycle)
    assert (
        sum(one.minutes for one in wanted) > 144 >= sum(one.minutes for one in kept) > 136
    )
    assert kept[-1].at > NOW - timedelta(days=5)
