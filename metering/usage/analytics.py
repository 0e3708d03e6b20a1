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
    rows = _rows(organization, first, last, only).values("meter").annotate(**_sums())
    return {row.pop("meter"): Used(**row) for row in rows.order_by("meter")}


def by_day(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> list[DayUsage]:
    """Return every day of the span, oldest first, those without usage too."""
    found: dict[date, dict[str, Used]] = {}
    rows = _rows(organization, first, last, only).values("day", "meter")
    for row in rows.annotate(**_sums()).order_by("day", "meter"):
        day, meter = row.pop("day"), row.pop("meter")
        found.setdefault(day, {})[meter] = Used(**row)
    return [DayUsage(day, found.get(day, {})) for day in days_of(first, last)]


def by_month(
    organization: Organization,
    *,
    before: date,
    limit: int,
    only: Only = CALLS,
) -> list[MonthUsage]:
    """Return calendar months with usage that lie before the month of `before`, newest first."""
    rows = _narrowed(organization, only).filter(day__lt=before.replace(day=1))
    months = rows.annotate(month=TruncMonth("day")).values("month").annotate(**_sums())
    return [
        MonthUsage(row.pop("month"), Used(**row))
        for row in months.order_by("-month")[:limit]
    ]


def by_agent(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> list[AgentUsage]:
    """Return calls by agent, those who talked longest first."""
    rows = _voice(organization, first, last, only).values("agent_id", "agent__name")
    return [
        AgentUsage(row.pop("agent_id"), row.pop("agent__name") or "", Used(**row))
        for row in rows.annotate(**_sums()).order_by("-talk_seconds", "agent_id")
    ]


def by_number(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> list[NumberUsage]:
    """Return calls by number of the organization, the longest talk time first."""
    rows = _voice(organization, first, last, only).values(
        "phone_number_id", "phone_number__e164"
    )
    return [
        NumberUsage(
            row.pop("phone_number_id"), row.pop("phone_number__e164") or "", Used(**row)
        )
        for row in rows.annotate(**_sums()).order_by("-talk_seconds", "phone_number_id")
    ]


def by_hour(
    organization: Organization, *, first: date, last: date, only: Only = EVERYTHING
) -> HourUsage:
    """Return when calls began, by weekday and local hour."""
    hours = {f"h{hour}": Sum(f"hours__{hour}") for hour in HOURS}
    rows = _voice(organization, first, last, only).values("day__iso_week_day")
    found = {row["day__iso_week_day"]: row for row in rows.annotate(**hours).order_by()}
    return HourUsage(
        tuple(
            tuple(found.get(weekday, {}).get(f"h{hour}", 0) for hour in HOURS)
            for weekday in WEEKDAYS
        )
    )


def days_of(first: date, last: date) -> Iterator[date]:
    """Yield the days from `first` to `last`, both included."""
    for number in range((last - first).days + 1):
        yield first + timedelta(days=number)


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
    return _narrowed(organization, only).filter(day__gte=first, day__lte=last)


def _narrowed(organization: Organization, only: Only) -> QuerySet[DailyUsage]:
    rows = DailyUsage.objects.filter(organization=organization)
    if only.agent_id:
        rows = rows.filter(agent=only.agent_id)
    if only.phone_number_ids:
        rows = rows.filter(phone_number__in=only.phone_number_ids)
    if only.meter:
        rows = rows.filter(meter=only.meter)
    return rows


def _sums() -> dict[str, Any]:
    # The names of `Used`.
    return {
        "count": Sum("count"),
        "quantity": Sum("quantity"),
        "talk_seconds": Sum("talk_seconds"),
        "price": Sum("price"),
    }
