"""Thresholds, who gets letters, the spend cap, and what was told so far."""

from typing import cast

from django.contrib import messages
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import settings_history
from accounts.models import User
from billing.letters import opting_out, recipients
from metering.balances import spend_cap
from metering.notices import thresholds
from servicebilling.lib.errors import DomainError
from servicebilling.website import alerts_page
from servicebilling.website.alerts_forms import CapForm, ThresholdsForm, written
from servicebilling.website.alerts_page import AlertsPage
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:alerts"


@require_safe
@never_cache
@organization_page("alerts.view", section=SECTION)
def alerts(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _show(request, frame)


@require_safe
@never_cache
@organization_page("alerts.view", section=SECTION)
def history(request: HttpRequest, frame: Frame) -> HttpResponse:
    page = alerts_page.history_of(frame, request.GET)
    return render(request, "website/alerts_history.html", {"frame": frame, "page": page})


@require_POST
@organization_page("alerts.manage", section=SECTION)
def set_thresholds(request: HttpRequest, frame: Frame) -> HttpResponse:
    form = ThresholdsForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, thresholds_form=form)
    try:
        thresholds.choose(
            frame.organization,
            form.thresholds,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _show(request, frame, thresholds_form=form)
    messages.success(request, "Saved. It counts from the next half minute on.")
    return _back(frame)


@require_POST
@organization_page("alerts.manage", section=SECTION)
def set_cap(request: HttpRequest, frame: Frame) -> HttpResponse:
    form = CapForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, cap_form=form)
    minutes = form.cleaned_data["minutes"]
    try:
        spend_cap.set_cap(
            frame.organization,
            minutes=minutes,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        form.add_error("minutes", error.message)
        return _show(request, frame, cap_form=form)
    said = "Only the plan's limit holds now."
    if minutes is not None:
        said = f"Calls stop at {minutes:,} overage minutes, from now on."
    messages.success(request, said)
    return _back(frame)


@require_POST
@organization_page("alerts.view", section=SECTION)
def choose_letters(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Everybody chooses for themselves; who manages alerts, for all."""
    address = request.POST.get("address", "")
    page = alerts_page.of(frame, now=timezone.now())
    lines = {line.who.address.lower(): line for line in page.recipients}
    line = lines.get(address.lower())
    if line is not None and not line.may_change:
        raise PermissionDenied
    try:
        recipients.choose_all(
            frame.organization,
            address=address,
            gets_letters=request.POST.get("gets") == "yes",
            kinds=request.POST.getlist("kind"),
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"Saved for {address}.")
    return _back(frame)


@require_POST
@organization_page("alerts.manage", section=SECTION)
def letters_for_all(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Let letters of a kind that was turned off for everybody come again."""
    kinds = {str(kind): key for kind, key in opting_out.SETTINGS.items()}
    key = kinds.get(request.POST.get("kind", ""))
    if key is not None:
        settings_history.set_value(
            key,
            True,
            organization=frame.organization,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
        messages.success(request, "These e-mails come again.")
    return _back(frame)


def _show(
    request: HttpRequest,
    frame: Frame,
    *,
    thresholds_form: ThresholdsForm | None = None,
    cap_form: CapForm | None = None,
) -> HttpResponse:
    page = alerts_page.of(frame, now=timezone.now())
    context = {
        "frame": frame,
        "page": page,
        "thresholds_form": thresholds_form or _thresholds_form(page),
        "cap_form": cap_form
        or CapForm(initial={"minutes": page.cap.own_minutes if page.cap else None}),
    }
    return render(request, "website/alerts.html", context)


def _thresholds_form(page: AlertsPage) -> ThresholdsForm:
    told = page.thresholds
    percents = tuple(one for one in told.percents if one < thresholds.ALL_USED)
    return ThresholdsForm(
        initial={
            "percents": written(percents),
            "minutes": written(told.minutes),
            "amounts": written(told.wallet),
        }
    )


def _back(frame: Frame) -> HttpResponse:
    return redirect(url_of("website:alerts", frame.organization))
