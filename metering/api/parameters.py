"""What may be asked of the usage API, and whom it is narrowed to."""

from datetime import date
from typing import Any
from uuid import UUID

from rest_framework import serializers
from rest_framework.request import Request

from accounts import access
from accounts.models import Organization
from metering.models import Agent, Call, PhoneNumber, Rate
from metering.usage.analytics import CALLS, Only
from metering.usage.call_pages import LIMIT_MAX
from servicebilling.lib import keyset
from servicebilling.lib.strict_fields import MonthField, StrictDateField, StrictIntegerField

LIMIT_USUAL = 50
MONTHS_MAX, MONTHS_USUAL = 24, 12
# Longer than any E.164 number or id.
REFERENCE_LENGTH_MAX = 64


class Named(serializers.Serializer[dict[str, Any]]):
    """What every URL takes; `accounts.access` reads it."""

    organization = serializers.CharField(
        max_length=80,
        required=False,
        help_text="Slug or id. A service key must name it; a key of an organization need not."
        " `businessId` and `org_id` mean the same.",
    )


class Narrowed(Named):
    """What every list and sum takes. An agent or number of somebody else is refused in the
    same words as one that does not exist."""

    agent = serializers.CharField(
        max_length=REFERENCE_LENGTH_MAX, required=False, help_text="Id of one agent."
    )
    number = serializers.CharField(
        max_length=REFERENCE_LENGTH_MAX,
        required=False,
        help_text="One of the organization's own numbers, as +15550100 or by its id.",
    )


class MonthQuery(Narrowed):
    meter = serializers.ChoiceField(
        Rate.Meter.choices,
        required=False,
        help_text="The meter that `total_cost` adds up; calls, if none is named.",
    )


class HistoryQuery(MonthQuery):
    month = MonthField(
        required=False, help_text="YYYY-MM. Without it the months before are listed."
    )
    limit = StrictIntegerField(
        min_value=1, max_value=MONTHS_MAX, default=MONTHS_USUAL, help_text="Months a page."
    )
    cursor = serializers.CharField(
        max_length=keyset.LENGTH_MAX, required=False, help_text="`next` of the page before."
    )


class CallsQuery(Narrowed):
    limit = StrictIntegerField(
        min_value=1, max_value=LIMIT_MAX, default=LIMIT_USUAL, help_text="Calls a page."
    )
    cursor = serializers.CharField(
        max_length=keyset.LENGTH_MAX, required=False, help_text="`next` of the page before."
    )
    since = StrictDateField(
        required=False, help_text="First day, in the organization's zone."
    )
    until = StrictDateField(required=False, help_text="Last day, included.")
    status = serializers.ChoiceField(Call.Status.choices, required=False)

    def validate(self, attrs: dict[str, Any]) -> dict[str, Any]:
        demand_order(attrs.get("since"), attrs.get("until"))
        return attrs


def demand_order(since: date | None, until: date | None) -> None:
    """Raises ValidationError for a span that ends before it begins."""
    if since and until and until < since:
        raise serializers.ValidationError({"until": ["This day lies before `since`."]})


def read(
    request: Request, query: type[serializers.Serializer[dict[str, Any]]]
) -> dict[str, Any]:
    """Return the valid parameters of a request. Raises ValidationError."""
    asked = query(data=request.query_params.dict())
    asked.is_valid(raise_exception=True)
    return asked.validated_data


def only_of(organization: Organization, asked: dict[str, Any]) -> Only:
    """Return what the parameters narrow to. Raises ValidationError for an agent or number
    that the organization does not have."""
    agent, number = asked.get("agent"), asked.get("number")
    return Only(
        agent_id=_agent_id(organization, agent) if agent else None,
        phone_number_ids=_number_ids(organization, number) if number else (),
        meter=asked.get("meter", CALLS.meter),
    )


def _agent_id(organization: Organization, text: str) -> UUID:
    agents = access.scope(Agent.objects.all(), organization)
    by_id = _as_uuid(text)
    found = agents.filter(pk=by_id).first() if by_id else None
    if found is None:
        raise serializers.ValidationError({"agent": ["There is no such agent."]})
    return found.pk


def _number_ids(organization: Organization, text: str) -> tuple[UUID, ...]:
    numbers = access.scope(PhoneNumber.objects.all(), organization)
    by_id = _as_uuid(text)
    # An unescaped + arrives as a space, and is trimmed.
    e164 = f"+{text.removeprefix('+')}"
    rows = numbers.filter(pk=by_id) if by_id else numbers.filter(e164=e164)
    found = tuple(rows.order_by("pk").values_list("pk", flat=True))
    if not found:
        raise serializers.ValidationError({"number": ["There is no such number."]})
    return found


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
