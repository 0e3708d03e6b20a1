"""What an organization is called, its numbers and agents."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import organizations
from accounts.errors import AccountsError
from accounts.models import User
from billing.letters import bounces, recipients
from metering.calls import own_lines
from servicebilling.lib.errors import DomainError
from servicebilling.website import line_lists
from servicebilling.website.forms import DetailsForm
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:settings"
# Where addresses stand whose letters come back.
PAGES = {"alerts": "website:alerts", "team": "website:team"}


@require_safe
@never_cache
@organization_page("settings.view", section=SECTION)
def settings(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _show(request, frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def describe(request: HttpRequest, frame: Frame) -> HttpResponse:
    form = DetailsForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, details=form)
    try:
        organizations.describe(
            frame.organization,
            name=form.cleaned_data["name"],
            billing_email=form.cleaned_data["billing_email"],
            timezone=form.cleaned_data["timezone"],
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except AccountsError as error:
        form.add_error(None, error.message)
        return _show(request, frame, details=form)
    messages.success(request, "Saved.")
    return _back(frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def assign(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Let another agent answer a number, and name it."""
    try:
        number = own_lines.assign(
            frame.organization,
            number_id=request.POST.get("phone_number", ""),
            agent_id=request.POST.get("agent", ""),
            label=request.POST.get("label"),
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        answers = number.agent.name if number.agent else "Nobody"
        messages.success(request, f"{answers} answers {number} now.")
    return _back_to_lines(request, frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def rename_agent(request: HttpRequest, frame: Frame) -> HttpResponse:
    try:
        agent = own_lines.rename_agent(
            frame.organization,
            agent_id=request.POST.get("agent", ""),
            name=request.POST.get("name", ""),
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        messages.error(request, error.message)
    else:
        messages.success(request, f"The agent is called {agent.name} now.")
    return _back_to_lines(request, frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def write_again(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Letters came back from an address of the organization's, the billing address if none
    is named; somebody says that they will not now."""
    named = request.POST.get("address", "").strip().lower()
    known = [one.address for one in recipients.recipients_of(frame.organization)]
    address = next((one for one in known if one.lower() == named), None)
    if not named:
        address = frame.organization.billing_email
    if address is None:
        messages.error(request, "No e-mails of this organization go to that address.")
    elif bounces.clear(
        address,
        organization=frame.organization,
        actor=cast(User, request.user),
        now=timezone.now(),
    ):
        messages.success(request, f"E-mails go to {address} again.")
    page = request.POST.get("page", "")
    return redirect(url_of(PAGES.get(page, SECTION), frame.organization))


def _show(
    request: HttpRequest,
    frame: Frame,
    *,
    details: DetailsForm | None = None,
) -> HttpResponse:
    here = frame.organization
    context = {
        "frame": frame,
        "details": details
        or DetailsForm(
            initial={
                "name": here.name,
                "billing_email": here.billing_email,
                "timezone": here.timezone,
            }
        ),
        "lines": line_lists.of(here, line_lists.place_of(request), page=SECTION),
        "returned": bounces.mark_of(here.billing_email),
    }
    return render(request, "website/settings.html", context)


def _back(frame: Frame) -> HttpResponse:
    return redirect(url_of(SECTION, frame.organization))


def _back_to_lines(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Back to the page of the list that somebody changed a line of."""
    return redirect(line_lists.back_to(url_of(SECTION, frame.organization), request))
