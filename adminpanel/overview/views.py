"""The operator's first page: as the staff site's index, and its parts alone for polling."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from adminpanel.overview import reports
from servicebilling.lib import charts
from servicebilling.lib.charts import Series

DAYS = 30


def index_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the overview to what the staff site's index shows (UNFOLD.DASHBOARD_CALLBACK)."""
    return context | {"title": "Overview"} | _overview(timezone.now())


@never_cache
@require_safe
@admin.site.admin_view
def live(request: HttpRequest) -> HttpResponse:
    return render(request, "adminpanel/overview/live.html", _overview(timezone.now()))


def _overview(now: datetime) -> dict[str, Any]:
    days = reports.days(until=now.astimezone(UTC).date(), count=DAYS)
    labels = [f"{day.day:%d %b}" for day in days]
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    return {
        "taken_at": now,
        "today": reports.today(now=now),
        "standings": reports.standings(),
        "inboxes": reports.inboxes(),
        "clock": reports.clock(now=now),
        "revenue_this_month": reports.revenue(since=month),
        "cost_this_month": sum(
            (day.provider_cost_usd for day in days if day.day >= month.date()),
            start=reports.ZERO,
        ),
        "minutes_chart": charts.stack(
            f"Billed minutes, last {DAYS} days",
            labels,
            [Series("one", "Minutes", [int(day.billed_minutes) for day in days])],
        ),
        "cost_chart": charts.stack(
            f"Provider cost in USD, last {DAYS} days",
            labels,
            [Series("two", "USD", [round(day.provider_cost_usd, 2) for day in days])],
        ),
    }
