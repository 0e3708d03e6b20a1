"""Calls without an organization: which there are, and giving one to somebody."""

from typing import Any, cast

from django import forms
from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.models import User
from adminpanel import frames
from metering.calls import assigning, unmatched
from metering.calls.numbers import MappingRefused
from servicebilling.lib.keyset import InvalidCursor

ASSIGN = "metering.adjust_balances"


class AssignForm(forms.Form):
    provider = forms.CharField(max_length=20, widget=forms.HiddenInput)
    call_id = forms.CharField(max_length=200, widget=forms.HiddenInput)
    organization = forms.CharField(max_length=120, help_text="Its slug, id or whole name.")
    reason = forms.CharField(min_length=assigning.REASON_LENGTH_MIN, max_length=300)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        if name := said.get("organization"):
            said["found"] = frames.organization_named(name)
            if said["found"] is None:
                self.add_error("organization", "There is no organization of that name.")
        return said


@never_cache
@require_safe
@admin.site.admin_view
@permission_required("metering.view_inboundmessage", raise_exception=True)
def calls(request: HttpRequest) -> HttpResponse:
    try:
        page = unmatched.page(cursor=request.GET.get("cursor", ""))
    except InvalidCursor as error:
        raise BadRequest(error.message) from error
    shown = {"page": page, "may_assign": request.user.has_perm(ASSIGN)}
    return frames.page(
        request, "unmatched/list.html", "Calls without an organization", shown
    )


@never_cache
@admin.site.admin_view
@permission_required(ASSIGN, raise_exception=True)
@require_POST
def assign(request: HttpRequest) -> HttpResponse:
    """Show the call and the form; with an organization the charge; confirmed, charge it."""
    call_id = request.POST.get("call_id", "").replace("\0", "")
    found = unmatched.one(request.POST.get("provider", "").replace("\0", ""), call_id)
    if found is None:
        messages.info(request, "This call has an owner by now, or nothing of it is kept.")
        return redirect("adminpanel:unmatched")
    is_asked = "organization" in request.POST
    form = AssignForm(
        request.POST if is_asked else None,
        initial={"provider": found.provider, "call_id": found.call_id},
    )
    effect = None
    if is_asked and form.is_valid():
        is_dry = "confirm" not in request.POST
        effect = _assign(request, form, dry_run=is_dry)
        if effect is not None and not is_dry:
            name = form.cleaned_data["found"].name
            messages.success(request, f"The call is {name}'s: {effect.outcome}.")
            if effect.call is None:
                return redirect("adminpanel:unmatched")
            return redirect("adminpanel:call", effect.call.pk)
    shown = {"call": found, "form": form, "effect": effect}
    return frames.page(request, "unmatched/assign.html", "Whose call is it?", shown)


def _assign(
    request: HttpRequest, form: AssignForm, *, dry_run: bool
) -> assigning.Assigned | None:
    said = form.cleaned_data
    try:
        return assigning.assign(
            said["provider"],
            said["call_id"],
            organization=said["found"],
            reason=said["reason"],
            actor=cast(User, request.user),
            now=timezone.now(),
            dry_run=dry_run,
        )
    except MappingRefused as error:
        form.add_error("organization", error.message)
        return None
