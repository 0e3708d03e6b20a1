"""Messages that came in and go out, and doing one again."""

from collections import Counter
from dataclasses import asdict
from typing import Any
from uuid import UUID

from django.http import Http404
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import idempotency, staff_access
from accounts.staff_access import Staff
from adminpanel.api.asking import Json, PageQuery
from adminpanel.webhooks import replaying, reports
from adminpanel.webhooks.reports import SOURCES
from metering.api.parameters import read
from servicebilling.lib.api_errors import NOT_FOUND

USUAL = "telephony"
REHEARSED = ("telephony", "payments")
STATES = sorted({state for source in SOURCES.values() for state in source.states})


class WebhooksQuery(PageQuery):
    source = serializers.ChoiceField(list(SOURCES), default=USUAL)
    state = serializers.ChoiceField(STATES, required=False)
    kind = serializers.CharField(
        max_length=60, required=False, help_text="Looks at the last 31 days."
    )
    subject = serializers.CharField(
        max_length=200,
        required=False,
        help_text="The call, the provider's event, the endpoint's id or the overage's key.",
    )

    def validate(self, attrs: Json) -> Json:
        if attrs["source"] == "customers" and attrs.get("subject"):
            try:
                attrs["subject"] = str(UUID(attrs["subject"]))
            except ValueError as error:
                raise serializers.ValidationError(
                    {"subject": ["An endpoint is named by its id."]}
                ) from error
        return attrs


class MessageAnswer(serializers.Serializer[Json]):
    id = serializers.CharField()
    at = serializers.DateTimeField()
    kind = serializers.CharField()
    state = serializers.CharField()
    attempts = serializers.IntegerField()
    error = serializers.CharField()
    organization = serializers.CharField(help_text="Its name; empty if nobody owns it.")
    subject = serializers.CharField()


class MessagesAnswer(serializers.Serializer[Json]):
    webhooks = MessageAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class ReplayRequest(serializers.Serializer[Json]):
    source = serializers.ChoiceField(list(SOURCES), default=USUAL)
    dry_run = serializers.BooleanField(
        default=False, help_text="Only tell what would change; of what came in alone."
    )

    def validate(self, attrs: Json) -> Json:
        if attrs["dry_run"] and attrs["source"] not in REHEARSED:
            raise serializers.ValidationError(
                {"dry_run": ["What goes out cannot be rehearsed."]}
            )
        return attrs


class ReplayChangeAnswer(serializers.Serializer[Json]):
    what = serializers.CharField()
    before = serializers.CharField(allow_null=True)
    after = serializers.CharField(allow_null=True)


class ReplayAnswer(serializers.Serializer[Json]):
    outcome = serializers.CharField(
        help_text="Of settling; `queued`: the worker does it; `left`: nothing to be done."
    )
    changes = ReplayChangeAnswer(many=True, help_text="Of a dry run.")
    dry_run = serializers.BooleanField()


class Webhooks(APIView):
    """Newest first."""

    def get(self, request: Request) -> Response:
        staff = staff_access.staff_for(request, "metering.view_inboundmessage")
        asked = read(request, WebhooksQuery)
        source = SOURCES[asked["source"]]
        staff.demand(source.right)
        page = reports.page(
            source,
            now=timezone.now(),
            cursor=asked.get("cursor", ""),
            state=asked.get("state", ""),
            kind=asked.get("kind", ""),
            subject=asked.get("subject", ""),
            limit=asked["limit"],
        )
        answer = {
            "webhooks": [asdict(one) for one in page.lines],
            "next": page.next or None,
        }
        return Response(MessagesAnswer(answer).data)


class Replay(APIView):
    """What was charged, fulfilled or delivered before is not so twice."""

    def post(self, request: Request, message_id: str) -> Response:
        staff = staff_access.staff_for(request, "metering.replay_messages")
        asked = ReplayRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        staff.demand(SOURCES[said["source"]].right)
        row_id = _row_id(said["source"], message_id)
        if said["dry_run"]:
            sees_money = staff.may("metering.see_money")
            return _rehearse(said["source"], int(row_id), sees_money=sees_money)
        return idempotency.answer_once(
            request,
            None,
            lambda: _replay(staff, said["source"], row_id),
            now=timezone.now(),
        )


def _replay(staff: Staff, source: str, row_id: str) -> Response:
    outcomes: Counter[str] = replaying.replay(
        source, [row_id], actor=staff.actor, now=timezone.now()
    )
    if not outcomes:
        raise Http404(NOT_FOUND)
    [outcome] = outcomes
    return Response(
        ReplayAnswer({"outcome": outcome, "changes": [], "dry_run": False}).data, status=201
    )


def _rehearse(source: str, row_id: int, *, sees_money: bool) -> Response:
    found = replaying.rehearsed(source, [row_id], now=timezone.now())
    if not found:
        raise Http404(NOT_FOUND)
    [told] = found
    changes = [
        {"what": one.what, "before": _text(one.before), "after": _text(one.after)}
        for one in told.changes
        if sees_money or one.what not in reports.AMOUNTS
    ]
    answer = {"outcome": told.outcome, "changes": changes, "dry_run": True}
    return Response(ReplayAnswer(answer).data)


def _text(value: Any) -> str | None:
    return None if value is None else str(value)


def _row_id(source: str, said: str) -> str:
    """Return the id as its table writes it. Raises Http404."""
    if source == "customers":
        try:
            return str(UUID(said))
        except ValueError as error:
            raise Http404(NOT_FOUND) from error
    if not (said.isascii() and said.isdigit() and len(said) <= 18):
        raise Http404(NOT_FOUND)
    return said
