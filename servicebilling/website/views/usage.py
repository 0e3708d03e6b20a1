"""Usage by day, agent, number and hour, and what it would have cost on other plans."""

from datetime import timedelta

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing import plan_comparison
from metering.usage import reports
from servicebilling.website import usage_page
from servicebilling.website.frames import Frame, organization_page

SECTION = "website:usage"


@require_safe
@never_cache
@organization_page("usage.view", section=SECTION)
def usage(request: HttpRequest, frame: Frame) -> HttpResponse:
    page = usage_page.of(frame.organization, request.GET, now=timezone.now())
    return render(request, "website/usage.html", {"frame": frame, "page": page})


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def plans(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The calls of this month, or of the one before, priced on each plan."""
    now = timezone.now()
    month = reports.local_day(frame.organization, now=now).replace(day=1)
    is_before = request.GET.get("month") == "before"
    if is_before:
        month = (month - timedelta(days=1)).replace(day=1)
    found = plan_comparison.compare_plans(frame.organization, month=month, now=now)
    context = {"frame": frame, "comparison": found, "is_before": is_before}
    return render(request, "website/usage_plans.html", context)
