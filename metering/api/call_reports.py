"""Calls whose length another system measured: LiveKit, ElevenLabs or any agent."""

from typing import Any

from django.core.exceptions import PermissionDenied
from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from accounts.models import ApiKey, Organization
from metering.api.asking import CALL_MINUTES_MAX
from metering.calls import foreign
from metering.usage.holds import demand_balances
from servicebilling.lib.strict_fields import StrictDecimalField

Json = dict[str, Any]
OUTCOMES = ["charged", "superseded", "already", "conflicting", "refused"]


class ReportRequest(serializers.Serializer[Json]):
    org_id = serializers.CharField(max_length=80, required=False, help_text="Slug or id.")
    call_id = serializers.CharField(max_length=foreign.CALL_ID_LENGTH_MAX)
    call_duration_minutes = StrictDecimalField(
        max_digits=10, decimal_places=6, min_value=0, max_value=CALL_MINUTES_MAX
    )
    provider = serializers.RegexField(
        r"\A[a-z0-9-]{1,20}\Z",
        default="vapi",
        help_text="Who carried the call. With `vapi` it is the same call that the webhook"
        " reports, and only a service key may say so.",
    )


class ReportAnswer(serializers.Serializer[Json]):
    call_id = serializers.CharField()
    id = serializers.UUIDField(help_text="Of the call here.")
    status = serializers.ChoiceField(
        OUTCOMES,
        help_text="`conflicting`: charged before with another length; kept and not charged.",
    )
    billed_minutes = serializers.IntegerField()
    cost = serializers.DecimalField(max_digits=18, decimal_places=6, coerce_to_string=False)
    currency = serializers.CharField()


class Report(APIView):
    """Charges a call, once, however often and by whatever way it is reported."""

    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.report")
        asked = ReportRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        if said["provider"] in foreign.OUR_TELEPHONY and not _is_service(request):
            raise PermissionDenied("Only a service key may report calls of our telephony.")
        demand_balances(organization)
        return idempotency.answer_once(
            request,
            organization,
            lambda: Response(ReportAnswer(_reported(organization, said)).data),
            now=timezone.now(),
        )


def _reported(organization: Organization, said: Json) -> Json:
    charged = foreign.report(
        organization,
        provider=said["provider"],
        call_id=said["call_id"],
        seconds=foreign.seconds_of(said["call_duration_minutes"]),
        now=timezone.now(),
    )
    call = charged.call
    return {
        "call_id": said["call_id"],
        "id": call.pk,
        "status": charged.outcome,
        "billed_minutes": call.billed_minutes,
        "cost": call.price,
        "currency": call.currency,
    }


def _is_service(request: Request) -> bool:
    key: Any = request.auth
    return isinstance(key, ApiKey) and key.organization_id is None
