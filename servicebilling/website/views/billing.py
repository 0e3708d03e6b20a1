"""What an organization pays: plan, minutes, wallet, payments, and every movement."""

from datetime import datetime
from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing import purchase_reports
from servicebilling.website import billing_page, history_page
from servicebilling.website.frames import Frame, organization_page, url_of

LIVE_EVERY_SECONDS = 2
SECTION = "website:billing"


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def billing(request: HttpRequest, frame: Frame) -> HttpResponse:
    context = {
        "frame": frame,
        "page": billing_page.of(frame.organization, now=timezone.now()),
        "is_cancelled": request.GET.get("payment") == "cancelled",
    }
    return render(request, "website/billing.html", context)


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def history(request: HttpRequest, frame: Frame) -> HttpResponse:
    page = history_page.of(frame.organization, request.GET)
    return render(request, "website/billing_history.html", {"frame": frame, "page": page})


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def success(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Where a payment page returns to: shows what we know, and grants nothing."""
    return _success(request, frame, "website/billing_success.html")


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def success_live(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The part that changes. A page left open must not keep its session alive."""
    response = _success(request, frame, "website/billing_success_live.html")
    request.session.modified = False
    return response


def _success(request: HttpRequest, frame: Frame, template: str) -> HttpResponse:
    name = "top_up" if request.GET.get("top_up") else "purchase"
    said = _id(request.GET.get(name, ""))
    if name == "top_up" and said:
        purchase = purchase_reports.top_up_of(frame.organization, said)
    else:
        purchase = purchase_reports.purchase_of(frame.organization, said)
    if said and purchase is None:
        raise Http404
    live_url = url_of("website:billing-success-live", frame.organization)
    context = {
        "frame": frame,
        "purchase": purchase,
        "waited_seconds": _seconds_since(purchase.created_at) if purchase else 0,
        "live_url": f"{live_url}&{name}={purchase.id}" if purchase else "",
        "live_every_seconds": LIVE_EVERY_SECONDS,
    }
    return render(request, template, context)


def _seconds_since(moment: datetime) -> int:
    return int((timezone.now() - moment).total_seconds())


def _id(said: str) -> UUID | None:
    if not said:
        return None
    try:
        return UUID(said)
    except ValueError as error:
        raise Http404 from error
