"""Any refusal and its decision."""

from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import Http404, HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from adminpanel import frames
from adminpanel.refusals import reports
from metering.calls.refusals import TEXTS, WORDED
from metering.models import Decision
from servicebilling.lib.keyset import InvalidCursor

SPAN_USUAL = timedelta(days=31)
SPAN_MAX = timedelta(days=366)
RULES = sorted(
    {*WORDED, *TEXTS, "suspended", "already_ended"} - {"forwarded", "unavailable"}
)

_may_view = permission_required("metering.view_decision", raise_exception=True)


class RefusalsForm(forms.Form):
    rule = forms.ChoiceField(
        label="Reason",
        choices=[("", "any"), *((one, one.replace("_", " ")) for one in RULES)],
        required=False,
    )
    organization = forms.CharField(max_length=120, required=False)
    number = forms.CharField(max_length=20, required=False)
    first = forms.DateField(
        label="From, UTC", required=False, widget=forms.DateInput({"type": "date"})
    )
    last = forms.DateField(
        label="To", required=False, widget=forms.DateInput({"type": "date"})
    )
    watched = forms.BooleanField(label="Shadow mode, too", required=False)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        first, last = said.get("first"), said.get("last")
        for name, day in (("first", first), ("last", last)):
            if day and not 1970 <= day.year <= 9000:
                self.add_error(name, "There were no calls then.")
        if first and last and not first <= last <= first + SPAN_MAX:
            self.add_error("last", "Choose a span of at most a year, first day first.")
        if named := said.get("organization"):
            said["found"] = frames.organization_named(named)
            if said["found"] is None:
                self.add_error("organization", "There is no organization of that name.")
        return said

    def wanted(self, *, now: datetime) -> reports.Wanted:
        said = self.cleaned_data
        until = _midnight(said["last"] + timedelta(days=1)) if said["last"] else now
        since = _midnight(said["first"]) if said["first"] else until - SPAN_USUAL
        found = said.get("found")
        # A plus that was not escaped arrives as a space, and is trimmed.
        number = said["number"] and f"+{said['number'].removeprefix('+')}"
        return reports.Wanted(
            since=since,
            until=until,
            organization_id=found.pk if found else None,
            rule=said["rule"],
            number=number,
            with_watched=said["watched"],
        )


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def refusals(request: HttpRequest) -> HttpResponse:
    form = RefusalsForm(request.GET)
    page = wanted = None
    if form.is_valid():
        wanted = form.wanted(now=timezone.now())
        try:
            page = reports.page(wanted, cursor=request.GET.get("cursor", ""))
        except InvalidCursor as error:
            raise BadRequest(error.message) from error
    shown = {"form": form, "page": page, "wanted": wanted}
    return frames.page(request, "refusals/list.html", "Refusals", shown)


@never_cache
@require_safe
@admin.site.admin_view
@_may_view
def decision(request: HttpRequest, decision_id: int) -> HttpResponse:
    try:
        found = reports.explain(decision_id)
    except Decision.DoesNotExist as error:
        raise Http404 from error
    title = f"Decision {decision_id}"
    return frames.page(request, "refusals/decision.html", title, {"found": found})


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
