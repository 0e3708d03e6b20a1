"""Keys for programs: made, shown once, withdrawn."""

from datetime import datetime, timedelta
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import api_keys, reports
from accounts.api_keys import Issued
from accounts.capabilities import READ_ONLY_SCOPES
from accounts.errors import AccountsError
from accounts.models import ApiKey, User
from servicebilling.website.forms import ApiKeyForm
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:api-keys"


@require_http_methods(["GET", "HEAD"])
@never_cache
@organization_page("keys.view", section=SECTION)
def keys(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _show(request, frame, _empty_form())


@require_POST
@never_cache
@organization_page("keys.manage", section=SECTION)
def issue(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The new key is in this answer and nowhere else, so it is not redirected."""
    form = ApiKeyForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, form)
    now = timezone.now()
    try:
        issued = api_keys.issue(
            organization=frame.organization,
            name=form.cleaned_data["name"],
            scopes=form.cleaned_data["scopes"],
            expires_at=_end(form.cleaned_data["days"], now),
            actor=cast(User, request.user),
            now=now,
        )
    except AccountsError as error:
        form.add_error(None, error.message)
        return _show(request, frame, form)
    return _show(request, frame, _empty_form(), issued=issued)


@require_POST
@organization_page("keys.manage", section=SECTION)
def revoke(request: HttpRequest, frame: Frame) -> HttpResponse:
    named = request.POST.get("key", "")
    found = ApiKey.objects.filter(
        organization=frame.organization, prefix=named if named.isalnum() else ""
    ).first()
    if found is None:
        messages.error(request, "There is no such key.")
    else:
        api_keys.revoke(found, actor=cast(User, request.user), now=timezone.now())
        messages.success(request, f"{found.name} no longer opens anything.")
    return redirect(url_of("website:api-keys", frame.organization))


def _show(
    request: HttpRequest, frame: Frame, form: ApiKeyForm, *, issued: Issued | None = None
) -> HttpResponse:
    context = {
        "frame": frame,
        "form": form,
        "issued": issued,
        "can_see_webhooks": frame.can("webhooks.view"),
        "keys": reports.keys_of(frame.organization, now=timezone.now()),
    }
    return render(request, "website/api_keys.html", context)


def _empty_form() -> ApiKeyForm:
    return ApiKeyForm(initial={"scopes": READ_ONLY_SCOPES})


def _end(days: str, now: datetime) -> datetime | None:
    return None if days == "never" else now + timedelta(days=int(days))
