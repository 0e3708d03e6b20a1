"""The answers of the usage API: their fields, and how a report becomes one."""

from decimal import ROUND_HALF_UP, Decimal
from typing import Any

from rest_framework import serializers

from accounts.models import Organization
from metering.models import Allowance, Call, WhenExhausted
from metering.usage import callers
from metering.usage.analytics import MonthUsage
from metering.usage.outlook import Outlook
from metering.usage.reports import CallLine, CycleReport
from servicebilling.lib.strict_fields import MonthField

Json = dict[str, Any]
_TENTH = Decimal("0.1")


class Amount(serializers.DecimalField):
    """An amount of money, or a quantity, with at most six places, a JSON number."""

    def __init__(self, **options: Any) -> None:
        # Sums have more digits than any one of their parts may have.
        super().__init__(max_digits=26, decimal_places=6, coerce_to_string=False, **options)


class UsageAnswer(serializers.Serializer[Json]):
    organization = serializers.CharField(help_text="Its slug.")
    plan = serializers.CharField()
    plan_minutes = serializers.IntegerField()
    credit_minutes = serializers.IntegerField(
        help_text="Bought or granted; negative is debt. What this cycle used is still in it."
    )
    minutes_used_this_cycle = serializers.IntegerField()
    minutes_remaining = serializers.IntegerField(help_text="Of plan and credit.")
    minutes_held = serializers.IntegerField(help_text="Set aside for calls in progress.")
    percent_used = serializers.IntegerField(help_text="Rounded down; over 100 means debt.")
    cycle_start = serializers.DateTimeField()
    cycle_end = serializers.DateTimeField(help_text="The first moment after the cycle.")
    when_exhausted = serializers.ChoiceField(WhenExhausted.choices)
    standing = serializers.ChoiceField(Allowance.Standing.choices)
    projected_run_out = serializers.DateField(
        allow_null=True,
        help_text="The day on which minutes, wallet or limit end, going by the last 28 days;"
        " null if the next cycle comes before, or too little is known.",
    )


class MonthAnswer(serializers.Serializer[Json]):
    month = MonthField()
    total_calls = serializers.IntegerField(help_text="Settled calls.")
    total_minutes = serializers.DecimalField(
        max_digits=16,
        decimal_places=1,
        coerce_to_string=False,
        help_text="Talk time, not billed minutes.",
    )
    total_cost_usd = Amount(
        allow_null=True, help_text="`total_cost` where that is in USD, else null."
    )
    total_cost = Amount(help_text="Charged beyond what the plan includes.")
    currency = serializers.CharField()


class MonthsAnswer(serializers.Serializer[Json]):
    months = MonthAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class CallAnswer(serializers.Serializer[Json]):
    id = serializers.UUIDField()
    agent_name = serializers.CharField(help_text="Empty if no known agent answered.")
    call_from = serializers.CharField()
    call_to = serializers.CharField()
    duration_seconds = serializers.IntegerField(
        allow_null=True, help_text="Talk time; null: never answered, or not known yet."
    )
    billed_minutes = serializers.IntegerField()
    cost_usd = Amount(allow_null=True, help_text="`cost` where that is in USD, else null.")
    cost = Amount(help_text="Charged beyond what the plan includes.")
    currency = serializers.CharField()
    started_at = serializers.DateTimeField(allow_null=True)
    ended_at = serializers.DateTimeField(allow_null=True)
    status = serializers.ChoiceField(Call.Status.choices)


class CallsAnswer(serializers.Serializer[Json]):
    calls = CallAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


def usage_answer(organization: Organization, report: CycleReport, outlook: Outlook) -> Json:
    """Return the fields of `UsageAnswer`."""
    shown = {
        name: getattr(report, name)
        for name in UsageAnswer().fields
        if name not in ("organization", "projected_run_out")
    }
    run_out = outlook.projected
    return {
        "organization": organization.slug,
        "projected_run_out": run_out.likely if run_out else None,
        **shown,
    }


def month_answer(organization: Organization, month: MonthUsage) -> Json:
    """Return the fields of `MonthAnswer`."""
    used, currency = month.used, organization.currency
    minutes = (Decimal(used.talk_seconds) / 60).quantize(_TENTH, ROUND_HALF_UP)
    return {
        "month": month.month,
        "total_calls": used.count,
        "total_minutes": minutes,
        "total_cost_usd": _if_usd(used.price, currency),
        "total_cost": used.price,
        "currency": currency,
    }


def call_answer(call: CallLine, *, sees_callers: bool) -> Json:
    """Return the fields of `CallAnswer`."""
    call_from, call_to = callers.numbers_shown(
        call.direction, call.call_from, call.call_to, sees_callers=sees_callers
    )
    return {
        "id": call.id,
        "agent_name": call.agent_name,
        "call_from": call_from,
        "call_to": call_to,
        "duration_seconds": call.duration_seconds,
        "billed_minutes": call.billed_minutes,
        "cost_usd": _if_usd(call.price, call.currency),
        "cost": call.price,
        "currency": call.currency,
        "started_at": call.started_at,
        "ended_at": call.ended_at,
        "status": call.status,
    }


def _if_usd(amount: Decimal, currency: str) -> Decimal | None:
    return amount if currency == "USD" else None
