"""Placing calls: outbound ones, and web calls that a browser joins."""

from typing import Any

from django.utils import timezone
from rest_framework import serializers, status
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.models import Organization
from metering.calls import lines, outbound
from metering.calls.outbound import Placed, Wanted
from metering.models import Placement

KEY_LENGTH_MAX = 255


class OutboundRequest(serializers.Serializer[dict[str, Any]]):
    """Whom to call; with which number and agent, where there are several."""

    to = serializers.CharField(max_length=20)
    number = serializers.CharField(max_length=20, required=False)
    agent_id = serializers.UUIDField(required=False)


class WebRequest(serializers.Serializer[dict[str, Any]]):
    """Which agent answers, where there are several."""

    agent_id = serializers.UUIDField(required=False)


class PlacedAnswer(serializers.Serializer[dict[str, Any]]):
    call_id = serializers.UUIDField(help_text="As in the list of calls.")
    seconds_max = serializers.IntegerField(
        help_text="The provider ends the call after so many seconds."
    )


class WebCallJoin(serializers.Serializer[dict[str, Any]]):
    id = serializers.CharField()
    webCallUrl = serializers.CharField()


class PlacedWebAnswer(PlacedAnswer):
    web_call = WebCallJoin(
        help_text="What the provider's browser library takes to join the call."
    )


class PlaceCall(APIView):
    """Dial, if something can pay: 201 with what the call may last, or 402 and why not."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "calls.create")
        asked = OutboundRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        line = lines.choose(
            organization,
            e164=asked.validated_data.get("number", ""),
            agent_id=asked.validated_data.get("agent_id"),
        )
        wanted = Wanted(
            Placement.Kind.OUTBOUND, line.agent, line.number, asked.validated_data["to"]
        )
        placed = _place(request, organization, wanted)
        return Response(_told(placed), status=status.HTTP_201_CREATED)


class PlaceWebCall(APIView):
    """Open a web call. `web_call` is what the provider's browser library joins it by, and
    nothing by which its cap or its reports could be changed."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "calls.create")
        asked = WebRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        agent = lines.choose_agent(
            organization, agent_id=asked.validated_data.get("agent_id")
        )
        placed = _place(request, organization, Wanted(Placement.Kind.WEB, agent))
        told = _told(placed) | {
            "web_call": {"id": placed.provider_call_id, "webCallUrl": placed.join_url}
        }
        return Response(told, status=status.HTTP_201_CREATED)


def _place(request: Request, organization: Organization, wanted: Wanted) -> Placed:
    key = request.headers.get("Idempotency-Key", "")
    if len(key) > KEY_LENGTH_MAX or not key.isprintable():
        raise serializers.ValidationError(
            f"Idempotency-Key is up to {KEY_LENGTH_MAX} printable characters."
        )
    return outbound.place(organization, wanted, idempotency_key=key, now=timezone.now())


def _told(placed: Placed) -> dict[str, Any]:
    return {"call_id": str(placed.call_id), "seconds_max": placed.seconds_max}
