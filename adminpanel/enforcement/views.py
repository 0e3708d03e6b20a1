"""Shadow mode of one organization: what it let through, and the switch."""

from datetime import timedelta
from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import Organization, User
from adminpanel import frames
from adminpanel.enforcement import reports
from adminpanel.enforcement.forms import SwitchForm
from metering.balances import enforcing
from metering.models import Allowance
from metering.usage import let_through

PERIODS = [7, 30, 90]

_may_view = permission_required("accounts.view_organization", raise_exception=True)
_may_switch = permission_required("metering.set_enforcement", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def enforcement(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    organization = get_object_or_404(Organization, pk=organization_id)
    state = reports.now_of(organization_id)
    if state is None:
        raise Http404
    now = timezone.now()
    asked = request.GET.get("days", "")
    days = int(asked) if asked.isdecimal() and int(asked) in PERIODS else 30
    start = now - timedelta(days=days)
    shown = {
        "organization": organization,
        "state": state,
        "periods": PERIODS,
        "days": days,
        "report": let_through.report(organization_id, start=start, end=now),
        "calls": let_through.newest_calls(organization_id, start=start, end=now),
        "switches": reports.switches(organization_id),
    }
    return frames.page(
        request, "enforcement/page.html", f"Limits of {organization.name}", shown
    )


@never_cache
@admin.site.admin_view
@_may_switch
@require_POST
def switch(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    organization = get_object_or_404(Organization, pk=organization_id)
    if not Allowance.objects.filter(pk=organization_id).exists():
        raise Http404
    form = SwitchForm(request.POST)
    if not form.is_valid():
        messages.error(request, "Nothing was changed: this needs a reason.")
        return redirect("adminpanel:organization-enforcement", organization_id)
    to = form.cleaned_data["enforcement"]
    changed = enforcing.switch(
        organization,
        to,
        reason=form.cleaned_data["reason"],
        actor=cast(User, request.user),
        now=timezone.now(),
    )
    words = "enforced" if to == Allowance.Enforcement.ENFORCE else "watched, not enforced,"
    when = "from the next call on" if changed else "already"
    messages.success(request, f"The limits are {words} {when}.")
    return redirect("adminpanel:organization-enforcement", organization_id)
