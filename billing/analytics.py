"""Usage and its price over a period and day by day, as a dashboard's panel asks for it."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal

from accounts.models import Organization
from metering.models import Rate
from metering.usage import analytics, reports
from metering.usage.analytics import NOTHING, Only, Used

METERS = {
    "apiCalls": (Rate.Meter.API_CALL,),
    # Calls, and minutes that other systems reported.
    "voiceMinutes": (Rate.Meter.VOICE_MINUTE, Rate.Meter.REPORTED_MINUTE),
    "aiQueries": (Rate.Meter.AI_QUERY,),
    "storage": (Rate.Meter.STORAGE_MB,),
}


@dataclass(frozen=True, slots=True)
class Part:
    count: Decimal
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Trend:
    date: date
    apiCalls: Decimal  # noqa: N815
    voiceMinutes: Decimal  # noqa: N815
    cost: Decimal


@dataclass(frozen=True, slots=True)
class Analytics:
    """Sums of a period by kind of usage, and the last days, oldest first."""

    breakdown: dict[str, Part]
    # Of every meter, those of no kind above too.
    cost: Decimal
    trends: list[Trend]


def analytics_of(
    organization: Organization, *, month: date | None, days: int, only: Only, now: datetime
) -> Analytics:
    """Return a calendar month (the running one without `month`) and the last `days` local
    days, today included; two statements."""
    today = reports.local_day(organization, now=now)
    first, last = analytics.month_ends(month or today)
    sums = analytics.by_meter(organization, first=first, last=last, only=only)
    trend = analytics.by_day(
        organization, first=today - timedelta(days=days - 1), last=today, only=only
    )
    return Analytics(
        breakdown={name: _part(sums, meters) for name, meters in METERS.items()},
        cost=sum((used.price for used in sums.values()), Decimal(0)),
        trends=[
            Trend(
                date=one.day,
                apiCalls=_part(one.meters, METERS["apiCalls"]).count,
                voiceMinutes=_part(one.meters, METERS["voiceMinutes"]).count,
                cost=one.price,
            )
            for one in trend
        ],
    )


def _part(sums: dict[str, Used], meters: tuple[str, ...]) -> Part:
    used = [sums.get(meter, NOTHING) for meter in meters]
    return Part(
        sum((one.quantity for one in used), Decimal(0)),
        sum((one.price for one in used), Decimal(0)),
    )
