"""Every call, and each one down to the rows and messages that made its price."""

from uuid import UUID

from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts import access
from metering.models import Call
from metering.usage import call_accounts
from servicebilling.website import call_list
from servicebilling.website.frames import Frame, organization_page

SECTION = "website:calls"


@require_safe
@never_cache
@organization_page("usage.view", section=SECTION)
def calls(request: HttpRequest, frame: Frame) -> HttpResponse:
    found = call_list.of(frame.organization, request.GET, now=timezone.now())
    return render(request, "website/calls.html", {"frame": frame, "list": found})


@require_safe
@never_cache
@organization_page("usage.view", section=SECTION)
def call(request: HttpRequest, frame: Frame, call_id: UUID) -> HttpResponse:
    try:
        account = call_accounts.account_of(frame.organization, call_id)
    except Call.DoesNotExist as error:
        raise Http404(access.NOT_FOUND) from error
    return render(request, "website/call.html", {"frame": frame, "account": account})
