"""The calls of all organizations, with what they cost and brought."""

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import staff_access
from adminpanel.api.answers import StaffCallsAnswer, call_answer
from adminpanel.api.asking import Json, OfOrganization, PageQuery
from adminpanel.calls import reports
from adminpanel.calls.asking import CallsForm
from adminpanel.frames import SEE_MONEY, SEE_NUMBERS
from metering.api.parameters import read
from metering.models import Call
from servicebilling.lib.strict_fields import StrictDateField


class StaffCallsQuery(PageQuery, OfOrganization):
    agent = serializers.CharField(
        max_length=120, required=False, help_text="Name, or the provider's assistant id."
    )
    number = serializers.CharField(
        max_length=20, required=False, help_text="An organization's own, as +15550100."
    )
    status = serializers.ChoiceField(Call.Status.choices, required=False)
    ended_reason = serializers.CharField(max_length=160, required=False)
    call_id = serializers.CharField(
        max_length=200, required=False, help_text="The provider's."
    )
    since = StrictDateField(required=False, help_text="First day, UTC.")
    until = StrictDateField(
        required=False, help_text="Last day, included; at most a year after `since`."
    )


class Calls(APIView):
    """Newest first."""

    def get(self, request: Request) -> Response:
        staff = staff_access.staff_for(request, "metering.view_call")
        asked = read(request, StaffCallsQuery)
        page = reports.page(
            _form(asked).wanted(now=timezone.now()),
            cursor=asked.get("cursor", ""),
            limit=asked["limit"],
        )
        sees_money = staff.may(SEE_MONEY)
        lines = page.lines
        if not staff.may(SEE_NUMBERS):
            lines = tuple(map(reports.without_numbers, lines))
        calls = [call_answer(one, sees_money=sees_money) for one in lines]
        return Response(StaffCallsAnswer({"calls": calls, "next": page.next or None}).data)


def _form(asked: Json) -> CallsForm:
    """Return what the page of calls would be asked. Raises ValidationError."""
    said = asked | {"first": asked.get("since"), "last": asked.get("until")}
    form = CallsForm(said)
    if not form.is_valid():
        names = {"first": "since", "last": "until"}
        raise serializers.ValidationError(
            {names.get(name, name): list(told) for name, told in form.errors.items()}
        )
    return form
