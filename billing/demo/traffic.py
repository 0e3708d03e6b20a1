"""When people call an organization, and how those calls go. Pure, and the same every time
for the same `Random`.

Business hours are the organization's own: a dip at lunch, quiet weekends, days that differ,
and a little more every week.
"""

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, time, timedelta
from random import Random
from uuid import UUID
from zoneinfo import ZoneInfo

from billing.demo.cast import Organization
from metering.simulation import talk
from metering.simulation.messages import Call, Line
from metering.simulation.talk import Talk

# Weight of each local hour.
OFFICE = {7: 2, 8: 8, 9: 14, 10: 16, 11: 14, 12: 7, 13: 8, 14: 13, 15: 15, 16: 12, 17: 6}
OFFICE |= {18: 2, 19: 1}
EVENINGS = {6: 2, 7: 4, 18: 8, 19: 9, 20: 8, 21: 5, 22: 3, 23: 1}
SATURDAY, SUNDAY = 0.4, 0.12
# Of a day's calls around what is expected: the shape of a gamma distribution.
EVENNESS = 14
GROWTH = 0.25
DIRECTIONS = ("inbound", "outbound", "web")
UNANSWERED = {"inbound": 0.03, "outbound": 0.31, "web": 0.04}
UNADMITTED = 0.003


@dataclass(frozen=True, slots=True)
class Planned:
    """A call that will be: it rings at `call.created_at` and is answered after `rings`."""

    organization: Organization
    call: Call
    rings: timedelta
    talk: Talk
    # It reaches us only by its report, past the gate.
    is_unadmitted: bool = False

    @property
    def at(self) -> datetime:
        return self.call.created_at

    @property
    def minutes(self) -> int:
        return -(-(self.talk.milliseconds or 0) // 60_000)


def plan(
    rng: Random,
    organization: Organization,
    *,
    lines: list[Line],
    since: datetime,
    until: datetime,
    volume: float = 1.0,
) -> list[Planned]:
    """Return the calls of an organization that begin and end in `[since, until)`, oldest
    first. `volume` scales how many there are."""
    zone = ZoneInfo(organization.timezone)
    planned = []
    days = (until - since).days + 2
    for number in range(days):
        day = since.astimezone(zone).date() + timedelta(days=number)
        expected = organization.habits.calls_per_weekday * volume
        expected *= _of_weekday(day) * (1 + GROWTH * (number / days - 0.5))
        for _ in range(_count(rng, expected)):
            planned.append(_call(rng, organization, lines=lines, day=day))
    planned = [one for one in planned if since <= one.at and _over_at(one) < until]
    return sorted(planned, key=lambda one: (one.at, one.call.id))


def within(planned: list[Planned], rng: Random, *, minutes: int) -> list[Planned]:
    """Drop calls here and there until the rest talks at most `minutes`."""
    kept = list(planned)
    used = sum(one.minutes for one in kept)
    while used > minutes:
        # Taking the shortest of a few leaves the sum close to what was asked for.
        over = used - minutes
        few = rng.sample(range(len(kept)), k=min(4, len(kept)))
        index = min(few, key=lambda at: abs(kept[at].minutes - over))
        used -= kept.pop(index).minutes
    return kept


def busyness(organization: Organization, *, at: datetime) -> float:
    """How many calls this moment sees, compared with others and other organizations."""
    local = at.astimezone(ZoneInfo(organization.timezone))
    weight = _hours(organization).get(local.hour, 0) * _of_weekday(local.date())
    return weight * organization.habits.calls_per_weekday


def call_at(
    rng: Random, organization: Organization, *, lines: list[Line], at: datetime
) -> Planned:
    """Return an inbound call of that moment that somebody answers."""
    line = lines[0]
    call = Call(_call_id(rng), "inbound", line, _customer(rng, organization), at)
    return Planned(organization, call, timedelta(seconds=2), talk.answered(rng))


def _of_weekday(day: date) -> float:
    return {5: SATURDAY, 6: SUNDAY}.get(day.weekday(), 1.0)


def _hours(organization: Organization) -> dict[int, int]:
    if organization.habits.is_always_open:
        return {hour: OFFICE.get(hour, 0) + EVENINGS.get(hour, 0) for hour in range(24)}
    return OFFICE


def _count(rng: Random, expected: float) -> int:
    """Draw from a Poisson distribution around a day that is better or worse than usual."""
    expected *= rng.gammavariate(EVENNESS, 1 / EVENNESS)
    count, passed = 0, rng.expovariate(1.0)
    while passed < expected:
        count += 1
        passed += rng.expovariate(1.0)
    return count


def _call(
    rng: Random, organization: Organization, *, lines: list[Line], day: date
) -> Planned:
    direction = rng.choices(DIRECTIONS, weights=organization.habits.shares)[0]
    # A number is answered by its own agent; every agent may call out.
    able = lines[: len(organization.numbers)] if direction == "inbound" else lines
    # The first number is the one on the door plate.
    line = rng.choices(able, weights=[2, *[1] * (len(able) - 1)])[0]
    is_unanswered = rng.random() < UNANSWERED[direction]
    is_web = direction == "web"
    return Planned(
        organization,
        Call(
            id=_call_id(rng),
            direction=direction,
            line=replace(line, number_id="", number="") if is_web else line,
            customer="" if is_web else _customer(rng, organization),
            created_at=_moment(rng, organization, day),
        ),
        rings=timedelta(milliseconds=rng.randint(*_RINGS[direction])),
        talk=talk.unanswered(rng, direction=direction)
        if is_unanswered
        else talk.answered(rng),
        is_unadmitted=not is_unanswered and rng.random() < UNADMITTED,
    )


_RINGS = {"inbound": (1_200, 3_500), "outbound": (4_000, 22_000), "web": (600, 2_500)}


def _moment(rng: Random, organization: Organization, day: date) -> datetime:
    hours = _hours(organization)
    hour = rng.choices(list(hours), weights=list(hours.values()))[0]
    local = datetime.combine(day, time(hour), ZoneInfo(organization.timezone))
    return local.astimezone(UTC) + timedelta(milliseconds=rng.randrange(3_600_000))


def _over_at(planned: Planned) -> datetime:
    return (
        planned.at + planned.rings + timedelta(milliseconds=planned.talk.milliseconds or 0)
    )


def _call_id(rng: Random) -> str:
    return str(UUID(int=rng.getrandbits(128), version=4))


def _customer(rng: Random, organization: Organization) -> str:
    return f"{rng.choice(organization.callers)}{rng.randrange(100):02}"
