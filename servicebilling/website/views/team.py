"""Who belongs to the organization: inviting, roles, handing over, leaving."""

from collections.abc import Callable
from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import invitations, members
from accounts.errors import (
    AccountsError,
    InvalidDetail,
    InvitationNotFound,
    NotAMember,
)
from accounts.models import Invitation, User
from billing.letters import people
from servicebilling.website import addresses, team_page
from servicebilling.website.forms import InvitationForm
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:team"


@require_safe
@never_cache
@organization_page("team.view", section=SECTION)
def team(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _show(request, frame, InvitationForm())


@require_POST
@organization_page("team.manage", section=SECTION)
def invite(request: HttpRequest, frame: Frame) -> HttpResponse:
    form = InvitationForm(request.POST)
    if not form.is_valid():
        return _show(request, frame, form)
    try:
        invited = invitations.invite(
            frame.organization,
            email=form.cleaned_data["email"],
            role=form.cleaned_data["role"],
            invited_by=cast(User, request.user),
            now=timezone.now(),
        )
    except AccountsError as error:
        form.add_error("email", error.message)
        return _show(request, frame, form)
    address = invited.invitation.email
    if people.invite(invited.invitation, now=timezone.now()):
        messages.success(request, f"An e-mail is on its way to {address}.")
    else:
        messages.warning(
            request,
            f"No mail server takes the e-mail to {address} now. It is sent as soon as one"
            " does; there is nothing you need to do.",
        )
    return _back(frame)


@require_POST
@organization_page("team.manage", section=SECTION)
def withdraw(request: HttpRequest, frame: Frame) -> HttpResponse:
    def act() -> str:
        named = addresses.uuid(request.POST.get("invitation", ""))
        mine = Invitation.objects.filter(organization=frame.organization)
        found = mine.filter(pk=named).first() if named else None
        if found is None:
            raise InvitationNotFound
        invitations.revoke(found, actor=cast(User, request.user), now=timezone.now())
        return f"The invitation of {found.email} is withdrawn."

    return _act(request, frame, act)


@require_POST
@organization_page("team.manage", section=SECTION)
def change_role(request: HttpRequest, frame: Frame) -> HttpResponse:
    def act() -> str:
        person = _named_member(request, frame)
        changed = members.change_role(
            frame.organization,
            user=person,
            role=request.POST.get("role", ""),
            actor=cast(User, request.user),
            now=timezone.now(),
        )
        return f"{person.get_full_name()} is {changed.get_role_display().lower()} now."

    return _act(request, frame, act)


@require_POST
@organization_page("team.manage", section=SECTION)
def remove(request: HttpRequest, frame: Frame) -> HttpResponse:
    def act() -> str:
        person = _named_member(request, frame)
        members.remove(
            frame.organization,
            user=person,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
        return f"{person.get_full_name()} is no longer a member."

    return _act(request, frame, act)


@require_POST
@organization_page("organization.transfer", section=SECTION)
def transfer(request: HttpRequest, frame: Frame) -> HttpResponse:
    def act() -> str:
        heir = _named_member(request, frame)
        if not request.POST.get("sure"):
            raise InvalidDetail("Tick that you want to hand it over.")
        members.transfer(
            frame.organization,
            to=heir,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
        return f"{heir.get_full_name()} owns {frame.organization.name} now."

    return _act(request, frame, act)


@require_POST
@organization_page("team.view", section=SECTION)
def leave(request: HttpRequest, frame: Frame) -> HttpResponse:
    try:
        members.leave(frame.organization, user=cast(User, request.user), now=timezone.now())
    except AccountsError as error:
        messages.error(request, error.message)
        return _back(frame)
    messages.success(request, f"You have left {frame.organization.name}.")
    return redirect("website:dashboard")


def _show(request: HttpRequest, frame: Frame, form: InvitationForm) -> HttpResponse:
    context = {
        "frame": frame,
        "form": form,
        **team_page.of(frame.organization, now=timezone.now()),
        "roles": members.GIVEN_ROLES,
    }
    return render(request, "website/team.html", context)


def _act(request: HttpRequest, frame: Frame, act: Callable[[], str]) -> HttpResponse:
    """Do it and say so, or say why not; either way back to the page."""
    try:
        messages.success(request, act())
    except AccountsError as error:
        messages.error(request, error.message)
    return _back(frame)


def _named_member(request: HttpRequest, frame: Frame) -> User:
    """Return the member that the form names. Raises NotAMember."""
    named = addresses.row_id(request.POST.get("member", "")) or 0
    found = User.objects.filter(
        pk=named, memberships__organization=frame.organization
    ).first()
    if found is None:
        raise NotAMember
    return found


def _back(frame: Frame) -> HttpResponse:
    return redirect(url_of("website:team", frame.organization))
