"""The person who takes refused calls: which number, and its confirmation."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from accounts.audit import Actor
from accounts.models import User
from metering.calls import forwarding
from metering.models import HumanLine


class NumberRequest(serializers.Serializer[dict[str, Any]]):
    number = serializers.CharField(max_length=20, help_text="In E.164 form.")


class CodeRequest(serializers.Serializer[dict[str, Any]]):
    code = serializers.RegexField(r"^[0-9]{6}$", help_text="As it was spoken.")


class HumanLineAnswer(serializers.Serializer[dict[str, Any]]):
    number = serializers.CharField(allow_null=True)
    is_confirmed = serializers.BooleanField()


class Line(APIView):
    """The number that refused calls are handed to, once it is confirmed."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "settings.view")
        return Response(_told(HumanLine.objects.filter(organization=organization).first()))

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "settings.manage")
        asked = NumberRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        now = timezone.now()

        def ask_code() -> Response:
            human = forwarding.ask_code(
                organization,
                asked.validated_data["number"],
                actor=_actor(request),
                now=now,
            )
            return Response(_told(human), status=status.HTTP_201_CREATED)

        return idempotency.answer_once(request, organization, ask_code, now=now)

    def delete(self, request: Request) -> Response:
        organization = access.organization_for(request, "settings.manage")
        forwarding.remove(organization, actor=_actor(request), now=timezone.now())
        return Response(status=status.HTTP_204_NO_CONTENT)


class Confirm(APIView):
    """The code that was spoken to the number."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "settings.manage")
        asked = CodeRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        human = forwarding.confirm(
            organization,
            asked.validated_data["code"],
            actor=_actor(request),
            now=timezone.now(),
        )
        return Response(_told(human))


def _actor(request: Request) -> Actor:
    return request.user if isinstance(request.user, User) else request.auth


def _told(human: HumanLine | None) -> dict[str, Any]:
    is_there = human is not None and bool(human.confirmed_at or human.code_hash)
    return {
        "number": human.e164 if human is not None and is_there else None,
        "is_confirmed": bool(human and human.confirmed_at),
    }
