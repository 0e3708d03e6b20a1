"""What an organization used, by day, meter, agent, number and hour: read from daily sums.

Each function is one statement over `daily_usage`, whose rows are one per day, meter, agent and
number: what it reads depends on the days asked for and never on how many calls there were.
Days are the organization's own; `first` and `last` both belong to the span.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import ROUND_HALF_UP, Decimal
from typing import Any
from uuid import UUID

from django.db.models import QuerySet, Sum
from django.db.models.functions import TruncMonth

from accounts.models import Organization
from metering.models import DailyUsage, Rate

HOURS = range(24)
WEEKDAYS = range(1, 8)
ZERO = Decimal(0)
SIXTH_PLACE = Decimal("0.000001")
VOICE: str = Rate.Meter.VOICE_MINUTE


@dataclass(frozen=True, slots=True)
class Only:
    """What a report is narrowed to; empty: everything."""

    agent_id: UUID | None = None
    # The same number may have been the organization's twice.
    phone_number_ids: tuple[UUID, ...] = ()
    meter: str = ""


EVERYTHING = Only()
CALLS = Only(meter=VOICE)


@dataclass(frozen=True, slots=True)
class Used:
    """Sums of one meter, or of a part of it. `price` is what the organization was charged
    beyond what its plan includes, in its currency; never the provider's cost."""

    count: int = 0
    quantity: Decimal = ZERO
    # Of calls; other meters have none.
    talk_seconds: int = 0
    price: Decimal = ZERO

    def __add__(self, other: "Used") -> "Used":
        return Used(
            count=self.count + other.count,
            quantity=self.quantity + other.quantity,
            talk_seconds=self.talk_seconds + other.talk_seconds,
            price=self.price + other.price,
        )

    @property
    def price_per_minute(self) -> Decimal | None:
        """Average price of a minute talked, six places; None if nobody talked."""
        if not self.talk_seconds:
            return None
        return (self.price * 60 / self.talk_seconds).quantize(SIXTH_PLACE, ROUND_HALF_UP)

    @property
    def seconds_per_call(self) -> int | None:
        """Average talk time, half up; None without calls."""
        if not self.count:
            return None
        return (2 * self.talk_seconds + self.count) // (2 * self.count)


NOTHING = Used()


@dataclass(frozen=True, slots=True)
class DayUsage:
    """One day; `meters` has only those that were used."""

    day: date
    meters: dict[str, Used]

    @property
    def voice(self) -> Used:
        return self.meters.get(VOICE, NOTHING)

    @property
    def price(self) -> Decimal:
        return sum((used.price for used in self.meters.values()), ZERO)


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """Calls of one calendar month, named by its first day."""

    month: date
    used: Used


@dataclass(frozen=True, slots=True)
class AgentUsage:
    """Calls of one agent; no id and no name: calls that no known agent answered."""

    agent_id: UUID | None
    name: str
    used: Used


@dataclass(frozen=True, slots=True)
class NumberUsage:
    """Calls of one number; no id: calls over the web and from numbers not known here."""

    phone_number_id: UUID | None
    e164: str
    label: str
    used: Used


@dataclass(frozen=True, slots=True)
class HourUsage:
    """How many calls began in each local hour, by weekday."""

    # Seven rows, Monday first, of 24 hours.
    by_weekday: tuple[tuple[int, ...], ...]

    @property
    def by_hour(self) -> tuple[int, ...]:
        return tuple(sum(day[hour] for day in self.by_weekday) for hour in HOURS)

    @property
    def busiest_hour(self) -> int | None:
        """The local hour most calls begin in; the earlier of two; None without calls."""
        hours = self.by_hour
        return hours.index(max(hours)) if any(hours) else None


