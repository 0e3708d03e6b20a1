"""The overview of an organization, and its parts that change while somebody looks."""

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from billing.letters import bounces
from servicebilling.website import snapshots
from servicebilling.website.frames import Frame, organization_page, url_of

LIVE_EVERY_SECONDS = 10


@require_safe
@never_cache
@organization_page("usage.view", section="website:dashboard")
def dashboard(request: HttpRequest, frame: Frame) -> HttpResponse:
    if request.GET.get("payment") == "success":
        # Said once: reloading the page or sending its link must not thank again.
        messages.success(
            request,
            "Thank you. Your plan starts as soon as the payment is confirmed, "
            "usually within seconds; this page follows by itself.",
        )
        return redirect(url_of("website:dashboard", frame.organization))
    return _answer(request, frame, "website/dashboard.html")


@require_safe
@never_cache
@organization_page("usage.view", section="website:dashboard")
def dashboard_live(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The parts of the dashboard that change, for the script that fetches them."""
    response = _answer(request, frame, "website/dashboard_live.html")
    # A page left open must not keep its session alive, and a tab of another organization
    # must not switch this one's: whatever the request wrote there is dropped.
    request.session.modified = False
    return response


def _answer(request: HttpRequest, frame: Frame, template: str) -> HttpResponse:
    context = {
        "frame": frame,
        "snapshot": snapshots.take(frame.organization, now=timezone.now()),
        "returned": bounces.mark_of(frame.organization.billing_email),
        "live_url": url_of("website:dashboard-live", frame.organization),
        "live_every_seconds": LIVE_EVERY_SECONDS,
        "webhook_url": f"{settings.WEBSITE_URL}/api/webhooks/vapi",
    }
    return render(request, template, context)
