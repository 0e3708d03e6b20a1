"""Makes the whole demo, from the first day of its organizations until a few minutes ago.

What happens follows in its order, so every list shows what it would show after three months
of work. The same `now` makes the same calls.
"""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import partial
from random import Random

from django.contrib.auth.hashers import make_password
from django.db import transaction

from accounts import audit
from accounts.models import AuditEntry, Organization, User
from billing import money_days
from billing.demo import cast, money, opening, traffic
from billing.demo.cast import ORGANIZATIONS
from billing.demo.logins import BEGUN, MADE, PASSWORD, STAFF, Login
from billing.demo.months import MONTHS, cycle_start
from billing.demo.playing import Player
from billing.demo.traffic import Planned
from metering.simulation.messages import Line
from servicebilling.lib.errors import DomainError

SEED = 20_240_229
DAYS = 90
# Every call that has ended by then has been reported by now.
QUIET = timedelta(minutes=4)
# How long ago the calls began that are still running.
RUNNING = (timedelta(seconds=75), timedelta(seconds=25))
# A call whose report got lost, and when the clock gives up on it.
LOST_AGO, LOST_FOR = timedelta(days=8), timedelta(hours=2, minutes=30)
# Of what happens, in one transaction: a commit each would wait for the disk.
TOGETHER = 20


class CannotSeed(DomainError):
    """There is something here that a demo must not be mixed with; the message says what."""


@dataclass(frozen=True, slots=True)
class Seeded:
    """`calls` were made by this run; none if the demo was there already."""

    calls: int
    seconds: float
    organizations: int = len(ORGANIZATIONS)


@dataclass(frozen=True, slots=True)
class Happening:
    at: datetime
    act: Callable[[], object]


Told = Callable[[int, int], None]


def logins() -> list[Login]:
    """Return everybody who can sign in, staff first."""
    return [*STAFF, *(login for demo in ORGANIZATIONS for login in demo.people)]


def is_made() -> bool:
    """Whether this database holds the whole demo. Raises `CannotSeed` if it holds others'
    people or organizations, or a demo that was interrupted."""
    if AuditEntry.objects.filter(action=MADE).exists():
        return True
    if AuditEntry.objects.filter(action=BEGUN).exists():
        raise CannotSeed(
            "The demo in this database was interrupted half-way and cannot be finished."
            " It needs an empty database."
        )
    if Organization.objects.exists() or User.objects.exists():
        raise CannotSeed(
            "This database has people or organizations of its own. A demo among them would"
            " be in the way, and its passwords are public."
        )
    return False


def seed(
    *, now: datetime, days: int = DAYS, volume: float = 1.0, told: Told = lambda *_: None
) -> Seeded:
    """Make the demo, once. `told` hears how much has happened, of how much.

    Raises `CannotSeed`, before anything is written.
    """
    if is_made():
        return Seeded(calls=0, seconds=0.0)
    began = time.monotonic()
    audit.record(organization=None, actor=opening.ACTOR, action=BEGUN, now=now)
    calls = _Demo(now, days=days, volume=volume).make(told)
    money_days.sum_recent(now=now)
    audit.record(
        organization=None,
        actor=opening.ACTOR,
        action=MADE,
        detail={"calls": calls, "days": days},
        now=now,
    )
    return Seeded(calls=calls, seconds=round(time.monotonic() - began, 1))


@dataclass
class _Demo:
    now: datetime
    days: int
    volume: float
    password_hash: str = field(default_factory=lambda: make_password(PASSWORD))
    rng: Random = field(default_factory=lambda: Random(SEED))
    player: Player = field(default_factory=Player)
    lines: dict[cast.Organization, list[Line]] = field(default_factory=dict)
    happenings: list[Happening] = field(default_factory=list)

    def make(self, told: Told) -> int:
        """Let everything happen; returns how many calls there were."""
        self._open()
        self._plan_calls()
        self._plan_lost_report()
        self.happenings.sort(key=lambda one: one.at)
        for start in range(0, len(self.happenings), TOGETHER):
            some = self.happenings[start : start + TOGETHER]
            with transaction.atomic():
                for one in some:
                    one.act()
            told(start + len(some), len(self.happenings))
        with transaction.atomic():
            self.player.settle_all(self.now)
            self._leave_some_running()
        return self.player.calls

    @transaction.atomic
    def _open(self) -> None:
        """Make people and organizations, each with its first cycle, and plan their money."""
        first_days = {
            demo: cycle_start(demo, months_ago=MONTHS, now=self.now)
            for demo in ORGANIZATIONS
        }
        began = min(first_days.values())
        staff = opening.hire_staff(password_hash=self.password_hash, now=began)
        money.enter_rates(staff=staff[0], now=began)
        for demo, opened_at in sorted(first_days.items(), key=lambda item: item[1]):
            organization, self.lines[demo] = opening.open_organization(
                demo, password_hash=self.password_hash, now=opened_at
            )
            money.limit_what_is_paid(demo, organization, opened_at=opened_at, now=self.now)
            for number, due in enumerate(money.due(demo, organization, now=self.now)):
                act = partial(self._let_money_come, due, number, staff[0])
                self.happenings.append(Happening(due.at, act))

    def _let_money_come(self, due: money.Due, number: int, staff: User) -> None:
        self.player.settle_all(due.at)
        money.happen(due, number=number, staff=staff)

    def _plan_calls(self) -> None:
        for demo in ORGANIZATIONS:
            planned = traffic.plan(
                self.rng,
                demo,
                lines=self.lines[demo],
                since=self.now - timedelta(days=self.days),
                until=self.now - QUIET,
                volume=self.volume,
            )
            if demo.habits.minutes_this_cycle is not None:
                planned = self._limited(demo, planned)
            for one in planned:
                self.happenings.append(Happening(one.at, partial(self.player.ring, one)))

    def _limited(self, demo: cast.Organization, planned: list[Planned]) -> list[Planned]:
        running = cycle_start(demo, months_ago=0, now=self.now)
        before = [one for one in planned if one.at < running]
        return before + traffic.within(
            planned[len(before) :], self.rng, minutes=demo.habits.minutes_this_cycle or 0
        )

    def _plan_lost_report(self) -> None:
        demo, at = ORGANIZATIONS[0], self.now - LOST_AGO
        lost = traffic.call_at(self.rng, demo, lines=self.lines[demo], at=at)
        self.happenings += [
            Happening(at, partial(self.player.ring_and_run, lost)),
            Happening(
                at + LOST_FOR, partial(self.player.give_up_lost_reports, at + LOST_FOR)
            ),
        ]

    def _leave_some_running(self) -> None:
        """Where it is the busiest time of day, among those who can pay for it."""
        able = [demo for demo in ORGANIZATIONS if demo.unpaid_since_months_ago is None]
        busiest = sorted(able, key=lambda demo: -traffic.busyness(demo, at=self.now))
        for demo, ago in zip(busiest, RUNNING, strict=False):
            at = self.now - ago
            call = traffic.call_at(self.rng, demo, lines=self.lines[demo], at=at)
            self.player.ring_and_run(call)
