"""Two schedulers that know nothing of each other, for a day: every job once per period."""

import os
from collections import Counter
from datetime import UTC, datetime, timedelta

import pytest
import time_machine
from celery import current_app

from accounts import periodic_runs
from accounts.models import PeriodicRun
from servicebilling.clockwork import ENTRIES
from tests.crowd import Crowd

IS_LONG = bool(os.environ.get("LONG"))
# The suite looks at some minutes around midnight, where the daily ones fall due.
BEGIN = datetime(2026, 3, 29, tzinfo=UTC)
BEFORE, AFTER = (
    (timedelta(0), timedelta(days=1))
    if IS_LONG
    else (timedelta(minutes=1), timedelta(minutes=2))
)
# Wakes up by the row of each thing to do, which is claimed by itself.
WITHOUT_A_PERIOD = {"metering.tasks.end_calls"}

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.races]


def moments() -> dict[datetime, list[str]]:
    """When beat asks for what; as often as the entries say."""
    asked: dict[datetime, list[str]] = {}
    for entry in ENTRIES:
        if entry.task in WITHOUT_A_PERIOD:
            continue
        every = timedelta(seconds=entry.every_seconds)
        at = BEGIN
        while at - every >= BEGIN - BEFORE:
            at -= every
        while at < BEGIN + AFTER:
            asked.setdefault(at, []).append(entry.task)
            at += every
    return asked


def test_two_beats_do_every_job_once_per_period(monkeypatch):
    # Appending is one step, whichever thread does it.
    claim, answers = periodic_runs.claim, list[tuple[str, int, bool]]()

    def claimed(task: str, *, every: timedelta, now: datetime) -> bool:
        """As it is, but the winner's work itself is not done here."""
        period = int(now.timestamp() // every.total_seconds())
        answers.append((task, period, claim(task, every=every, now=now)))
        return False

    monkeypatch.setattr(periodic_runs, "claim", claimed)
    current_app.loader.import_default_modules()
    with Crowd(2) as beats:
        for at, tasks in sorted(moments().items()):
            with time_machine.travel(at, tick=False):

                def ask(beat: int, tasks: list[str] = tasks) -> None:
                    # Each in an order of its own, so that they meet and miss each other.
                    for name in tasks if beat else reversed(tasks):
                        current_app.tasks[name]()

                beats.at_once(ask)
    asked = Counter((task, period) for task, period, _ in answers)
    won = Counter((task, period) for task, period, is_ours in answers if is_ours)
    assert won.keys() == asked.keys()
    assert {task for task, _ in won} >= {"write_low_usage_letters", "purge_personal_data"}
    assert set(asked.values()) == {2}
    assert set(won.values()) == {1}, [key for key, times in won.items() if times != 1]
    assert PeriodicRun.objects.count() == len(won)
    print(f"{len(won)} periods of {len({task for task, _ in won})} tasks, each once")
