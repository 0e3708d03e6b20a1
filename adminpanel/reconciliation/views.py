"""Do the books add up, and do others agree: what was found, when, and looking again."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.models import Organization, User
from adminpanel import frames
from adminpanel.reconciliation import reports
from metering import tasks
from metering.models import BookCheck
from metering.verification import watching
from metering.verification.run import COMPUTED, RULES

COMPARED_DAYS = (1, 3, 7, 30)
WAITS = "It begins as soon as the worker is there; look again in a moment."

_may_view = permission_required("metering.view_bookcheck", raise_exception=True)
_may_ask = permission_required("metering.replay_messages", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def reconciliation(request: HttpRequest) -> HttpResponse:
    before = request.GET.get("before", "")
    if before and not (before.isascii() and before.isdigit() and len(before) <= 18):
        raise BadRequest("There is no such page.")
    now = timezone.now()
    shown = {
        "checks": reports.checks(before=int(before) if before else None),
        "is_first": not before,
        "comparisons": reports.comparisons(),
        "differences": reports.open_differences(),
        "findings": reports.set_up_findings(),
        "discrepancies": reports.open_discrepancies(),
        "others": reports.others(now=now),
        "days": COMPARED_DAYS,
        "broken_off_before": now - watching.BROKEN_OFF_AFTER,
        "may_ask": request.user.has_perm("metering.replay_messages"),
    }
    return frames.page(request, "reconciliation/overview.html", "Reconciliation", shown)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def check(request: HttpRequest, check_id: int) -> HttpResponse:
    found = get_object_or_404(BookCheck, pk=check_id)
    slugs = {one["organization"] for one in found.findings if one["organization"]}
    owners = dict(Organization.objects.filter(slug__in=slugs).values_list("slug", "pk"))
    broken = {one["rule"] for one in found.findings}
    names = [*(rule.name for rule in RULES), *COMPUTED]
    shown = {
        "check": found,
        "rules": [
            (name, found.checked.get(name), name in broken)
            for name in names
            if name in found.checked
        ],
        "findings": [
            one | {"owner": owners.get(one["organization"])} for one in found.findings
        ],
    }
    return frames.page(request, "reconciliation/check.html", f"Check {check_id}", shown)


@never_cache
@admin.site.admin_view
@_may_ask
@require_POST
def ask_check(request: HttpRequest) -> HttpResponse:
    """Let the worker check all books now."""
    try:
        row = watching.ask(actor=cast(User, request.user), now=timezone.now())
    except watching.CheckRuns as error:
        messages.info(request, error.message)
        return redirect("adminpanel:reconciliation")
    if tasks.wake_check(row.pk):
        messages.success(request, WAITS)
    else:
        messages.error(request, "The worker cannot be reached; the clock will do it.")
    return redirect("adminpanel:book-check", row.pk)


@never_cache
@admin.site.admin_view
@_may_ask
@require_POST
def ask_comparison(request: HttpRequest) -> HttpResponse:
    """Let the worker compare the calls of some days with the provider's."""
    said = request.POST.get("days", "")
    if said not in {str(days) for days in COMPARED_DAYS}:
        raise BadRequest("Choose how far to look back.")
    audit.record(
        organization=None,
        actor=cast(User, request.user),
        action="calls.comparison_asked",
        detail={"days": int(said)},
        now=timezone.now(),
    )
    if tasks.wake_comparison(int(said)):
        messages.success(request, WAITS)
    else:
        messages.error(request, "The worker cannot be reached; the clock will do it.")
    return redirect("adminpanel:reconciliation")
