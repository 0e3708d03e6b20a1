"""Changing a subscription, for programs: look at the price first, then ask for it."""

from dataclasses import asdict
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from billing.subscriptions import changes


class ChangeRequest(serializers.Serializer[dict[str, Any]]):
    """Which plan is wanted, by its code. Never a price."""

    plan_id = serializers.SlugField(max_length=60)
    billing_period = serializers.ChoiceField(["monthly", "yearly"], default="monthly")


class QuotedChangeRequest(ChangeRequest):
    """With the `quote` of a preview the amount shown there is charged, for an hour."""

    quote = serializers.CharField(max_length=1000, default="", allow_blank=True)


class Preview(APIView):
    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        wanted = _wanted(request)
        seen = changes.preview(organization, *wanted, now=timezone.now())
        return Response(asdict(seen))


class Change(APIView):
    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        asked = QuotedChangeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        wanted = said["plan_id"], said["billing_period"]
        now = timezone.now()
        return idempotency.answer_once(
            request,
            organization,
            lambda: Response(
                asdict(changes.change(organization, *wanted, now=now, quote=said["quote"]))
            ),
            now=now,
        )


class Cancel(APIView):
    """End with what is paid. Safe to ask twice."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        asked = changes.cancel_at_period_end(organization, now=timezone.now())
        return Response(asdict(asked))


class Resume(APIView):
    """Go on after all. Safe to ask twice."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.manage")
        return Response(asdict(changes.undo_cancel(organization, now=timezone.now())))


def _wanted(request: Request) -> tuple[str, str]:
    asked = ChangeRequest(data=request.data)
    asked.is_valid(raise_exception=True)
    return asked.validated_data["plan_id"], asked.validated_data["billing_period"]
