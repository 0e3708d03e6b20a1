"""All that the dashboard shows of an organization at one moment."""

from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import date as written
from django.utils import timezone

from accounts.models import Organization
from metering.usage import analytics, outlook, reports
from metering.usage.outlook import Outlook
from metering.usage.reports import CallLine, CycleReport, Setup
from servicebilling.website import banners, month_panel, usage_bar
from servicebilling.website.banners import Banner
from servicebilling.website.frames import day_url
from servicebilling.website.month_panel import MonthPanel
from servicebilling.website.usage_bar import UsageBar

CALLS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Snapshot:
    taken_at: datetime
    cycle: CycleReport
    bar: UsageBar
    banner: Banner
    month: MonthPanel
    calls: list[CallLine]
    # What is still to be done; only before the first call.
    setup: Setup | None
    # When what is left ends; None before the first call.
    outlook: Outlook | None


def take(organization: Organization, *, now: datetime) -> Snapshot:
    """Return the snapshot with four statements."""
    cycle = reports.usage_this_cycle(organization, now=now)
    today = reports.local_day(organization, now=now)
    first, last = month_panel.span_of(today)
    days = analytics.by_day(organization, first=first, last=last)
    calls = reports.recent_calls(organization, limit=CALLS_SHOWN)
    return Snapshot(
        taken_at=now,
        cycle=cycle,
        bar=usage_bar.of_cycle(cycle),
        banner=banners.of_organization(cycle, status=organization.status, day=_day),
        month=month_panel.of(
            days,
            today=today,
            currency=organization.currency,
            day_url=lambda day: day_url("website:calls", organization, day),
        ),
        calls=calls,
        setup=None if calls else reports.setup_of(organization),
        outlook=outlook.outlook_of(organization, cycle, now=now) if calls else None,
    )


def _day(moment: datetime) -> str:
    return written(timezone.localtime(moment), "j F")
