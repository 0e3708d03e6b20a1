"""Where a person is signed in: the list, ending one, ending all others."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import sign_ins
from accounts.models import User
from servicebilling.website import addresses, browser_names


@require_safe
@never_cache
def listed(request: HttpRequest) -> HttpResponse:
    found = sign_ins.of(
        cast(User, request.user),
        session_key=request.session.session_key,
        now=timezone.now(),
    )
    shown = [(one, browser_names.name_of(one.user_agent)) for one in found]
    return render(request, "website/sign_ins.html", {"sign_ins": shown})


@require_POST
def end(request: HttpRequest) -> HttpResponse:
    named = addresses.row_id(request.POST.get("sign_in", "")) or 0
    if sign_ins.end(cast(User, request.user), named):
        messages.success(request, "Signed out there.")
    else:
        messages.info(request, "That sign-in has ended already.")
    return redirect("website:sign-ins")


@require_POST
def end_others(request: HttpRequest) -> HttpResponse:
    ended = sign_ins.end_others(
        cast(User, request.user), session_key=request.session.session_key
    )
    places = "1 other place" if ended == 1 else f"{ended} other places"
    messages.success(request, f"Signed out in {places}.")
    return redirect("website:sign-ins")
