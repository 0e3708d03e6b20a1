"""Ask first, pay after: may it be used, set it aside, settle or let it go.

Minutes of calls go through the gate of calls, other meters by quantity.
"""

from datetime import timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access, idempotency
from accounts.models import Organization
from metering.api.parameters import Named, read
from metering.balances.usage_models import QUANTITY
from metering.calls import foreign
from metering.models import Hold, UsageHold
from metering.usage import holds, minutes, record
from metering.usage.errors import BadEvent, refusal, text_of
from metering.usage.events import METERS
from servicebilling.lib.strict_fields import StrictDecimalField, StrictIntegerField

Json = dict[str, Any]
VOICE = "voice_minute"
HOLD_STATES = ["open", "settled", "released", "expired", "estimated"]
CALL_MINUTES_MAX = 24 * 60


def more_than_nothing(quantity: Decimal) -> None:
    if quantity <= 0:
        raise serializers.ValidationError("A quantity is more than 0.")


class CheckQuery(Named):
    event_type = serializers.ChoiceField(sorted(METERS))
    quantity = StrictDecimalField(
        **QUANTITY,
        validators=[more_than_nothing],
        required=False,
        help_text="1 if nothing is said.",
    )


class CheckAnswer(serializers.Serializer[Json]):
    allowed = serializers.BooleanField()
    reason = serializers.CharField(help_text="Empty, or the rule that says no.")
    message = serializers.CharField()
    event_type = serializers.CharField()
    quantity = serializers.DecimalField(**QUANTITY, coerce_to_string=False)
    used = serializers.DecimalField(
        **QUANTITY, coerce_to_string=False, help_text="In this billing cycle."
    )
    held = serializers.DecimalField(**QUANTITY, coerce_to_string=False)
    included = serializers.DecimalField(
        **QUANTITY,
        coerce_to_string=False,
        allow_null=True,
        help_text="null: only counted, nothing is charged.",
    )
    quota_limit = serializers.DecimalField(
        **QUANTITY,
        coerce_to_string=False,
        allow_null=True,
        help_text="null: no hard quota.",
    )


class HoldRequest(serializers.Serializer[Json]):
    event_type = serializers.ChoiceField(sorted(METERS))
    reference = serializers.CharField(
        max_length=foreign.CALL_ID_LENGTH_MAX,
        help_text="Your name for the call or the job. Asked again it gets the same hold.",
    )
    quantity = StrictDecimalField(
        **QUANTITY,
        validators=[more_than_nothing],
        required=False,
        help_text="Needed, but for `voice_minute`: there the answer says how long the call"
        " may last.",
    )
    provider = serializers.RegexField(
        r"\A[a-z0-9-]{1,20}\Z", default="api", help_text="Who carries the call."
    )
    expires_in_seconds = StrictIntegerField(
        min_value=1,
        max_value=24 * 3600,
        default=3600,
        help_text="Not of `voice_minute`: a call's hold ends an hour after its longest end.",
    )


class HoldAnswer(serializers.Serializer[Json]):
    hold_id = serializers.UUIDField()
    event_type = serializers.CharField()
    state = serializers.ChoiceField(HOLD_STATES)
    quantity = serializers.DecimalField(
        **QUANTITY, coerce_to_string=False, help_text="Of `voice_minute`: whole minutes."
    )
    seconds_max = serializers.IntegerField(
        allow_null=True, help_text="End the call then; null for other meters."
    )
    expires_at = serializers.DateTimeField(allow_null=True)


class SettleRequest(serializers.Serializer[Json]):
    quantity = StrictDecimalField(
        **QUANTITY, min_value=0, help_text="What was used; minutes of `voice_minute`."
    )


class SettleAnswer(HoldAnswer):
    total = serializers.DecimalField(
        max_digits=18,
        decimal_places=6,
        coerce_to_string=False,
        help_text="Charged for it, beyond what is included.",
    )
    currency = serializers.CharField()


