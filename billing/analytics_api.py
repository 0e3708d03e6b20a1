"""`GET /api/billing/analytics`: the shape that existing dashboards read."""

from datetime import date, datetime, timedelta
from typing import Any

from django.utils import timezone
from drf_spectacular.utils import extend_schema, extend_schema_field
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from accounts.models import Organization
from billing import analytics
from metering.api import parameters
from metering.api.answers import Amount
from metering.usage import reports
from metering.usage.analytics import Only
from servicebilling.lib.openapi import answers_with
from servicebilling.lib.strict_fields import MonthField, StrictIntegerField

CURRENT, LAST = "current_month", "last_month"
DAYS_MAX, DAYS_USUAL = 366, 30


@extend_schema_field(
    {
        "type": "string",
        "pattern": "^(current_month|last_month|20[0-9]{2}-(0[1-9]|1[0-2]))$",
        "default": CURRENT,
    }
)
class PeriodField(serializers.Field[str | date, str, str, Any]):
    """`current_month`, `last_month`, or a month as YYYY-MM."""

    default_error_messages = {
        "invalid": "Name current_month, last_month or a month as YYYY-MM."
    }

    def to_internal_value(self, data: Any) -> str | date:
        if data in (CURRENT, LAST):
            return str(data)
        return MonthField(error_messages=self.default_error_messages).to_internal_value(
            data
        )


class AnalyticsQuery(parameters.Narrowed):
    businessId = serializers.CharField(
        max_length=80, required=False, help_text="The same as `organization`."
    )
    period = PeriodField(
        default=CURRENT,
        help_text="`current_month`, `last_month` or YYYY-MM, in the organization's zone.",
    )
    days = StrictIntegerField(
        min_value=1, max_value=DAYS_MAX, default=DAYS_USUAL, help_text="Days in `trends`."
    )


class PartAnswer(serializers.Serializer[dict[str, Any]]):
    count = Amount()
    cost = Amount()


class BreakdownAnswer(serializers.Serializer[dict[str, Any]]):
    apiCalls = PartAnswer()
    voiceMinutes = PartAnswer()
    aiQueries = PartAnswer()
    storage = PartAnswer()


class BillingUsageAnswer(serializers.Serializer[dict[str, Any]]):
    apiCalls = Amount()
    minutesUsed = Amount(help_text="Billed minutes.")
    cost = Amount(help_text="In the organization's currency, of all meters.")
    breakdown = BreakdownAnswer()


class TrendAnswer(serializers.Serializer[dict[str, Any]]):
    date = serializers.DateField()
    apiCalls = Amount()
    voiceMinutes = Amount()
    cost = Amount()


class AnalyticsData(serializers.Serializer[dict[str, Any]]):
    billingUsage = BillingUsageAnswer()
    trends = TrendAnswer(many=True)


class AnalyticsAnswer(serializers.Serializer[dict[str, Any]]):
    success = serializers.BooleanField()
    data = AnalyticsData()  # type: ignore[assignment]


_PART = {"count": 120, "cost": 1.2}


class Analytics(APIView):
    """Usage and price of a month, and of the last days one by one."""

    @extend_schema(
        summary="Usage and price of a month, and day by day",
        parameters=[AnalyticsQuery],
        responses=AnalyticsAnswer,
        examples=[
            answers_with(
                {
                    "success": True,
                    "data": {
                        "billingUsage": {
                            "apiCalls": 120,
                            "minutesUsed": 312,
                            "cost": 7.44,
                            "breakdown": {
                                "apiCalls": _PART,
                                "voiceMinutes": {"count": 312, "cost": 6.24},
                                "aiQueries": {"count": 0, "cost": 0},
                                "storage": {"count": 0, "cost": 0},
                            },
                        },
                        "trends": [
                            {
                                "date": "2026-03-04",
                                "apiCalls": 5,
                                "voiceMinutes": 14,
                                "cost": 0.33,
                            }
                        ],
                    },
                }
            )
        ],
    )
    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "billing.view")
        asked = parameters.read(request, AnalyticsQuery)
        only = parameters.only_of(organization, asked)
        now = timezone.now()
        found = analytics.analytics_of(
            organization,
            month=_month(organization, asked["period"], now=now),
            days=asked["days"],
            only=Only(only.agent_id, only.phone_number_ids),
            now=now,
        )
        return Response(AnalyticsAnswer(_answer(found)).data)


def _month(organization: Organization, period: str | date, *, now: datetime) -> date | None:
    if isinstance(period, date):
        return period
    if period == CURRENT:
        return None
    today = reports.local_day(organization, now=now)
    return today.replace(day=1) - timedelta(days=1)


def _answer(found: analytics.Analytics) -> dict[str, Any]:
    return {
        "success": True,
        "data": {
            "billingUsage": {
                "apiCalls": found.breakdown["apiCalls"].count,
                "minutesUsed": found.breakdown["voiceMinutes"].count,
                "cost": found.cost,
                "breakdown": found.breakdown,
            },
            "trends": found.trends,
        },
    }
