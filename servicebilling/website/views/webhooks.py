"""Webhooks to the organization's own systems: addresses, secrets, what was sent."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from metering.outgoing import delivery, endpoints
from metering.outgoing.errors import NoSuchWebhook
from servicebilling.lib.errors import DomainError
from servicebilling.website import addresses, webhook_page
from servicebilling.website.frames import Frame, organization_page, url_of
from servicebilling.website.webhook_page import EndpointForm

SECTION = "website:webhooks"
NOTHING = UUID(int=0)


@require_http_methods(["GET", "HEAD"])
@never_cache
@organization_page("webhooks.view", section=SECTION)
def webhooks(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _show(request, frame, EndpointForm())


@require_POST
@never_cache
@organization_page("webhooks.manage", section=SECTION)
def add(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The secret is in this answer and nowhere else, so it is not redirected."""
    form = EndpointForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, form)
    try:
        made, secret = endpoints.add(
            frame.organization,
            url=form.cleaned_data["url"],
            kinds=form.cleaned_data["events"],
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        form.add_error(None, error.message)
        return _show(request, frame, form)
    return _show(request, frame, EndpointForm(), secret=secret, of=made.id)


@require_POST
@never_cache
@organization_page("webhooks.manage", section=SECTION)
def rotate(request: HttpRequest, frame: Frame) -> HttpResponse:
    named = _named(request, "endpoint")
    try:
        secret = endpoints.rotate(
            frame.organization,
            named,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except NoSuchWebhook:
        return _gone(request, frame)
    return _show(request, frame, EndpointForm(), secret=secret, of=named, is_rotated=True)


@require_POST
@organization_page("webhooks.manage", section=SECTION)
def remove(request: HttpRequest, frame: Frame) -> HttpResponse:
    try:
        endpoints.remove(
            frame.organization,
            _named(request, "endpoint"),
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except NoSuchWebhook:
        return _gone(request, frame)
    messages.success(request, "Nothing is sent there any more.")
    return redirect(url_of("website:webhooks", frame.organization))


@require_POST
@organization_page("webhooks.manage", section=SECTION)
def resend(request: HttpRequest, frame: Frame) -> HttpResponse:
    try:
        delivery.resend(frame.organization, _named(request, "message"), now=timezone.now())
    except NoSuchWebhook:
        return _gone(request, frame)
    messages.success(request, "It is sent again within seconds.")
    return redirect(url_of("website:webhooks", frame.organization))


def _show(
    request: HttpRequest,
    frame: Frame,
    form: EndpointForm,
    *,
    secret: str = "",
    of: UUID | None = None,
    is_rotated: bool = False,
) -> HttpResponse:
    page = webhook_page.of(frame.organization, cursor=request.GET.get("cursor", ""))
    context = {
        "frame": frame,
        "form": form,
        "page": page,
        "now": timezone.now(),
        "can_manage": frame.can("webhooks.manage"),
        "secret": secret,
        "secret_url": next((one.url for one in page.endpoints if one.id == of), ""),
        "is_rotated": is_rotated,
    }
    return render(request, "website/webhooks.html", context)


def _gone(request: HttpRequest, frame: Frame) -> HttpResponse:
    messages.error(request, "There is no such webhook, or its address was removed.")
    return redirect(url_of("website:webhooks", frame.organization))


def _named(request: HttpRequest, field: str) -> UUID:
    return addresses.uuid(request.POST.get(field, "")) or NOTHING