class Check(APIView):
    """Answers and holds nothing: only a hold is sure."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.view")
        asked = read(request, CheckQuery)
        quantity = asked.get("quantity", record.ONE)
        if asked["event_type"] == VOICE:
            answer = minutes.check(organization, quantity=quantity, now=timezone.now())
        else:
            answer = holds.check(
                organization,
                meter=METERS[asked["event_type"]],
                quantity=quantity,
                now=timezone.now(),
            )
        return Response(
            CheckAnswer(
                {
                    "allowed": not answer.reason,
                    "reason": answer.reason,
                    "message": text_of(answer.reason),
                    "event_type": asked["event_type"],
                    "quantity": answer.quantity,
                    "used": answer.used,
                    "held": answer.held,
                    "included": answer.included,
                    "quota_limit": answer.quota_limit,
                }
            ).data
        )


class Holds(APIView):
    def post(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.report")
        asked = HoldRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        make = _hold_call if asked.validated_data["event_type"] == VOICE else _hold_quantity

        def hold() -> Response:
            made = make(organization, asked.validated_data)
            return Response(HoldAnswer(made).data, status=201)

        return idempotency.answer_once(request, organization, hold, now=timezone.now())


class SettleHold(APIView):
    def post(self, request: Request, hold_id: UUID) -> Response:
        organization = access.organization_for(request, "usage.report")
        asked = SettleRequest(data=request.data)
        if UsageHold.objects.filter(organization=organization, pk=hold_id).exists():
            asked.is_valid(raise_exception=True)
            return Response(_settle_quantity(organization, hold_id, asked))
        foreign.find_hold(organization, hold_id)
        asked.is_valid(raise_exception=True)
        quantity = asked.validated_data["quantity"]
        if quantity > CALL_MINUTES_MAX:
            raise BadEvent(f"A call lasts at most {CALL_MINUTES_MAX} minutes.")
        charged = foreign.settle_hold(
            organization,
            hold_id=hold_id,
            seconds=foreign.seconds_of(quantity),
            now=timezone.now(),
        )
        return Response(_call_settled(organization, hold_id, charged))


class ReleaseHold(APIView):
    def post(self, request: Request, hold_id: UUID) -> Response:
        organization = access.organization_for(request, "usage.report")
        if UsageHold.objects.filter(organization=organization, pk=hold_id).exists():
            held = holds.release(organization, hold_id=hold_id, now=timezone.now())
            return Response(HoldAnswer(_quantity_answer(held)).data)
        foreign.settle_hold(organization, hold_id=hold_id, seconds=None, now=timezone.now())
        hold = foreign.find_hold(organization, hold_id)
        # The books keep it as a call that never began.
        return Response(HoldAnswer(_call_answer(hold) | {"state": "released"}).data)


def _hold_quantity(organization: Organization, said: Json) -> Json:
    if "quantity" not in said:
        raise serializers.ValidationError({"quantity": ["This field is required."]})
    held = holds.hold(
        organization,
        meter=METERS[said["event_type"]],
        quantity=said["quantity"],
        reference=said["reference"],
        lasts=timedelta(seconds=said["expires_in_seconds"]),
        now=timezone.now(),
    )
    return _quantity_answer(held)


def _hold_call(organization: Organization, said: Json) -> Json:
    if said["provider"] in foreign.OUR_TELEPHONY:
        raise BadEvent("Calls of this provider ask by its own webhook.")
    holds.demand_balances(organization)
    answer = foreign.ask(
        organization,
        provider=said["provider"],
        call_id=said["reference"],
        now=timezone.now(),
    )
    if not answer.admitted or answer.hold_id is None:
        raise refusal(answer.rule)
    return _call_answer(foreign.find_hold(organization, answer.hold_id))


def _settle_quantity(
    organization: Organization, hold_id: UUID, asked: SettleRequest
) -> Json:
    held = holds.settle(
        organization,
        hold_id=hold_id,
        quantity=asked.validated_data["quantity"],
        now=timezone.now(),
    )
    recorded = held.recorded
    answer = _quantity_answer(held) | {
        "total": recorded.total if recorded else Decimal(0),
        "currency": organization.currency,
    }
    return SettleAnswer(answer).data


def _call_settled(
    organization: Organization, hold_id: UUID, charged: foreign.Charged
) -> Json:
    answer = _call_answer(foreign.find_hold(organization, hold_id)) | {
        "total": charged.call.price,
        "currency": charged.call.currency,
    }
    return SettleAnswer(answer).data


def _quantity_answer(held: holds.Held) -> Json:
    names = {meter: event_type for event_type, meter in METERS.items()}
    return {
        "hold_id": held.hold_id,
        "event_type": names[held.meter],
        "state": held.state,
        "quantity": held.quantity,
        "seconds_max": None,
        "expires_at": held.expires_at,
    }


def _call_answer(hold: Hold) -> Json:
    return {
        "hold_id": hold.id,
        "event_type": VOICE,
        "state": hold.state,
        "quantity": Decimal(hold.minutes),
        "seconds_max": hold.seconds_max,
        "expires_at": hold.expires_at,
    }
