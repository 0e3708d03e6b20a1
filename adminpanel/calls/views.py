"""The call log of all organizations, a call's account, and the log as a file."""

from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.models import User
from adminpanel import frames
from adminpanel.calls import account, files, reports
from adminpanel.calls.asking import CallsForm
from metering.models import Call
from servicebilling.lib.keyset import InvalidCursor

_may_view = permission_required("metering.view_call", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def calls(request: HttpRequest) -> HttpResponse:
    form = _form(request)
    found = wanted = None
    if form.is_valid():
        wanted = form.wanted(now=timezone.now())
        try:
            found = reports.page(wanted, cursor=request.GET.get("cursor", ""))
        except InvalidCursor as error:
            raise BadRequest(error.message) from error
    shown = {
        "form": form,
        "page": found,
        "wanted": wanted,
        "query": request.GET.urlencode(),
        "export_max": reports.EXPORT_MAX,
    }
    return frames.page(request, "calls/list.html", "Calls", shown)


@never_cache
@admin.site.admin_view
@_may_view
@require_POST
def export(request: HttpRequest) -> HttpResponseBase:
    """Hand out the calls of the list's address as CSV; who took what is in the trail."""
    here = f"{reverse('adminpanel:calls')}?{request.GET.urlencode()}"
    form, now = _form(request), timezone.now()
    if not form.is_valid():
        return redirect(here)
    wanted = form.wanted(now=now)
    if reports.is_too_long(wanted):
        messages.error(
            request,
            f"That is more than {reports.EXPORT_MAX:,} calls. Choose a shorter time.",
        )
        return redirect(here)
    asked = {name: str(said) for name, said in form.cleaned_data.items() if said}
    audit.record(
        organization=None,
        actor=cast(User, request.user),
        action="calls.exported",
        detail=asked,
        now=now,
    )
    parts = files.csv_of(
        wanted,
        with_money=request.user.has_perm(frames.SEE_MONEY),
        with_numbers=request.user.has_perm(frames.SEE_NUMBERS),
    )
    response = StreamingHttpResponse(parts, content_type="text/csv; charset=utf-8")
    name = f"calls-{now:%Y-%m-%d-%H%M}.csv"
    response["Content-Disposition"] = f'attachment; filename="{name}"'
    return response


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def call(request: HttpRequest, call_id: UUID) -> HttpResponse:
    try:
        sees_numbers = request.user.has_perm(frames.SEE_NUMBERS)
        found = account.of(call_id, with_numbers=sees_numbers)
    except Call.DoesNotExist as error:
        raise Http404 from error
    title = f"Call of {found.line.organization}"
    return frames.page(request, "calls/detail.html", title, {"call": found})


def _form(request: HttpRequest) -> CallsForm:
    return CallsForm(request.GET, sees_money=request.user.has_perm(frames.SEE_MONEY))
