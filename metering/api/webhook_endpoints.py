"""Webhooks to the customer's own systems: where they go, what was sent, sending it again."""

from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from accounts.authentication import actor_of
from metering.api.parameters import LIMIT_USUAL, Named, read
from metering.models import EventKind, WebhookDelivery
from metering.outgoing import delivery, endpoints, sending
from metering.usage.call_pages import LIMIT_MAX
from servicebilling.lib import keyset
from servicebilling.lib.strict_fields import StrictIntegerField

Json = dict[str, Any]


class EndpointRequest(serializers.Serializer[Json]):
    url = serializers.CharField(
        max_length=sending.URL_LENGTH_MAX, help_text="https, on the public internet."
    )
    events = serializers.ListField(
        child=serializers.ChoiceField(EventKind.choices), min_length=1, max_length=10
    )


class EndpointAnswer(serializers.Serializer[Json]):
    id = serializers.UUIDField()
    url = serializers.CharField()
    events = serializers.ListField(child=serializers.CharField())
    created_at = serializers.DateTimeField()


class NewEndpointAnswer(EndpointAnswer):
    secret = serializers.CharField(help_text="Shown now and never again.")


class EndpointsAnswer(serializers.Serializer[Json]):
    endpoints = EndpointAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Always null: they are few.")


class SecretAnswer(serializers.Serializer[Json]):
    secret = serializers.CharField(help_text="Shown now and never again.")


class DeliveriesQuery(Named):
    limit = StrictIntegerField(min_value=1, max_value=LIMIT_MAX, default=LIMIT_USUAL)
    cursor = serializers.CharField(
        max_length=keyset.LENGTH_MAX, required=False, help_text="`next` of the page before."
    )


class DeliveryAnswer(serializers.Serializer[Json]):
    id = serializers.UUIDField()
    endpoint_id = serializers.UUIDField()
    url = serializers.CharField()
    event = serializers.CharField(source="kind")
    state = serializers.ChoiceField(WebhookDelivery.State.choices)
    attempts = serializers.IntegerField()
    occurred_at = serializers.DateTimeField()
    delivered_at = serializers.DateTimeField(allow_null=True)
    next_attempt_at = serializers.DateTimeField(allow_null=True)
    response_status = serializers.IntegerField(allow_null=True)
    error = serializers.CharField()


class DeliveriesAnswer(serializers.Serializer[Json]):
    deliveries = DeliveryAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class Endpoints(APIView):
    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "webhooks.view")
        found = [_shown(one) for one in endpoints.endpoints_of(organization)]
        return Response(EndpointsAnswer({"endpoints": found, "next": None}).data)

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "webhooks.manage")
        asked = EndpointRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        now = timezone.now()

        def add() -> Response:
            made, secret = endpoints.add(
                organization,
                url=asked.validated_data["url"],
                kinds=asked.validated_data["events"],
                actor=actor_of(request),
                now=now,
            )
            answer = NewEndpointAnswer(_shown(made) | {"secret": secret}).data
            return Response(answer, status=201)

        return idempotency.answer_once(request, organization, add, now=now)


class OneEndpoint(APIView):
    def delete(self, request: Request, endpoint_id: UUID) -> Response:
        organization = access.organization_for(request, "webhooks.manage")
        endpoints.remove(
            organization, endpoint_id, actor=actor_of(request), now=timezone.now()
        )
        return Response(status=204)


class RotateSecret(APIView):
    def post(self, request: Request, endpoint_id: UUID) -> Response:
        organization = access.organization_for(request, "webhooks.manage")
        now = timezone.now()

        def rotate() -> Response:
            secret = endpoints.rotate(
                organization, endpoint_id, actor=actor_of(request), now=now
            )
            return Response(SecretAnswer({"secret": secret}).data)

        return idempotency.answer_once(request, organization, rotate, now=now)


class Deliveries(APIView):
    """What was sent, newest first."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "webhooks.view")
        asked = read(request, DeliveriesQuery)
        page = endpoints.log_page(
            organization, limit=asked["limit"], cursor=asked.get("cursor", "")
        )
        answer = {"deliveries": page.lines, "next": page.next}
        return Response(DeliveriesAnswer(answer).data)


class Resend(APIView):
    def post(self, request: Request, delivery_id: UUID) -> Response:
        organization = access.organization_for(request, "webhooks.manage")
        delivery.resend(organization, delivery_id, now=timezone.now())
        return Response(status=204)


def _shown(endpoint: endpoints.Endpoint) -> Json:
    return {
        "id": endpoint.id,
        "url": endpoint.url,
        "events": endpoint.kinds,
        "created_at": endpoint.created_at,
    }
