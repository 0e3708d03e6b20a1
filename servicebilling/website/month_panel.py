"""The running calendar month in figures, beside the same days of the month before. Pure."""

from calendar import monthrange
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from metering.models import Rate
from metering.usage.analytics import NOTHING, DayUsage, Used
from servicebilling.lib import charts
from servicebilling.lib.charts import Chart, Series
from servicebilling.website.formatting import cents, change

ZERO = Decimal(0)
CHART_HEIGHT = 150
VOICE, REPORTED = Rate.Meter.VOICE_MINUTE, Rate.Meter.REPORTED_MINUTE


@dataclass(frozen=True, slots=True)
class Figure:
    """`change` is against the same days of the month before, such as `+12 %`; empty where
    nothing was used then. `before` says what was."""

    label: str
    value: str
    unit: str
    before: str
    change: str
    # Whose rows it is the sum of; empty: of all.
    meter: str = ""


@dataclass(frozen=True, slots=True)
class MonthPanel:
    """`first` is the first day of the month; the span before has as many days."""

    first: date
    before_first: date
    before_last: date
    # Of calls.
    calls: int
    talk_seconds: int
    billed_minutes: int
    # Of every meter: what the organization was charged beyond its plan.
    price: Decimal
    currency: str
    figures: tuple[Figure, ...]
    chart: Chart


def span_of(today: date) -> tuple[date, date]:
    """Return the days that the panel needs: from the first of the month before to today."""
    first = today.replace(day=1)
    return (first - timedelta(days=1)).replace(day=1), today


def of(
    days: Sequence[DayUsage],
    *,
    today: date,
    currency: str,
    day_url: Callable[[date], str] = lambda day: "",
) -> MonthPanel:
    """Return the panel of `days`, which are those of `span_of`; `day_url` says where the calls
    of a day are listed."""
    first = today.replace(day=1)
    before_first = (first - timedelta(days=1)).replace(day=1)
    # The 31st has no namesake in a shorter month: then all of that month counts.
    length = monthrange(before_first.year, before_first.month)[1]
    before_last = before_first.replace(day=min(today.day, length))
    now = [one for one in days if one.day >= first]
    before = [one for one in days if one.day <= before_last]
    voice = _sum(now, VOICE)
    price = sum((one.price for one in now), ZERO)
    return MonthPanel(
        first=first,
        before_first=before_first,
        before_last=before_last,
        calls=voice.count,
        talk_seconds=voice.talk_seconds,
        billed_minutes=int(voice.quantity),
        price=price,
        currency=currency,
        figures=(
            _figure(
                "Minutes",
                _minutes(now),
                _minutes(before),
                unit="min",
                places=1,
                meter=VOICE,
            ),
            _meter("API calls", Rate.Meter.API_CALL, now, before),
            _meter("AI queries", Rate.Meter.AI_QUERY, now, before),
            _meter("Storage", Rate.Meter.STORAGE_MB, now, before, unit="MB"),
            _cost(price, sum((one.price for one in before), ZERO), currency),
        ),
        chart=charts.stack(
            "Minutes talked each day of this month",
            [f"{one.day.day} {one.day:%b}" for one in now],
            [Series("one", "Minutes", [_tenths(one.voice.talk_seconds) for one in now])],
            height=CHART_HEIGHT,
            urls=[day_url(one.day) for one in now],
        ),
    )


def _sum(days: Sequence[DayUsage], meter: str) -> Used:
    return sum((one.meters.get(meter, NOTHING) for one in days), NOTHING)


def _minutes(days: Sequence[DayUsage]) -> Decimal:
    """Talk time of calls, and the minutes that other systems reported."""
    talked = sum(one.voice.talk_seconds for one in days)
    reported = sum((one.meters.get(REPORTED, NOTHING).quantity for one in days), ZERO)
    return _tenths(talked) + reported


def _tenths(seconds: int) -> Decimal:
    return Decimal((seconds + 3) // 6) / 10


def _meter(
    label: str,
    meter: str,
    now: Sequence[DayUsage],
    before: Sequence[DayUsage],
    *,
    unit: str = "",
) -> Figure:
    return _figure(
        label,
        _sum(now, meter).quantity,
        _sum(before, meter).quantity,
        unit=unit,
        meter=meter,
    )


def _figure(
    label: str,
    now: Decimal,
    before: Decimal,
    *,
    unit: str,
    meter: str,
    places: int = 0,
) -> Figure:
    def shown(value: Decimal) -> str:
        exact = value.normalize()
        return f"{exact:,.{places}f}" if places else f"{exact:,f}"

    told = f"{shown(before)} {unit}".strip()
    return Figure(label, shown(now), unit, told, change(now, before), meter)


def _cost(now: Decimal, before: Decimal, currency: str) -> Figure:
    return Figure(
        "Total cost",
        cents(now, currency),
        "",
        cents(before, currency),
        change(now, before),
    )
