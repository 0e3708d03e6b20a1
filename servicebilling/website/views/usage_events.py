"""Recorded usage of other meters than calls, and each use down to what paid it."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import access
from metering.models import UsageEvent
from metering.usage import event_accounts
from servicebilling.website import event_list
from servicebilling.website.frames import Frame, organization_page

SECTION = "website:usage"


@require_safe
@never_cache
@organization_page("usage.view", section=SECTION)
def usage_events(request: HttpRequest, frame: Frame) -> HttpResponse:
    found = event_list.of(frame.organization, request.GET, now=timezone.now())
    return render(request, "website/usage_events.html", {"frame": frame, "list": found})


@require_safe
@never_cache
@organization_page("usage.view", section=SECTION)
def usage_event(request: HttpRequest, frame: Frame, event_id: UUID) -> HttpResponse:
    try:
        account = event_accounts.account_of(frame.organization, event_id)
    except UsageEvent.DoesNotExist as error:
        raise Http404(access.NOT_FOUND) from error
    return render(request, "website/usage_event.html", {"frame": frame, "account": account})
