"""What the OpenAPI document says of the staff API."""

from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiExample, OpenApiParameter, extend_schema

from adminpanel.api import calls, ledger, organizations, settings, webhooks
from adminpanel.api.answers import AdjustedAnswer, OrganizationsAnswer, StaffCallsAnswer
from servicebilling.lib.openapi import IDEMPOTENCY_KEY, asks_with, document

_WHO = (
    " For a service key with the scope `admin`, or the session of somebody of staff who showed"
    " a second factor; each needs the right that the same page of the staff site needs."
)


def _path_part(name: str, description: str) -> OpenApiParameter:
    return OpenApiParameter(
        name, OpenApiTypes.STR, OpenApiParameter.PATH, description=description
    )


def _made(value: Any) -> OpenApiExample:
    return OpenApiExample("Example", value=value, response_only=True, status_codes=["201"])


document(
    "adminpanel.api.organizations.Organizations",
    get=extend_schema(
        summary="Organizations with what is left to them",
        description="A page costs the same however far down it is." + _WHO,
        parameters=[organizations.OrganizationsQuery],
        responses=OrganizationsAnswer,
    ),
)
document(
    "adminpanel.api.organizations.Adjustments",
    post=extend_schema(
        summary="Correct a balance by hand",
        description="A row in the ledger and one in the trail. With an `Idempotency-Key` it is"
        " made once, also where the answer was lost. 409: the books, or the limit of your"
        " role, do not allow it." + _WHO,
        parameters=[
            _path_part("organization", "Slug or id."),
            IDEMPOTENCY_KEY,
        ],
        request=organizations.AdjustmentRequest,
        responses={200: AdjustedAnswer, 201: AdjustedAnswer},
        examples=[
            asks_with(
                {
                    "counter": "credit_minutes",
                    "change": 30,
                    "reason": "Goodwill for the outage of Monday",
                }
            ),
            _made(
                {
                    "reference": "adjustment:01968f5e-3c00-7d6c-9a43-0d6c2f1f9b11",
                    "counter": "credit_minutes",
                    "change": 30,
                    "before": {
                        "credit_minutes": 0,
                        "minutes_used_this_cycle": 312,
                        "wallet": 0,
                    },
                    "after": {
                        "credit_minutes": 30,
                        "minutes_used_this_cycle": 312,
                        "wallet": 0,
                    },
                    "currency": "EUR",
                    "is_repeated": False,
                    "dry_run": False,
                }
            ),
        ],
    ),
)
document(
    "adminpanel.api.calls.Calls",
    get=extend_schema(
        summary="Calls of all organizations, with cost and margin",
        description="Newest first. A page costs the same however far down it is." + _WHO,
        parameters=[calls.StaffCallsQuery],
        responses=StaffCallsAnswer,
    ),
)
document(
    "adminpanel.api.settings.Settings",
    get=extend_schema(
        summary="Settings in force",
        description="Of the platform, or of one organization." + _WHO,
        parameters=[settings.SettingsQuery],
        responses=settings.SettingsAnswer,
    ),
    post=extend_schema(
        summary="Change a setting",
        description="A new dated value: what was before stays explained." + _WHO,
        parameters=[IDEMPOTENCY_KEY],
        request=settings.SettingRequest,
        responses={201: settings.MadeSettingAnswer},
        examples=[asks_with({"key": "markup_percent", "value": "30"})],
    ),
)
document(
    "adminpanel.api.ledger.Ledger",
    get=extend_schema(
        summary="Rows of the ledgers",
        description="Newest first: what a balance is made of." + _WHO,
        parameters=[ledger.LedgerQuery],
        responses=ledger.LedgerAnswer,
    ),
)
document(
    "adminpanel.api.webhooks.Webhooks",
    get=extend_schema(
        summary="Messages that came in and go out",
        description="Without their bodies, newest first." + _WHO,
        parameters=[webhooks.WebhooksQuery],
        responses=webhooks.MessagesAnswer,
    ),
)
document(
    "adminpanel.api.webhooks.Replay",
    post=extend_schema(
        summary="Do a message again",
        description="What was charged, fulfilled or delivered before is not so twice."
        + _WHO,
        parameters=[_path_part("message_id", "As the list names it."), IDEMPOTENCY_KEY],
        request=webhooks.ReplayRequest,
        responses={200: webhooks.ReplayAnswer, 201: webhooks.ReplayAnswer},
        examples=[
            asks_with({"dry_run": True}),
            _made({"outcome": "settled", "changes": [], "dry_run": False}),
        ],
    ),
)
