"""Joining an organization by the link of a letter."""

from typing import cast

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts import invitations
from accounts.errors import AccountsError
from accounts.models import User
from servicebilling.website.frames import INVITATION_KEY, url_of


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def invitation(request: HttpRequest, token: str) -> HttpResponse:
    """Shows who invites to what; joining takes a sign-in with the invited address."""
    now = timezone.now()
    try:
        found = invitations.find(token, now=now)
    except AccountsError as error:
        request.session.pop(INVITATION_KEY, None)
        context = {"refusal": error.message}
        return render(request, "website/invitation.html", context, status=error.status)
    if request.method == "POST" and request.user.is_authenticated:
        return _join(request, token)
    if not request.user.is_authenticated:
        # Signing up leads through a letter; who comes back from it is led here again.
        request.session[INVITATION_KEY] = token
    shown = {
        "invitation": found,
        "is_for_somebody_else": request.user.is_authenticated
        and not invitations.is_for(found, cast(User, request.user)),
    }
    return render(request, "website/invitation.html", shown)


def _join(request: HttpRequest, token: str) -> HttpResponse:
    try:
        membership = invitations.accept(
            token, user=cast(User, request.user), now=timezone.now()
        )
    except AccountsError as error:
        context = {"refusal": error.message}
        return render(request, "website/invitation.html", context, status=error.status)
    request.session.pop(INVITATION_KEY, None)
    messages.success(request, f"Welcome to {membership.organization.name}.")
    return redirect(url_of("website:dashboard", membership.organization))
