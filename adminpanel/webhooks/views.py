"""The inboxes and outboxes: what is there, why it failed, and doing it again."""

import json
from collections import Counter
from typing import Any, cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest, PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_POST, require_safe

from accounts import audit
from accounts.models import User
from adminpanel import frames
from adminpanel.webhooks import reports
from adminpanel.webhooks.reports import SOURCES, Source
from metering.calls import inbox, rehearsal
from metering.models import InboundMessage, WebhookDelivery
from metering.outgoing import delivery
from metering.outgoing.errors import NoSuchWebhook
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
@require_POST
def replay(request: HttpRequest) -> HttpResponse:
    """Show first what replaying the chosen messages would change; confirmed, do it."""
    ids = _ids(request)
    found = inbox.selected(ids=ids) if ids else InboundMessage.objects.none()
    ids = list(found.values_list("pk", flat=True))
    if not ids:
        messages.error(request, "Choose messages that can be read.")
        return redirect("adminpanel:webhooks")
    now = timezone.now()
    if "confirm" not in request.POST:
        shown = {"rehearsed": list(rehearsal.rehearse(ids, now=now)), "ids": ids}
        return frames.page(request, "webhooks/replay.html", "Replay messages", shown)
    outcomes = Counter(one.outcome for one in inbox.replay(ids, now=now))
    audit.record(
        organization=None,
        actor=cast(User, request.user),
        action="messages.replayed",
        detail={"ids": ids, "outcomes": dict(outcomes)},
        now=now,
    )
    told = ", ".join(f"{count} {outcome}" for outcome, count in sorted(outcomes.items()))
    said = messages.warning if outcomes["failed"] else messages.success
    said(request, f"Replayed: {told}.")
    return redirect("adminpanel:webhooks")


@never_cache
@admin.site.admin_view
@_may_replay
@require_POST
def resend(request: HttpRequest, delivery_id: UUID) -> HttpResponse:
    """Let a message to a customer's system be sent again at once."""
    row = WebhookDelivery.objects.select_related("organization").filter(pk=delivery_id)
    found, now = row.first(), timezone.now()
    if found is None:
        raise Http404
    try:
        delivery.resend(found.organization, found.pk, now=now)
    except NoSuchWebhook:
        messages.error(request, "Its endpoint was removed; nothing goes there any more.")
    else:
        audit.record(
            organization=found.organization,
            actor=cast(User, request.user),
            action="webhook.resent",
            detail={"delivery": str(found.pk)},
            now=now,
        )
        messages.success(request, "It will be sent again at once.")
    return redirect(f"{reverse('adminpanel:webhooks')}?source=customers")


def _source(request: HttpRequest) -> tuple[str, Source]:
    name = request.GET.get("source") or "telephony"
    if name not in SOURCES:
        raise Http404
    source = SOURCES[name]
    if not request.user.has_perm(source.right):
        raise PermissionDenied
    return name, source


def _ids(request: HttpRequest) -> list[int]:
    said = request.POST.getlist("id")
    if len(said) > AT_ONCE_MAX:
        raise BadRequest(f"Choose at most {AT_ONCE_MAX} messages at once.")
    if not all(one.isascii() and one.isdigit() and len(one) <= 18 for one in said):
        raise BadRequest("These are no messages.")
    return [int(one) for one in said]


def _uuid(said: str) -> str:
    try:
        return str(UUID(said))
    except ValueError as error:
        raise BadRequest("An endpoint is named by its id.") from error
