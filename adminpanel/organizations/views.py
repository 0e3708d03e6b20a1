"""Staff pages about one organization and all of them."""

from decimal import Decimal
from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import viewing
from accounts.models import Organization, User
from accounts.staff_access import Staff
from adminpanel import frames
from adminpanel.organizations import limits, margins, reports, timeline
from adminpanel.organizations.forms import AdjustForm, ReverseForm
from adminpanel.organizations.orders import ORDERS
from adminpanel.organizations.reports import Wanted
from metering.balances import adjustments
from metering.balances.ledger import LedgerError
from metering.models import Agent, Allowance, PhoneNumber
from servicebilling.lib.keyset import InvalidCursor

_may_view = permission_required("accounts.view_organization", raise_exception=True)
_may_adjust = permission_required("metering.adjust_balances", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def organizations(request: HttpRequest) -> HttpResponse:
    asked = request.GET
    wanted = Wanted(
        search=asked.get("q", "").strip()[:100],
        standing=asked.get("standing", ""),
        status=asked.get("status", ""),
        plan=asked.get("plan", ""),
        enforcement=asked.get("enforcement", ""),
        order=asked.get("order") or "name",
    )
    if wanted.order not in ORDERS:
        raise BadRequest("There is no such order.")
    try:
        found = reports.page(wanted, now=timezone.now(), cursor=asked.get("cursor", ""))
    except InvalidCursor as error:
        raise BadRequest(error.message) from error
    shown = {
        "page": found,
        "wanted": wanted,
        "standings": Allowance.Standing.choices,
        "statuses": Organization.Status.choices,
        "enforcements": Allowance.Enforcement.choices,
        "margin_days": margins.SPAN.days,
        "plans": reports.plan_codes(),
        "orders": [(name, order.title) for name, order in ORDERS.items()],
    }
    return frames.page(request, "organizations/list.html", "Organizations", shown)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def organization(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    line = _line_or_404(organization_id)
    shown = {
        "line": line,
        "happenings": timeline.of(
            organization_id, with_money=request.user.has_perm(frames.SEE_MONEY)
        ),
        "numbers": PhoneNumber.objects.filter(
            organization_id=organization_id
        ).select_related("agent"),
        "margin_days": margins.SPAN.days,
        "view_minutes": int(viewing.LASTS.total_seconds()) // 60,
        "agents": Agent.objects.filter(organization_id=organization_id),
        "may_adjust": request.user.has_perm("metering.adjust_balances"),
    }
    return frames.page(request, "organizations/detail.html", line.name, shown)


@never_cache
@admin.site.admin_view
@_may_adjust
def adjust(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    """Show the effect first; the second click, with the same id, makes it."""
    line = _line_or_404(organization_id)
    if not line.standing:
        raise Http404("There is nothing to adjust yet.")
    form = AdjustForm(request.POST if request.method == "POST" else None)
    effect = change = None
    if request.method == "POST" and form.is_valid():
        is_dry = "confirm" not in request.POST
        change = _change(form, organization_id)
        effect = _adjust(request, form, organization_id, change=change, dry_run=is_dry)
        if effect is not None and not is_dry:
            said = "had been made before" if effect.is_repeated else "is made"
            messages.success(request, f"The adjustment {said}: {effect.reference}.")
            return redirect("adminpanel:organization", organization_id)
    shown = {
        "line": line,
        "form": form,
        "effect": effect,
        # What was shown is what is confirmed, also where a value was asked for and the
        # counter moves meanwhile.
        "change": change,
        "counters": adjustments.counters_of(Organization(pk=organization_id)),
    }
    return frames.page(request, "organizations/adjust.html", f"Adjust {line.name}", shown)


@admin.site.admin_view
@_may_adjust
@require_POST
def reverse_adjustment(request: HttpRequest, organization_id: UUID) -> HttpResponse:
    line = _line_or_404(organization_id)
    form = ReverseForm(request.POST)
    if not form.is_valid():
        messages.error(request, "A reversal needs a reason.")
        return redirect("adminpanel:organization", line.id)
    reference = form.cleaned_data["reference"]
    organization = Organization.objects.get(pk=line.id)
    try:
        counter, change = adjustments.change_of(reference, organization=organization)
        staff = Staff(cast(User, request.user))
        # Taking back is adjusting, too.
        if said := limits.exceeded(staff, counter, change):
            raise LedgerError(said.rstrip("."))
        done = adjustments.reverse(
            reference,
            organization=organization,
            reason=form.cleaned_data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
        )
    except LedgerError as error:
        messages.error(request, f"Nothing was changed: {error}.")
    else:
        said = "had been taken back before" if done.is_repeated else "is taken back"
        messages.success(request, f"The adjustment {said}.")
    return redirect("adminpanel:organization", line.id)


def _change(form: AdjustForm, organization_id: UUID) -> Decimal | int:
    before = adjustments.counters_of(Organization(pk=organization_id))
    current: dict[str, Decimal | int] = {
        "credit_minutes": before.credit_minutes,
        "minutes_used": before.minutes_used_this_cycle,
        "wallet": before.wallet,
    }
    return form.change_from(current[form.cleaned_data["counter"]])


def _adjust(
    request: HttpRequest,
    form: AdjustForm,
    organization_id: UUID,
    *,
    change: Decimal | int,
    dry_run: bool,
) -> adjustments.Adjusted | None:
    counter = form.cleaned_data["counter"]
    if said := limits.exceeded(Staff(cast(User, request.user)), counter, change):
        form.add_error("value", said)
        return None
    try:
        return adjustments.adjust(
            counter,
            change,
            organization=Organization.objects.get(pk=organization_id),
            reason=form.cleaned_data["reason"],
            actor=request.user,  # type: ignore[arg-type]
            now=timezone.now(),
            adjustment_id=form.adjustment,
            dry_run=dry_run,
        )
    except LedgerError as error:
        form.add_error("value", f"Not possible: {error}.")
        return None


def _line_or_404(organization_id: UUID) -> reports.Line:
    try:
        return reports.line_of(organization_id, now=timezone.now())
    except Organization.DoesNotExist as error:
        raise Http404 from error
