"""The inboxes and outboxes: what is there, why it failed, and doing it again."""

import json
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.http import urlencode
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.models import User
from adminpanel import frames
from adminpanel.webhooks import replaying, reports
from adminpanel.webhooks.reports import SOURCES, Source
from metering.models import WebhookDelivery
from servicebilling.lib import phone_numbers
from servicebilling.lib.keyset import InvalidCursor

AT_ONCE_MAX = 50
_may_replay = permission_required("metering.replay_messages", raise_exception=True)


@never_cache
@require_safe
@admin.site.admin_view
def webhooks(request: HttpRequest) -> HttpResponse:
    name, source = _source(request)
    asked = {
        key: request.GET.get(key, "").strip()[:200].replace("\0", "")
        for key in ("state", "kind", "subject")
    }
    if asked["state"] not in ("", *source.states):
        raise BadRequest("There is no such state.")
    if name == "customers" and asked["subject"]:
        asked["subject"] = _uuid(asked["subject"])
    try:
        found = reports.page(
            source,
            now=timezone.now(),
            cursor=request.GET.get("cursor", ""),
            state=asked["state"],
            kind=asked["kind"],
            subject=asked["subject"],
        )
    except InvalidCursor as error:
        raise BadRequest(error.message) from error
    shown = {
        "page": found,
        "asked": asked,
        "chosen": name,
        "source": source,
        "sources": [
            (key, one.title)
            for key, one in SOURCES.items()
            if request.user.has_perm(one.right)
        ],
        "may_replay": request.user.has_perm("metering.replay_messages"),
    }
    return frames.page(request, "webhooks/list.html", "Webhooks", shown)


@never_cache
@require_safe
@admin.site.admin_view
def message(request: HttpRequest, message_id: int) -> HttpResponse:
    name, source = _source(request)
    if name not in ("telephony", "payments"):
        raise Http404
    rows = source.model._default_manager.select_related("organization")
    found: Any = rows.filter(pk=message_id).first()
    if found is None:
        raise Http404
    sees_money = request.user.has_perm(frames.SEE_MONEY)
    body = reports.shown_body(found.body, with_money=sees_money)
    if not request.user.has_perm(frames.SEE_NUMBERS):
        body = phone_numbers.masked_within(body)
    shown = {
        "message": found,
        "chosen": name,
        "body": json.dumps(body, indent=2, ensure_ascii=False),
        "may_replay": request.user.has_perm("metering.replay_messages"),
    }
    title = f"Message {message_id}"
    return frames.page(request, "webhooks/message.html", title, shown)


@never_cache
@admin.site.admin_view
@_may_replay
@require_http_methods(["GET", "HEAD", "POST"])
def replay(request: HttpRequest) -> HttpResponse:
    """Show first what doing the chosen messages again would change; confirmed, do it."""
    name, source = _source(request)
    ids = reports.known(source, _ids(request, source))
    back = f"{reverse('adminpanel:webhooks')}?{urlencode({'source': name})}"
    if request.method != "POST":
        # The address of a preview, opened again.
        return redirect(back)
    if not ids:
        messages.error(request, "Choose messages that can be read.")
        return redirect(back)
    now = timezone.now()
    if "confirm" not in request.POST:
        shown = {
            "chosen": name,
            "source": source,
            "ids": ids,
            "rehearsed": replaying.rehearsed(name, ids, now=now),
            "amounts": reports.AMOUNTS,
            "lines": reports.lines_of(source, ids),
            "back": back,
        }
        return frames.page(request, "webhooks/replay.html", "Replay messages", shown)
    outcomes = replaying.replay(name, ids, actor=cast(User, request.user), now=now)
    told = ", ".join(
        f"{count} {outcome.replace('_', ' ')}"
        for outcome, count in sorted(outcomes.items())
    )
    said = messages.warning if outcomes["failed"] or outcomes["left"] else messages.success
    said(request, f"Done again: {told}.")
    return redirect(back)


def _source(request: HttpRequest) -> tuple[str, Source]:
    name = request.POST.get("source") or request.GET.get("source") or "telephony"
    if name not in SOURCES:
        raise Http404
    source = SOURCES[name]
    if not request.user.has_perm(source.right):
        raise PermissionDenied
    return name, source


def _ids(request: HttpRequest, source: Source) -> list[str]:
    said = request.POST.getlist("id")
    if len(said) > AT_ONCE_MAX:
        raise BadRequest(f"Choose at most {AT_ONCE_MAX} messages at once.")
    if source.model is WebhookDelivery:
        return [_uuid(one) for one in said]
    if not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in said):
        raise BadRequest("These are no messages.")
    return said


def _uuid(said: str) -> str:
    try:
        return str(UUID(said))
    except ValueError as error:
        raise BadRequest("That is no id.") from error
