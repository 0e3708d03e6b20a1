"""Two schedulers that know nothing of each other, for a day: every job once per period.

The day is the one on which clocks change in New York; in it some organizations run low and a
month ends, so that jobs have something to do twice.
"""

from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from threading import Lock
from time import perf_counter

import pytest
import time_machine
from celery import current_app
from django.core import mail

from accounts import periodic_runs
from accounts.models import PeriodicRun
from billing.models import Letter
from metering.models import BillingCycle, RateCard
from servicebilling.clockwork import ENTRIES
from tests.clockwork import beats
from tests.crowd import Crowd
from tests.factories import accounts
from tests.factories import metering as make
from tests.length import IS_LONG
from tests.metering.conftest import books_add_up, now
from tests.metering.story import Story

__all__ = ["books_add_up", "now"]

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]

MIDNIGHT = datetime(2026, 3, 8, tzinfo=UTC)
# The suite looks at the minute around midnight, where the daily ones fall due.
BEGIN, END = (
    (MIDNIGHT, MIDNIGHT + timedelta(days=1))
    if IS_LONG
    else (MIDNIGHT - timedelta(seconds=30), MIDNIGHT + timedelta(seconds=60))
)
STEP = timedelta(seconds=5)
# Beats begin one after the other; the first is killed now and then, and begins anew.
BEHIND = timedelta(seconds=20)
KILLED_AFTER, BACK_AFTER = (
    (timedelta(hours=5), timedelta(minutes=7))
    if IS_LONG
    else (timedelta(seconds=40), timedelta(seconds=15))
)
# Wakes up by the row of each thing to do, which is claimed by itself.
WITHOUT_A_PERIOD = {"metering.tasks.end_calls", "metering.tasks.tell_last_minutes"}
ZONES = ["Africa/Lagos", "America/New_York", "Asia/Kolkata", "Pacific/Auckland"]


@dataclass
class Watch:
    """What was asked for and who got it, beside the rows that say so."""

    asked: Counter[tuple[str, datetime]]
    won: Counter[tuple[str, datetime]]
    every: dict[str, timedelta]


@pytest.fixture
def watch(monkeypatch) -> Watch:
    claim, lock = periodic_runs.claim, Lock()
    seen = Watch(Counter(), Counter(), {})

    def claimed(task: str, *, every: timedelta, now: datetime) -> bool:
        is_ours = claim(task, every=every, now=now)
        period = beats.periods(now - every, now + timedelta.resolution, every)[-1]
        with lock:
            seen.every[task] = every
            seen.asked[task, period] += 1
            seen.won[task, period] += is_ours
        return is_ours

    monkeypatch.setattr(periodic_runs, "claim", claimed)
    return seen


@pytest.fixture
def world() -> None:
    """In each zone somebody who runs low, and one whose month ends in the middle of the day."""
    card = make.make_card(included_minutes=100)
    for zone in ZONES:
        _began(zone, card=card, since=BEGIN - timedelta(days=3), used=85)
    _began("Africa/Lagos", card=card, since=datetime(2026, 2, 8, 12, tzinfo=UTC), used=10)


def _began(zone: str, *, card: RateCard, since: datetime, used: int) -> None:
    owner = accounts.make_organization(timezone=zone, now=since)
    make.make_balances(organization=owner, card=card, now=since)
    number = make.make_number(organization=owner, valid_from=since)
    Story(owner, number, since).adjust_used(used)


@pytest.mark.parametrize("count", [2, 3] if IS_LONG else [3])
def test_beats_do_every_job_once_per_period(count, world, watch, monkeypatch, capsys):
    monkeypatch.setitem(current_app.conf, "task_always_eager", True)
    beats.all_due_on_the_hour(begin=BEGIN)
    began = perf_counter()
    with beats.Failures() as failures:
        turns = _turn_through_the_day(count)

    assert failures.seen == []
    expected = {
        (task, period)
        for task, every in watch.every.items()
        for period in beats.periods(BEGIN, END, every)
    }
    assert set(watch.asked) >= expected
    assert {key: times for key, times in watch.won.items() if times != 1} == {}
    rows = {
        (row.task, datetime.fromisoformat(row.period)) for row in PeriodicRun.objects.all()
    }
    assert rows == set(watch.won)
    assert expected <= rows
    assert len(watch.every) >= len(ENTRIES) - len(WITHOUT_A_PERIOD)
    with capsys.disabled():
        print(
            f"\n{count} beats, {END - BEGIN}: {sum(turns)} turns, {watch.asked.total()} "
            f"askings, {len(rows)} runs of {len(watch.every)} jobs, each once, "
            f"in {perf_counter() - began:.0f} s"
        )
    if IS_LONG:
        _what_happened_that_day()


def _turn_through_the_day(count: int) -> list[int]:
    """Return how many turns each beat took."""
    running: dict[int, beats.Beat] = {}
    turns = [0] * count
    with (
        time_machine.travel(BEGIN, tick=False) as clock,
        Crowd(count) as crowd,
    ):
        at = BEGIN
        while at < END:
            clock.move_to(at)
            crowd.at_once(lambda beat, at=at: _turn(beat, at, running, turns))
            at += STEP
    return turns


def _turn(
    beat: int, at: datetime, running: dict[int, beats.Beat], turns: list[int]
) -> None:
    since = at - BEGIN
    if beat == 0 and since % (KILLED_AFTER + BACK_AFTER) >= KILLED_AFTER:
        running.pop(beat, None)
        return
    if since < beat * BEHIND:
        return
    if beat not in running:
        running[beat] = beats.Beat()
    running[beat].turn()
    turns[beat] += 1


def _what_happened_that_day() -> None:
    letters = Letter.objects.filter(kind=Letter.Kind.LOW_USAGE)
    zones = list(letters.values_list("organization__timezone", flat=True))
    assert sorted(zones) == ZONES
    assert set(letters.values_list("state", flat=True)) == {"delivered"}
    assert len([one for one in mail.outbox if "left for" in one.subject]) == len(ZONES)
    months = Counter(BillingCycle.objects.values_list("organization_id", flat=True))
    assert sorted(months.values()) == [1] * len(ZONES) + [2]
