"""When payment providers were told of the catalogue or compared with us, and what came of it;
and asking for them to be told."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from adminpanel import frames
from adminpanel.runs import reports
from billing import provider_runs, tasks
from billing.errors import RunUnderWay
from billing.models import ProviderRun

_may_view = permission_required("billing.view_providerrun", raise_exception=True)
_may_tell = permission_required("billing.edit_catalogue", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def runs(request: HttpRequest) -> HttpResponse:
    kind, before = request.GET.get("kind", ""), request.GET.get("before", "")
    is_number = before.isascii() and before.isdigit() and len(before) <= 18
    if (kind and kind not in ProviderRun.Kind.values) or (before and not is_number):
        raise BadRequest("There is no such page.")
    shown = {
        "runs": reports.runs(kind=kind, before=int(before) if before else None),
        "kinds": ProviderRun.Kind.choices,
        "kind": kind,
        "broken_off_before": timezone.now() - provider_runs.BROKEN_OFF_AFTER,
    }
    return frames.page(request, "runs/list.html", "Runs over payment providers", shown)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def run(request: HttpRequest, run_id: int) -> HttpResponse:
    found = get_object_or_404(ProviderRun.objects.select_related("asked_by"), pk=run_id)
    shown = {
        "run": found,
        "differences": reports.differences_of(found),
        "is_broken_off": reports.is_broken_off(found, now=timezone.now()),
    }
    return frames.page(request, "runs/run.html", found.get_kind_display(), shown)


@never_cache
@admin.site.admin_view
@_may_tell
@require_POST
def tell_catalogue(request: HttpRequest) -> HttpResponse:
    """Let the worker tell a provider what is sold."""
    provider = request.POST.get("provider", "")
    if provider not in {one.provider for one in reports.tellings()}:
        raise BadRequest("Choose a provider that keeps plans.")
    try:
        row = provider_runs.ask(
            provider=provider,
            actor=cast(User, request.user),
            now=timezone.now(),
            is_live_meant=request.POST.get("live") == "yes",
        )
    except RunUnderWay as error:
        messages.info(request, error.message)
        return redirect("adminpanel:catalogue")
    if tasks.wake_catalogue(row.pk):
        messages.success(request, "The worker begins at once; look again in a moment.")
    else:
        messages.warning(request, "The worker cannot be reached now; the clock will do it.")
    return redirect("adminpanel:run", row.pk)
