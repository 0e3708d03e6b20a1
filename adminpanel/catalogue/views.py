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
from adminpanel.catalogue.new_plan import BLANK, NewPlanForm
from adminpanel.runs import reports as runs
from billing import bundles, plan_versions
from billing.errors import ChangedMeanwhile, CodeTaken
from billing.models import MinuteBundle, Plan
from billing.plans import WITHOUT_PLAN
from billing.provider_runs import BROKEN_OFF_AFTER

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
        "tellings": runs.tellings(),
        "broken_off_before": timezone.now() - BROKEN_OFF_AFTER,
        "bundles": reports.bundle_lines(timezone.now()),
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
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_edit
def new_plan(request: HttpRequest) -> HttpResponse:
    """Show what a new plan would cost first; the second click makes it. `?like=` names the
    plan whose terms it begins from."""
    others = Plan.objects.select_related("rate_card").exclude(code=WITHOUT_PLAN)
    start = others.filter(code=request.GET.get("like", "")).first()
    form = NewPlanForm(
        request.POST or None,
        before=plan_versions.terms_of(start) if start else BLANK,
    )
    terms = form.terms() if form.is_bound and form.is_valid() else None
    if terms and "confirm" in request.POST and _create(request, form):
        return redirect("adminpanel:plan", terms.code)
    is_shown = terms is not None and not form.errors
    shown = {
        "form": form,
        "start": start,
        "others": others,
        "terms": terms if is_shown else None,
        "months": reports.sample_months(terms, terms, now=timezone.now())
        if terms and is_shown
        else [],
    }
    return frames.page(request, "catalogue/new_plan.html", "New plan", shown)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_edit
def make_bundle(request: HttpRequest) -> HttpResponse:
    """Show what a size would be sold for first; the second click makes it."""
    form = BundleForm(request.POST or request.GET or None)
    is_asked = form.is_bound and form.is_valid()
    said = form.cleaned_data if is_asked else {}
    now = timezone.now()
    if is_asked and request.method == "POST" and "confirm" in request.POST:
        is_sold = request.POST["confirm"] == "sell"
        bundles.make(**said, is_active=is_sold, actor=cast(User, request.user), now=now)
        stands = "on sale" if is_sold else "made, and not on sale yet"
        messages.success(request, f"{said['minutes']:,} minutes: {stands}.")
        return redirect("adminpanel:catalogue")
    shown = {
        "form": form,
        "sketch": reports.bundle_sketch(**said, now=now) if is_asked else None,
    }
    return frames.page(request, "catalogue/new_bundle.html", "New bundle", shown)


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


def _create(request: HttpRequest, form: NewPlanForm) -> bool:
    try:
        made = plan_versions.create(
            form.terms(),
            actor=cast(User, request.user),
            now=timezone.now(),
            reason=form.cleaned_data["reason"],
        )
    except CodeTaken as error:
        form.add_error("code", error.message)
        return False
    messages.success(
        request, f"{made.name} is made, and hidden: tell the providers of it, then show it."
    )
    return True


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
