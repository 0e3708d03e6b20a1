"""The operator's first page: as the staff site's index, and its parts alone for polling."""

from datetime import UTC, datetime
from typing import Any

from django.contrib import admin
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from adminpanel.frames import SEE_MONEY
from adminpanel.overview import boxes, reports
from billing import losses
from servicebilling.lib import charts
from servicebilling.lib.charts import Series

DAYS = 30
# The first of a month is among them on its last day, too.
OF_A_MONTH = 31


def index_context(request: HttpRequest, context: dict[str, Any]) -> dict[str, Any]:
    """Add the overview to what the staff site's index shows (UNFOLD.DASHBOARD_CALLBACK)."""
    return context | {"title": "Overview"} | _overview(request, timezone.now())


@never_cache
@require_safe
@admin.site.admin_view
def live(request: HttpRequest) -> HttpResponse:
    shown = _overview(request, timezone.now())
    return render(request, "adminpanel/overview/live.html", shown)


def _overview(request: HttpRequest, now: datetime) -> dict[str, Any]:
    all_days = reports.days(until=now.astimezone(UTC).date(), count=OF_A_MONTH)
    days = all_days[-DAYS:]
    labels = [f"{day.day:%d %b}" for day in days]
    month = now.replace(day=1, hour=0, minute=0, second=0, microsecond=0)
    today = reports.today(now=now)
    revenue = reports.revenue(since=month)
    cost = sum(
        (day.provider_cost_usd for day in all_days if day.day >= month.date()),
        start=reports.ZERO,
    )
    sees_money = request.user.has_perm(SEE_MONEY)
    return {
        "taken_at": now,
        "sees_money": sees_money,
        "losses": losses.lately(now=now) if sees_money else None,
        "today": today,
        "standings": reports.standings(),
        "inboxes": boxes.inboxes(),
        "outboxes": boxes.outboxes(),
        "balance": reports.provider_balance(),
        "clock": reports.clock(now=now),
        "revenue_this_month": revenue,
        "cost_this_month": cost,
        "margin_this_month": reports.margin_usd(revenue, cost, now=now),
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
