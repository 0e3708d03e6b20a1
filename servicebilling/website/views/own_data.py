"""An owner's rights over what is kept: take it away, close, have it erased."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.models import User
from billing import archives, closing, erasing, tasks
from metering.usage import exports
from servicebilling.lib.errors import DomainError
from servicebilling.website.forms import CloseForm
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:settings"


@require_safe
@never_cache
@organization_page("organization.take_away", section=SECTION)
def own_data(request: HttpRequest, frame: Frame) -> HttpResponse:
    now = timezone.now()
    context = {
        "frame": frame,
        "files": exports.recent(
            frame.organization, kinds=archives.KINDS, sees_callers=True, now=now
        ),
        "kept_days": exports.KEPT.days,
        "erasure": erasing.of(frame.organization),
        "grace_days": erasing.GRACE.days,
    }
    return render(request, "website/own_data.html", context)


@require_POST
@organization_page("organization.take_away", section=SECTION)
def take_away(request: HttpRequest, frame: Frame) -> HttpResponse:
    try:
        export = archives.request(
            frame.organization,
            requested_by=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        tasks.make_archive.delay_on_commit(str(export.pk))
        messages.success(request, "The file is being made. Look again in a minute.")
    return _back(frame)


@require_POST
@organization_page("organization.erase", section=SECTION)
def erase_caller(request: HttpRequest, frame: Frame) -> HttpResponse:
    if not request.POST.get("sure"):
        messages.error(request, "Tick that you know it cannot be undone.")
        return _back(frame)
    try:
        counts = erasing.erase_caller(
            frame.organization,
            number=request.POST.get("number", ""),
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        calls = "1 call" if counts["calls"] == 1 else f"{counts['calls']} calls"
        messages.success(request, f"The number is erased from {calls}.")
    return _back(frame)


@require_POST
@organization_page("organization.erase", section=SECTION)
def erase(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Have a closed organization erased, or take the wish back."""
    actor, now = cast(User, request.user), timezone.now()
    try:
        if request.POST.get("wanted") == "no":
            erasing.withdraw(frame.organization, actor=actor, now=now)
            messages.success(request, "Nothing will be erased.")
        else:
            erasing.ask(frame.organization, actor=actor, now=now)
    except DomainError as error:
        messages.error(request, error.message)
    return _back(frame)


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@organization_page("organization.close", section=SECTION)
def close(request: HttpRequest, frame: Frame) -> HttpResponse:
    here, now = frame.organization, timezone.now()
    form = CloseForm(request.POST if request.method == "POST" else None, name=here.name)
    if request.method == "POST" and form.is_valid():
        try:
            closing.close(here, actor=cast(User, request.user), now=now)
        except DomainError as error:
            form.add_error(None, error.message)
        else:
            messages.success(request, f"{here.name} is closed.")
            return redirect(url_of("website:own-data", here))
    context = {"frame": frame, "closing_form": form, "facts": closing.facts_of(here)}
    return render(request, "website/close.html", context)


def _back(frame: Frame) -> HttpResponse:
    return redirect(url_of("website:own-data", frame.organization))
