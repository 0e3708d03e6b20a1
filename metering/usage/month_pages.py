"""The months of an organization page by page, newest first, back to the one it began in."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from accounts.models import Organization
from metering.usage import analytics, reports
from metering.usage.analytics import CALLS, MonthUsage, Only


@dataclass(frozen=True, slots=True)
class MonthPage:
    months: list[MonthUsage]
    # The month that the next page begins with; None: there is none.
    next: date | None


def month(organization: Organization, *, day: date, only: Only = CALLS) -> MonthUsage:
    """Return the calendar month that a day lies in."""
    [found] = analytics.by_month(organization, first=day, last=day, only=only)
    return found


def running_month(
    organization: Organization, *, now: datetime, only: Only = CALLS
) -> MonthUsage:
    """Return the calendar month that it is in the organization's zone."""
    today = reports.local_day(organization, now=now)
    return month(organization, day=today, only=only)


def month_page(
    organization: Organization,
    *,
    limit: int,
    now: datetime,
    newest: date | None = None,
    only: Only = CALLS,
) -> MonthPage:
    """Return at most `limit` months from `newest` back; without it from the last whole month.
    One statement, which reads the daily sums of those months only."""
    began = reports.local_day(organization, now=organization.created_at).replace(day=1)
    last_whole = _before(reports.local_day(organization, now=now))
    newest = min(newest or last_whole, last_whole)
    oldest = max(began, _months_back(newest, limit - 1))
    if newest < began:
        return MonthPage([], None)
    months = analytics.by_month(organization, first=oldest, last=newest, only=only)
    return MonthPage(months, _before(oldest) if oldest > began else None)


def _before(day: date) -> date:
    return (day.replace(day=1) - timedelta(days=1)).replace(day=1)


def _months_back(month: date, count: int) -> date:
    for _ in range(count):
        month = _before(month)
    return month
