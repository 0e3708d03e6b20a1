"""What the OpenAPI document says of the usage API."""

from drf_spectacular.utils import (
    OpenApiExample,
    OpenApiParameter,
    OpenApiResponse,
    PolymorphicProxySerializer,
    extend_schema,
)

from metering.api.answers import CallsAnswer, MonthAnswer, MonthsAnswer, UsageAnswer
from metering.api.human_line import CodeRequest, HumanLineAnswer, NumberRequest
from metering.api.parameters import CallsQuery, HistoryQuery, MonthQuery, Named
from metering.api.placing import (
    OutboundRequest,
    PlacedAnswer,
    PlacedWebAnswer,
    WebRequest,
)
from servicebilling.lib.openapi import (
    IDEMPOTENCY_KEY,
    ErrorAnswer,
    answers_with,
    asks_with,
    document,
)

_MONTH = {
    "month": "2026-03",
    "total_calls": 214,
    "total_minutes": 391.5,
    "total_cost_usd": 12.45,
    "total_cost": 12.45,
    "currency": "USD",
}
_CALL = {
    "id": "01968f5e-3c00-7d6c-9a43-0d6c2f1f9b11",
    "agent_name": "Reception",
    "call_from": "+12025550143",
    "call_to": "+12025550100",
    "duration_seconds": 83,
    "billed_minutes": 2,
    "cost_usd": 0.1,
    "cost": 0.1,
    "currency": "USD",
    "started_at": "2026-03-04T09:12:30Z",
    "ended_at": "2026-03-04T09:13:53Z",
    "status": "completed",
}

document(
    "metering.api.reading.Usage",
    get=extend_schema(
        summary="The running billing cycle",
        description="What plan and bought minutes still hold, and when they will be gone.",
        parameters=[Named],
        responses=UsageAnswer,
        examples=[
            answers_with(
                {
                    "organization": "acme-dental",
                    "plan": "starter",
                    "plan_minutes": 500,
                    "credit_minutes": 50,
                    "minutes_used_this_cycle": 312,
                    "minutes_remaining": 238,
                    "minutes_held": 9,
                    "percent_used": 56,
                    "cycle_start": "2026-03-01T00:00:00Z",
                    "cycle_end": "2026-04-01T00:00:00Z",
                    "when_exhausted": "overage",
                    "standing": "good",
                    "projected_run_out": "2026-03-27",
                }
            )
        ],
    ),
)
document(
    "metering.api.reading.CurrentMonth",
    get=extend_schema(
        summary="The running calendar month",
        description="In the organization's time zone.",
        parameters=[MonthQuery],
        responses=MonthAnswer,
        examples=[answers_with(_MONTH)],
    ),
)
document(
    "metering.api.reading.History",
    get=extend_schema(
        summary="One month, or the months before",
        description="With `month` that month alone. Without it a page of the whole months so"
        " far, newest first; `next` leads to the older ones.",
        parameters=[HistoryQuery],
        responses=PolymorphicProxySerializer(
            component_name="HistoryAnswer",
            serializers=[MonthAnswer, MonthsAnswer],
            resource_type_field_name=None,
        ),
        examples=[
            answers_with(_MONTH, "One month"),
            answers_with({"months": [_MONTH], "next": None}, "Months"),
        ],
    ),
)
document(
    "metering.api.reading.Calls",
    get=extend_schema(
        summary="Calls, newest first",
        description="Running and refused ones too. Hand `next` back as `cursor` for the page"
        " that follows; a page costs the same however far down it is.",
        parameters=[CallsQuery],
        responses=CallsAnswer,
        examples=[answers_with({"calls": [_CALL], "next": "WyIyMDI2LTAzLTA0V…"})],
    ),
)

_KEY = OpenApiParameter(
    "Idempotency-Key",
    location=OpenApiParameter.HEADER,
    description="Your own name for this call. Sent again, nobody is called again, also when"
    " the answer was lost.",
)
_FAILURES = {
    422: OpenApiResponse(ErrorAnswer, "Not this number, or it is not clear with what."),
    502: OpenApiResponse(ErrorAnswer, "The provider did not take the call."),
    504: OpenApiResponse(ErrorAnswer, "It may ring; ask again with the same key."),
}
_PLACED = {"call_id": "01968f5e-3c00-7d6c-9a43-0d6c2f1f9b11", "seconds_max": 535}
document(
    "metering.api.placing.PlaceCall",
    post=extend_schema(
        summary="Call somebody",
        description="Minutes are held for the call before it is dialled, and the provider"
        " ends it when they are used up. 402: nothing can pay for it; `code` says why.",
        parameters=[Named, _KEY],
        request=OutboundRequest,
        responses={201: PlacedAnswer} | _FAILURES,
        examples=[
            asks_with({"to": "+12025550178"}),
            OpenApiExample(
                "Example", value=_PLACED, response_only=True, status_codes=["201"]
            ),
        ],
    ),
)
document(
    "metering.api.placing.PlaceWebCall",
    post=extend_schema(
        summary="Open a call that a browser joins",
        description="Ask from your server and hand `web_call` to the browser.",
        parameters=[Named, _KEY],
        request=WebRequest,
        responses={201: PlacedWebAnswer} | _FAILURES,
        examples=[
            OpenApiExample(
                "Example",
                value=_PLACED
                | {
                    "web_call": {
                        "id": "01968f5e-3c00-7d6c-9a43-0d6c2f1f9b12",
                        "webCallUrl": "https://room.example.com/one-call",
                    }
                },
                response_only=True,
                status_codes=["201"],
            )
        ],
    ),
)
_HUMAN = {"number": "+12025550178", "is_confirmed": False}
document(
    "metering.api.human_line.Line",
    get=extend_schema(
        summary="Who takes the calls that are refused",
        description="A number of your own that callers are handed to when no minutes are left"
        " or all lines are busy. `null`: callers hear a sentence.",
        parameters=[Named],
        responses=HumanLineAnswer,
        examples=[answers_with(_HUMAN | {"is_confirmed": True})],
    ),
    post=extend_schema(
        summary="Name that number",
        description="It is called at once and told a code; nothing is handed to it before the"
        " code is confirmed.",
        parameters=[Named, IDEMPOTENCY_KEY],
        request=NumberRequest,
        responses={201: HumanLineAnswer} | _FAILURES,
        examples=[asks_with({"number": "+12025550178"})],
    ),
    delete=extend_schema(
        summary="Hand calls to nobody",
        parameters=[Named],
        request=None,
        responses={204: None},
    ),
)
document(
    "metering.api.human_line.Confirm",
    post=extend_schema(
        summary="Confirm that number by its code",
        description="Five tries, within ten minutes.",
        parameters=[Named],
        request=CodeRequest,
        responses=HumanLineAnswer,
        examples=[
            asks_with({"code": "012345"}),
            answers_with(_HUMAN | {"is_confirmed": True}),
        ],
    ),
)
