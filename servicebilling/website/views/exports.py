"""Files to take away, and a month on paper."""

from datetime import date
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, StreamingHttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from accounts.models import User
from billing import archives
from metering import tasks
from metering.models import Export
from metering.usage import exports as domain
from metering.usage import monthly_statements, reports
from metering.usage.errors import TooManyExports
from servicebilling.website.export_form import ExportForm, kinds_for
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:calls"
_TYPES = {
    Export.Format.CSV: "text/csv; charset=utf-8",
    Export.Format.XLSX: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    Export.Format.ZIP: "application/zip",
}


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@organization_page("usage.view", section=SECTION)
def exports(request: HttpRequest, frame: Frame) -> HttpResponse:
    now = timezone.now()
    today = reports.local_day(frame.organization, now=now)
    form = ExportForm(request.POST or None, frame=frame, today=today)
    if request.method == "POST" and form.is_valid():
        asked = form.cleaned_data
        try:
            export = domain.request(
                frame.organization,
                kind=asked["kind"],
                file_format=asked["format"],
                first_day=asked["first_day"],
                last_day=asked["last_day"],
                requested_by=cast(User, request.user),
                shows_callers=frame.access.can("callers.view"),
                now=now,
            )
        except TooManyExports as error:
            messages.error(request, error.message)
        else:
            if domain.is_small(export):
                domain.make(export.pk, now=now)
            else:
                tasks.make_export.delay_on_commit(str(export.pk))
        return redirect(url_of("website:exports", frame.organization))
    context = {
        "frame": frame,
        "form": form,
        "sees_callers": frame.access.can("callers.view"),
        "files": domain.recent(
            frame.organization,
            kinds=[kind for kind, _ in kinds_for(frame)],
            sees_callers=frame.access.can("callers.view"),
            now=now,
        ),
        "statement_month": f"{today:%Y-%m}" if frame.access.can("billing.view") else "",
    }
    return render(request, "website/exports.html", context)


@require_safe
@never_cache
@organization_page("usage.view", section=SECTION)
def export_file(request: HttpRequest, frame: Frame, export_id: UUID) -> HttpResponseBase:
    kinds = [kind for kind, _ in kinds_for(frame)]
    if frame.can("organization.take_away"):
        kinds += archives.KINDS
    sees_callers = frame.access.can("callers.view")
    rows = domain.open_to(kinds=kinds, sees_callers=sees_callers, now=timezone.now())
    ready = rows.select_related("organization").filter(state=Export.State.DONE)
    export = access.get_or_404(ready, frame.organization, pk=export_id)
    response = StreamingHttpResponse(
        domain.parts_of(export), content_type=_TYPES[Export.Format(export.format)]
    )
    response["Content-Disposition"] = f'attachment; filename="{export.file_name}"'
    response["Content-Length"] = str(export.size_bytes)
    return response


@require_safe
@never_cache
@organization_page("billing.view", section="website:billing")
def statement(request: HttpRequest, frame: Frame, month: date) -> HttpResponse:
    if month > reports.local_day(frame.organization, now=timezone.now()):
        raise Http404(access.NOT_FOUND)
    found = monthly_statements.statement_of(frame.organization, month=month)
    return render(request, "website/statement.html", {"frame": frame, "statement": found})
