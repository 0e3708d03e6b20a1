"""What was used in a span of days, beside the span before it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from uuid import UUID

from accounts.models import Organization
from metering.usage import analytics, reports
from metering.usage.analytics import (
    NOTHING,
    VOICE,
    AgentUsage,
    DayUsage,
    NumberUsage,
    Used,
)
from servicebilling.lib import charts
from servicebilling.lib.charts import Chart, Series
from servicebilling.website.formatting import cents
from servicebilling.website.frames import day_url, url_of
from servicebilling.website.templatetags.wording import meter_words

BY_AGENT, BY_METER = "agent", "charged"
SPANS = {"7": "7 days", "30": "30 days", "90": "90 days"}
DEFAULT_SPAN = "30"
# The chart has four colours: the busiest agents, and all others together.
AGENTS_DRAWN = 3
# Of agents and of numbers as rows: the busiest, and all others in one row.
SHARES_SHOWN = 25
_COLOURS = ("one", "two", "three", "four")


@dataclass(frozen=True, slots=True)
class Option:
    label: str
    url: str
    is_chosen: bool


@dataclass(frozen=True, slots=True)
class Meter:
    name: str
    used: Used
    before: Used


@dataclass(frozen=True, slots=True)
class Others:
    """What is not shown one by one: how many they are, and their sum."""

    count: int
    used: Used


@dataclass(frozen=True, slots=True)
class UsagePage:
    first: date
    last: date
    spans: tuple[Option, ...]
    # What the days are drawn by.
    views: tuple[Option, ...]
    voice: Used
    voice_before: Used
    # Meters besides calls that were used in either span.
    meters: tuple[Meter, ...]
    price: Decimal
    price_before: Decimal
    days_chart: Chart
    hours_chart: Chart
    # What the hours are drawn by.
    hour_views: tuple[Option, ...]
    busiest_hour: int | None
    agents: tuple[AgentUsage, ...]
    other_agents: Others | None
    numbers: tuple[NumberUsage, ...]
    other_numbers: Others | None


def of(organization: Organization, query: Mapping[str, str], *, now: datetime) -> UsagePage:
    """Return the page with five statements; today is the last day of the span."""
    span = query.get("days", "")
    span = span if span in SPANS else DEFAULT_SPAN
    last = reports.local_day(organization, now=now)
    first = last - timedelta(days=int(span) - 1)
    length = timedelta(days=int(span))
    days = analytics.by_day(organization, first=first - length, last=last)
    used, before = _sums(days[int(span) :]), _sums(days[: int(span)])
    agents = analytics.by_agent(organization, first=first, last=last)
    by_agent = analytics.by_day_and_agent(organization, first=first, last=last)
    hours = analytics.by_hour_and_agent(organization, first=first, last=last)
    numbers = analytics.by_number(organization, first=first, last=last)
    here = url_of("website:usage", organization)
    is_split = query.get("hours", "") == BY_AGENT
    split = "&hours=agent" if is_split else ""
    views = _views_of(used)
    view = query.get("by", "")
    view = view if view in views else next(iter(views))
    if view == BY_AGENT:
        days_chart = _by_agent(agents, by_agent, first, last, of=organization)
    else:
        days_chart = _by_meter(view, days[int(span) :], used, of=organization)
    return UsagePage(
        first=first,
        last=last,
        spans=tuple(
            Option(label, f"{here}&days={key}&by={view}{split}", key == span)
            for key, label in SPANS.items()
        ),
        views=tuple(
            Option(label, f"{here}&days={span}&by={key}{split}", key == view)
            for key, label in views.items()
        ),
        voice=used.get(VOICE, NOTHING),
        voice_before=before.get(VOICE, NOTHING),
        meters=tuple(
            Meter(name, used.get(name, NOTHING), before.get(name, NOTHING))
            for name in sorted((used.keys() | before.keys()) - {VOICE})
        ),
        price=sum((one.price for one in used.values()), Decimal(0)),
        price_before=sum((one.price for one in before.values()), Decimal(0)),
        days_chart=days_chart,
        hours_chart=_hours(hours, agents if is_split else []),
        hour_views=tuple(
            Option(label, f"{here}&days={span}&by={view}{said}#hours", chosen)
            for label, said, chosen in (
                ("All calls", "", not is_split),
                ("By agent", "&hours=agent", is_split),
            )
        ),
        busiest_hour=_busiest(hours),
        agents=tuple(agents[:SHARES_SHOWN]),
        other_agents=_others(agents),
        numbers=tuple(numbers[:SHARES_SHOWN]),
        other_numbers=_others(numbers),
    )


def _others(shares: Sequence[AgentUsage | NumberUsage]) -> Others | None:
    """Return the sum of those that are not shown; None where all are."""
    rest = [one.used for one in shares[SHARES_SHOWN:]]
    if not rest:
        return None
    return Others(len(rest), sum(rest, NOTHING))


def _sums(days: list[DayUsage]) -> dict[str, Used]:
    found: dict[str, Used] = {}
    for day in days:
        for meter, used in day.meters.items():
            found[meter] = found.get(meter, NOTHING) + used
    return found


def _views_of(used: dict[str, Used]) -> dict[str, str]:
    """Return what days can be drawn by: first what there is the most to see of."""
    meters = {name: meter_words(name) for name in sorted(used.keys() - {VOICE})}
    views = {BY_AGENT: "Minutes by agent", BY_METER: "Charged by meter"} | meters
    if meters and VOICE not in used:
        return meters | views
    return views


def _hours(hours: dict[UUID | None, tuple[int, ...]], agents: list[AgentUsage]) -> Chart:
    """Return the calls of each hour, by these agents if there are any."""
    parts = _parts(agents) or [("Calls", list(hours))]
    return charts.stack(
        "Calls by the hour they began" + (", by agent" if agents else ""),
        [f"{hour:02}:00" for hour in analytics.HOURS],
        [
            Series(
                colour,
                name,
                [sum(hours[id][hour] for id in ids) for hour in analytics.HOURS],
            )
            for colour, (name, ids) in zip(_COLOURS, parts, strict=False)
        ],
    )


def _busiest(hours: dict[UUID | None, tuple[int, ...]]) -> int | None:
    """Return the hour most calls begin in, the earlier of two; None without calls."""
    sums = [sum(one[hour] for one in hours.values()) for hour in analytics.HOURS]
    return sums.index(max(sums)) if any(sums) else None


def _parts(agents: list[AgentUsage]) -> list[tuple[str, list[UUID | None]]]:
    """Return what is drawn in a colour each: the busiest agents, and all others together."""
    parts = [(one.name or "No agent", [one.agent_id]) for one in agents[:AGENTS_DRAWN]]
    rest = [one.agent_id for one in agents[AGENTS_DRAWN:]]
    return [*parts, ("Others", rest)] if rest else parts


def _by_meter(
    view: str, days: list[DayUsage], used: dict[str, Used], *, of: Organization
) -> Chart:
    """Return what each day was charged by meter, or how much of one meter it used."""
    labels = [f"{one.day.day} {one.day:%b}" for one in days]
    currency = of.currency
    if view != BY_METER:
        values = [one.meters.get(view, NOTHING).quantity.normalize() for one in days]
        return charts.stack(
            f"{meter_words(view)} each day",
            labels,
            [Series("one", meter_words(view), values)],
            shown="{:,f}".format,
            urls=[day_url("website:usage-events", of, one.day, meter=view) for one in days],
        )
    dearest = sorted(used, key=lambda name: (-used[name].price, name))
    drawn, rest = dearest[: len(_COLOURS) - 1], dearest[len(_COLOURS) - 1 :]
    parts = [(meter_words(name), [name]) for name in drawn]
    if rest:
        parts.append(("Others", rest))
    return charts.stack(
        "Charged each day beyond the plan, by meter",
        labels,
        [
            Series(
                colour,
                name,
                [
                    sum((day.meters.get(one, NOTHING).price for one in meters), Decimal(0))
                    for day in days
                ],
            )
            for colour, (name, meters) in zip(_COLOURS, parts, strict=False)
        ]
        or [Series("one", "Charged", [0] * len(days))],
        shown=lambda value: cents(Decimal(value), currency),
    )


def _by_agent(
    agents: list[AgentUsage],
    by_agent: dict[UUID | None, dict[date, Used]],
    first: date,
    last: date,
    *,
    of: Organization,
) -> Chart:
    days = list(analytics.days_of(first, last))
    series = [
        Series(
            colour,
            name,
            [
                _minutes(sum(by_agent[id].get(day, NOTHING).talk_seconds for id in ids))
                for day in days
            ],
        )
        for colour, (name, ids) in zip(_COLOURS, _parts(agents), strict=False)
    ]
    labels = [f"{day.day} {day:%b}" for day in days]
    return charts.stack(
        "Minutes talked each day, by agent",
        labels,
        series or [Series("one", "Minutes", [0] * len(days))],
        urls=[day_url("website:calls", of, day) for day in days],
    )


def _minutes(seconds: int) -> Decimal:
    return (Decimal(seconds) / 60).quantize(Decimal("0.1"))
