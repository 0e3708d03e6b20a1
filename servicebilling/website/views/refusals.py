"""What refused callers hear, and the person who takes their calls."""

from typing import cast

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts.errors import InvalidDetail
from accounts.models import User
from metering.calls import forwarding, last_minute, own_lines, refusals
from servicebilling.lib.errors import DomainError
from servicebilling.website import line_lists, refusals_page
from servicebilling.website.frames import Frame, organization_page, url_of
from servicebilling.website.refusals_page import Draft

SECTION = "website:alerts"


@require_safe
@never_cache
@organization_page("alerts.view", section=SECTION)
def refused_calls(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _show(request, frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def word(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Keep the words of an agent or for a reason; with `act=try`, only show what a caller
    would hear."""
    key, words = request.POST.get("of", ""), request.POST.get("words", "")
    if request.POST.get("act") == "try":
        return _show(request, frame, draft=refusals_page.tried(key, words))
    actor, now = cast(User, request.user), timezone.now()
    try:
        if refusals_page.agent_id(key):
            own_lines.word_refusals(
                frame.organization, agent_id=key, words=words, actor=actor, now=now
            )
        else:
            refusals.word(frame.organization, rule=key, words=words, actor=actor, now=now)
    except DomainError as error:
        draft = refusals_page.tried(key, words, error=error.message)
        return _show(request, frame, draft=draft)
    messages.success(request, "Saved. The next refused caller hears it.")
    here = url_of("website:refused-calls", frame.organization)
    return redirect(line_lists.back_to(here, request))


@require_POST
@organization_page("settings.manage", section=SECTION)
def word_last_minute(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Keep what is said a minute before a call must end; `act` may be `silent` or `ours`."""
    said = " ".join(request.POST.get("words", "").split())
    act = request.POST.get("act", "")
    words = {"silent": "", "ours": None}.get(act, said)
    try:
        if words == "" and act != "silent":
            raise InvalidDetail("Write what is to be said, or choose to say nothing.")
        last_minute.word(
            frame.organization,
            words,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        return _show(request, frame, last_words=said, last_words_error=error.message)
    messages.success(request, "Saved. Calls that come to their end from now on obey it.")
    return _back(frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def ask_code(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Call the person's number and tell it a code."""
    number = "".join(request.POST.get("number", "").split())
    try:
        forwarding.ask_code(
            frame.organization,
            number,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        return _show(request, frame, number=number, number_error=error.message)
    messages.success(request, f"{number} is being called. Type the code it is told.")
    return _back(frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def confirm(request: HttpRequest, frame: Frame) -> HttpResponse:
    code = "".join(request.POST.get("code", "").split())
    try:
        human = forwarding.confirm(
            frame.organization,
            code,
            actor=cast(User, request.user),
            now=timezone.now(),
        )
    except DomainError as error:
        return _show(request, frame, code_error=error.message)
    messages.success(request, f"Refused calls are handed to {human.e164} now.")
    return _back(frame)


@require_POST
@organization_page("settings.manage", section=SECTION)
def remove(request: HttpRequest, frame: Frame) -> HttpResponse:
    forwarding.remove(
        frame.organization, actor=cast(User, request.user), now=timezone.now()
    )
    messages.success(request, "Refused calls are handed to nobody any more.")
    return _back(frame)


def _show(
    request: HttpRequest,
    frame: Frame,
    *,
    draft: Draft | None = None,
    number: str = "",
    number_error: str = "",
    code_error: str = "",
    last_words: str = "",
    last_words_error: str = "",
) -> HttpResponse:
    context = {
        "frame": frame,
        "page": refusals_page.of(
            frame, line_lists.place_of(request), draft=draft, now=timezone.now()
        ),
        "number": number,
        "number_error": number_error,
        "code_error": code_error,
        "last_words": last_words,
        "last_words_error": last_words_error,
    }
    return render(request, "website/refused_calls.html", context)


def _back(frame: Frame) -> HttpResponse:
    return redirect(url_of("website:refused-calls", frame.organization))
