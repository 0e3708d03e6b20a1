"""The catalogue for staff: what is sold, changing it by new versions, and since when."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from adminpanel import frames
from adminpanel.catalogue import reports
from adminpanel.catalogue.forms import BundleForm, PlanForm, initial_of
from billing import bundles, plan_versions
from billing.errors import ChangedMeanwhile
from billing.models import MinuteBundle, Plan

_may_view = permission_required(
    ["billing.view_plan", frames.SEE_MONEY], raise_exception=True
)
_may_edit = permission_required("billing.edit_catalogue", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def catalogue(request: HttpRequest) -> HttpResponse:
    shown = {
        "plans": reports.plan_lines(),
        "bundles": reports.bundle_lines(timezone.now()),
        "bundle_form": BundleForm(),
    }
    return frames.page(request, "catalogue/list.html", "Catalogue", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_view
def plan(request: HttpRequest, code: str) -> HttpResponse:
    """Show what a change would mean first; the second click puts it on sale."""
    found = get_object_or_404(Plan.objects.select_related("rate_card"), code=code)
    may_edit = request.user.has_perm("billing.edit_catalogue")
    if request.method == "POST" and not may_edit:
        raise PermissionDenied
    now = timezone.now()
    before, version = plan_versions.terms_of(found), plan_versions.number_of(found)
    form = PlanForm(
        request.POST if request.method == "POST" else None,
        initial=initial_of(before, version),
        before=before,
    )
    after = form.terms() if form.is_bound and form.is_valid() else None
    if after and "confirm" in request.POST and _change(request, found, form):
        return redirect("adminpanel:plan", code)
    shown = {
        "plan": found,
        "version": version,
        "versions": reports.version_lines(found),
        "affected": reports.affected(found),
        "is_untold": reports.is_untold(found),
        "is_editable": may_edit and reports.is_editable(found),
        "form": form,
        "after": after,
        "changes": reports.changes(before, after) if after else [],
        "months": reports.sample_months(before, after or before, now=now),
    }
    return frames.page(request, "catalogue/plan.html", found.name, shown)


@never_cache
@admin.site.admin_view
@_may_edit
@require_POST
def offer_plan(request: HttpRequest, code: str) -> HttpResponse:
    found = get_object_or_404(Plan, code=code)
    changed = plan_versions.offer(
        found,
        is_active=request.POST.get("is_active") == "yes",
        is_public=request.POST.get("is_public") == "yes",
        actor=cast(User, request.user),
        now=timezone.now(),
    )
    said = "From now on it is offered so." if changed else "It is offered so already."
    messages.success(request, f"{said} Whoever has it keeps it.")
    return redirect("adminpanel:plan", code)


@never_cache
@admin.site.admin_view
@_may_edit
@require_POST
def make_bundle(request: HttpRequest) -> HttpResponse:
    form = BundleForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A bundle has 1 to 1,000,000 minutes and a currency.")
        return redirect("adminpanel:catalogue")
    is_new = bundles.make(
        **form.cleaned_data, actor=cast(User, request.user), now=timezone.now()
    )
    said = "is on sale" if is_new else "is there already"
    messages.success(request, f"The bundle {said}.")
    return redirect("adminpanel:catalogue")


@never_cache
@admin.site.admin_view
@_may_edit
@require_POST
def offer_bundle(request: HttpRequest, bundle_id: int) -> HttpResponse:
    found = get_object_or_404(MinuteBundle, pk=bundle_id)
    is_active = request.POST.get("is_active") == "yes"
    bundles.offer(
        found, is_active=is_active, actor=cast(User, request.user), now=timezone.now()
    )
    said = "is on sale" if is_active else "is not sold any more"
    messages.success(request, f"{found} {said}.")
    return redirect("adminpanel:catalogue")


def _change(request: HttpRequest, found: Plan, form: PlanForm) -> bool:
    """Make the new version; False with the reason in the form if it cannot be."""
    try:
        changed = plan_versions.change(
            found,
            form.terms(),
            actor=cast(User, request.user),
            now=timezone.now(),
            expected=form.cleaned_data["version"],
            reason=form.cleaned_data["reason"],
        )
    except ChangedMeanwhile as error:
        form.add_error(None, error.message)
        return False
    said = "is sold on the new terms" if changed else "is sold on these terms already"
    messages.success(request, f"{found.name} {said}.")
    return True
