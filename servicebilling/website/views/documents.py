"""An organization's papers: the list, one on paper, and what stands on the next ones."""

from dataclasses import asdict
from datetime import datetime
from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access
from accounts.models import User
from billing.documents import details, reports
from servicebilling.lib.errors import DomainError
from servicebilling.website.billing_details_form import BillingDetailsForm
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:billing"


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def documents(request: HttpRequest, frame: Frame) -> HttpResponse:
    rows = reports.documents_of(frame.organization, before=_before(request))
    last = rows[-1] if len(rows) == reports.PAGE else None
    context = {
        "frame": frame,
        "documents": rows,
        "is_first": "before" not in request.GET,
        "next_before": f"{last.issued_at.isoformat()}_{last.id}" if last else "",
    }
    return render(request, "website/documents.html", context)


@require_safe
@never_cache
@organization_page("billing.view", section=SECTION)
def document(request: HttpRequest, frame: Frame, document_id: UUID) -> HttpResponse:
    """One document as it is printed, with what was copied onto it when it was issued."""
    sheet = reports.sheet_of(frame.organization, document_id)
    if sheet is None:
        raise Http404(access.NOT_FOUND)
    return render(request, "website/document.html", {"frame": frame, "sheet": sheet})


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@organization_page("billing.manage", section=SECTION)
def billing_details(request: HttpRequest, frame: Frame) -> HttpResponse:
    if request.method != "POST":
        known = asdict(details.of(frame.organization))
        form = BillingDetailsForm(
            initial=known | {"email": frame.organization.billing_email}
        )
        return _show(request, frame, form)
    form = BillingDetailsForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, form)
    try:
        details.change(
            frame.organization,
            form.details,
            email=form.cleaned_data["email"],
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _show(request, frame, form)
    messages.success(request, "Saved. Documents issued from now on carry these details.")
    return redirect(url_of("website:billing", frame.organization) + "#payment")


def _show(request: HttpRequest, frame: Frame, form: BillingDetailsForm) -> HttpResponse:
    return render(request, "website/billing_details.html", {"frame": frame, "form": form})


def _before(request: HttpRequest) -> tuple[datetime, UUID] | None:
    """Return the last row of the page before. Raises Http404 for nonsense."""
    said = request.GET.get("before", "")
    if not said:
        return None
    moment, _, id = said.partition("_")
    try:
        issued_at = datetime.fromisoformat(moment)
        if issued_at.tzinfo is None:
            raise ValueError(said)
        return issued_at, UUID(id)
    except (ValueError, OverflowError) as error:
        raise Http404(access.NOT_FOUND) from error
