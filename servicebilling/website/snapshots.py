"""All that the dashboard shows of an organization at one moment."""

from dataclasses import dataclass
from datetime import datetime

from django.template.defaultfilters import date as written
from django.utils import timezone

from accounts.models import Organization
from metering.usage import outlook, reports
from metering.usage.outlook import Outlook
from metering.usage.reports import CallLine, CycleReport, MonthTotals, Setup
from servicebilling.website import banners, usage_bar
from servicebilling.website.banners import Banner
from servicebilling.website.usage_bar import UsageBar

CALLS_SHOWN = 10


@dataclass(frozen=True, slots=True)
class Snapshot:
    taken_at: datetime
    cycle: CycleReport
    bar: UsageBar
    banner: Banner
    month: MonthTotals
    calls: list[CallLine]
    # What is still to be done; only before the first call.
    setup: Setup | None
    # When what is left ends; None before the first call.
    outlook: Outlook | None


def take(organization: Organization, *, now: datetime) -> Snapshot:
    """Return the snapshot with four statements."""
    cycle = reports.usage_this_cycle(organization, now=now)
    today = reports.local_day(organization, now=now)
    calls = reports.recent_calls(organization, limit=CALLS_SHOWN)
    return Snapshot(
        taken_at=now,
        cycle=cycle,
        bar=usage_bar.of_cycle(cycle),
        banner=banners.of_organization(cycle, status=organization.status, day=_day),
        month=reports.month_totals(organization, month=today),
        calls=calls,
        setup=None if calls else reports.setup_of(organization),
        outlook=outlook.outlook_of(organization, cycle, now=now) if calls else None,
    )


def _day(moment: datetime) -> str:
    return written(timezone.localtime(moment), "j F")
