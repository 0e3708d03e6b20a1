"""What the OpenAPI document says of reporting usage."""

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    PolymorphicProxySerializer,
    extend_schema,
)

from metering.api.asking import (
    CheckAnswer,
    CheckQuery,
    HoldAnswer,
    HoldRequest,
    SettleAnswer,
    SettleRequest,
)
from metering.api.call_reports import ReportAnswer, ReportRequest
from metering.api.event_fields import EventRequest, EventResult
from metering.api.events import Batch, BatchAnswer, VoidRequest
from metering.api.parameters import Named
from servicebilling.lib.openapi import IDEMPOTENCY_KEY, answers_with, asks_with, document

_EVENT = {
    "event_type": "api_call",
    "quantity": 3,
    "idempotency_key": "request-7f3a",
    "metadata": {"route": "/search"},
}
_RESULT = {
    "idempotency_key": "request-7f3a",
    "status": "recorded",
    "event_id": "01968f5e-3c00-7d6c-9a43-0d6c2f1f9b11",
    "quantity": 3,
    "total": 0.03,
    "currency": "USD",
}
_HOLD = {
    "hold_id": "01968f5e-3c00-7d6c-9a43-0d6c2f1f9b11",
    "event_type": "voice_minute",
    "state": "open",
    "quantity": 12,
    "seconds_max": 715,
    "expires_at": "2026-03-04T09:38:00Z",
}
_SETTLED = _HOLD | {"state": "settled", "total": 0.42, "currency": "USD"}

document(
    "metering.api.events.Events",
    post=extend_schema(
        summary="Record usage, one event or up to 1,000",
        description="Each event counts once per `idempotency_key`, so a batch that was cut"
        " off is simply sent again. An event alone is answered by its status; in a batch each"
        " is recorded or refused by itself, and the answer names every one. A batch is a list"
        " of events, or an object with `events`. Refused: 402, nothing can pay; 429"
        " `quota_reached`, the quota is hard.",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=PolymorphicProxySerializer(
            component_name="EventsRequest",
            serializers=[EventRequest, Batch],
            resource_type_field_name=None,
        ),
        responses=PolymorphicProxySerializer(
            component_name="EventsAnswer",
            serializers=[EventResult, BatchAnswer],
            resource_type_field_name=None,
        ),
        examples=[
            asks_with(_EVENT, "One event"),
            asks_with({"events": [_EVENT]}, "A batch"),
            answers_with(_RESULT, "One event"),
            answers_with(
                {"results": [_RESULT], "recorded": 1, "already": 0, "refused": 0}, "A batch"
            ),
        ],
    ),
)
document(
    "metering.api.events.VoidEvent",
    post=extend_schema(
        summary="Take an event back",
        description="With its money. A second time changes nothing.",
        parameters=[Named, OpenApiParameter("key", str, OpenApiParameter.PATH)],
        request=VoidRequest,
        responses=EventResult,
        examples=[
            asks_with({"reason": "counted twice"}),
            answers_with(_RESULT | {"quantity": -3, "total": -0.03}),
        ],
    ),
)
document(
    "metering.api.call_reports.Report",
    post=extend_schema(
        summary="Report the length of a call",
        description="For any agent. The call is charged once, however often and by whatever"
        " way it is reported. `org_id` in the body names the organization, too.",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=ReportRequest,
        responses=ReportAnswer,
        examples=[
            asks_with(
                {
                    "org_id": "acme-dental",
                    "call_id": "room-118",
                    "call_duration_minutes": 4.2,
                    "provider": "livekit",
                }
            ),
            answers_with(
                {
                    "call_id": "room-118",
                    "id": "01968f5e-3c00-7d6c-9a43-0d6c2f1f9b11",
                    "status": "charged",
                    "billed_minutes": 5,
                    "cost": 0,
                    "currency": "USD",
                }
            ),
        ],
    ),
)
document(
    "metering.api.asking.Check",
    get=extend_schema(
        summary="May this be used?",
        description="Answers and holds nothing: a moment later it may be another's. Only a"
        " hold is sure.",
        parameters=[CheckQuery],
        responses=CheckAnswer,
        examples=[
            answers_with(
                {
                    "allowed": True,
                    "reason": "",
                    "message": "",
                    "event_type": "ai_query",
                    "quantity": 1,
                    "used": 97,
                    "held": 2,
                    "included": 100,
                    "quota_limit": None,
                }
            )
        ],
    ),
)
document(
    "metering.api.asking.Holds",
    post=extend_schema(
        summary="Set usage aside before it happens",
        description="For a call (`voice_minute`) the answer says how long it may last; for"
        " other meters a quantity is held. Of many who ask at once only those are admitted"
        " whom something can pay for. 402: nothing can pay; 429 `quota_reached`.",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=HoldRequest,
        responses={201: HoldAnswer},
        examples=[
            asks_with(
                {
                    "event_type": "voice_minute",
                    "reference": "room-118",
                    "provider": "livekit",
                },
                "A call",
            ),
            asks_with(
                {"event_type": "ai_query", "reference": "job-5", "quantity": 20}, "Queries"
            ),
            OpenApiExample("A call", value=_HOLD, response_only=True, status_codes=["201"]),
        ],
    ),
)
document(
    "metering.api.asking.SettleHold",
    post=extend_schema(
        summary="Say what was used of a hold",
        description="More than was held counts, too: it has happened. Again with the same"
        " quantity changes nothing.",
        parameters=[Named],
        request=SettleRequest,
        responses=SettleAnswer,
        examples=[asks_with({"quantity": 4.2}), answers_with(_SETTLED)],
    ),
)
document(
    "metering.api.asking.ReleaseHold",
    post=extend_schema(
        summary="Let a hold go unused",
        parameters=[Named],
        request=None,
        responses=HoldAnswer,
        examples=[answers_with(_HOLD | {"state": "released"})],
    ),
)