def by_meter(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> dict[str, Used]:
    """Return the sums of the span by meter; a meter that was not used is missing."""
    rows = _rows(organization, first, last, only)
    return {meter: used for (meter,), used in _summed(rows.order_by("meter"), "meter")}


def by_day(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> list[DayUsage]:
    """Return every day of the span, oldest first, those without usage too."""
    found: dict[date, dict[str, Used]] = {}
    rows = _rows(organization, first, last, only).order_by("day", "meter")
    for (day, meter), used in _summed(rows, "day", "meter"):
        found.setdefault(day, {})[meter] = used
    return [DayUsage(day, found.get(day, {})) for day in days_of(first, last)]


def by_month(
    organization: Organization, *, first: date, last: date, only: Only = CALLS
) -> list[MonthUsage]:
    """Return the calendar months from that of `first` to that of `last`, newest first, those
    without usage too."""
    rows = _rows(organization, first.replace(day=1), month_ends(last)[1], only)
    months = rows.annotate(month=TruncMonth("day")).order_by()
    found = {month: used for (month,), used in _summed(months, "month")}
    return [
        MonthUsage(month, found.get(month, NOTHING)) for month in months_of(first, last)
    ]


def by_agent(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> list[AgentUsage]:
    """Return calls by agent, those who talked longest first."""
    rows = _voice(organization, first, last, only)
    grouped = _summed(rows, "agent_id", "agent__name")
    found = [AgentUsage(pk, name or "", used) for (pk, name), used in grouped]
    return sorted(found, key=lambda one: (-one.used.talk_seconds, one.name))


def by_day_and_agent(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> dict[UUID | None, dict[date, Used]]:
    """Return calls by agent and day; a day on which an agent had none is missing."""
    rows = _voice(organization, first, last, only).order_by()
    found: dict[UUID | None, dict[date, Used]] = {}
    for (agent_id, day), used in _summed(rows, "agent_id", "day"):
        found.setdefault(agent_id, {})[day] = used
    return found


def by_number(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> list[NumberUsage]:
    """Return calls by number of the organization, the longest talk time first."""
    rows = _voice(organization, first, last, only)
    grouped = _summed(rows, "phone_number_id", "phone_number__e164", "phone_number__label")
    found = [
        NumberUsage(pk, e164 or "", label or "", used)
        for (pk, e164, label), used in grouped
    ]
    return sorted(found, key=lambda one: (-one.used.talk_seconds, one.e164))


def by_hour_and_agent(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> dict[UUID | None, tuple[int, ...]]:
    """Return how many calls of each agent began in each local hour: 24 figures each."""
    rows = _voice(organization, first, last, only).order_by()
    sums = [Sum(f"hours__{hour}") for hour in HOURS]
    return {row[0]: row[1:] for row in rows.values_list("agent_id").annotate(*sums)}


def by_hour(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> HourUsage:
    """Return when calls began, by weekday and local hour."""
    rows = _voice(organization, first, last, only).order_by()
    sums = [Sum(f"hours__{hour}") for hour in HOURS]
    found = {
        row[0]: row[1:] for row in rows.values_list("day__iso_week_day").annotate(*sums)
    }
    return HourUsage(tuple(found.get(weekday, (0,) * 24) for weekday in WEEKDAYS))


def days_of(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


def months_of(first: date, last: date) -> Iterator[date]:
    """Yield the first days of the months from that of `last` back to that of `first`."""
    month = last.replace(day=1)
    while month >= first.replace(day=1):
        yield month
        month = (month - timedelta(days=1)).replace(day=1)


def month_ends(month: date) -> tuple[date, date]:
    """Return the first and the last day of the calendar month that a day lies in."""
    first = month.replace(day=1)
    return first, (first + timedelta(days=32)).replace(day=1) - timedelta(days=1)


def _voice(
    organization: Organization, first: date, last: date, only: Only
) -> QuerySet[DailyUsage]:
    return _rows(organization, first, last, only).filter(meter=VOICE)


def _rows(
    organization: Organization, first: date, last: date, only: Only
) -> QuerySet[DailyUsage]:
    rows = DailyUsage.objects.filter(
        organization=organization, day__gte=first, day__lte=last
    )
    if only.agent_id:
        rows = rows.filter(agent=only.agent_id)
    if only.phone_number_ids:
        rows = rows.filter(phone_number__in=only.phone_number_ids)
    if only.meter:
        rows = rows.filter(meter=only.meter)
    return rows


def _summed(rows: QuerySet[DailyUsage], *names: str) -> list[tuple[tuple[Any, ...], Used]]:
    """Return the sums per different values of `names`, in one statement."""
    sums = [Sum(name) for name in ("count", "quantity", "talk_seconds", "price")]
    grouped: Any = rows.values_list(*names).annotate(*sums)
    return [(row[: len(names)], Used(*row[len(names) :])) for row in grouped]
