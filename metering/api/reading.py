"""Usage for programs and for our own pages: the cycle, the months, the calls."""

from datetime import date, datetime
from uuid import UUID

from django.utils import timezone
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import access
from metering.api import parameters
from metering.api.answers import (
    CallsAnswer,
    MonthAnswer,
    MonthsAnswer,
    UsageAnswer,
    call_answer,
    month_answer,
    usage_answer,
)
from metering.usage import call_pages, month_pages, outlook, reports
from metering.usage.call_pages import Position
from servicebilling.lib import keyset


class Usage(APIView):
    """The running billing cycle."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.view")
        now = timezone.now()
        report = reports.usage_this_cycle(organization, now=now)
        found = outlook.outlook_of(organization, report, now=now)
        return Response(UsageAnswer(usage_answer(organization, report, found)).data)


class CurrentMonth(APIView):
    """The running calendar month, in the organization's time zone."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.view")
        asked = parameters.read(request, parameters.MonthQuery)
        found = month_pages.running_month(
            organization, now=timezone.now(), only=parameters.only_of(organization, asked)
        )
        return Response(MonthAnswer(month_answer(organization, found)).data)


class History(APIView):
    """One calendar month; without `month` those before the running one, newest first."""

    def get(self, request: Request) -> Response:
        organization = access.organization_for(request, "usage.view")
        asked = parameters.read(request, parameters.HistoryQuery)
        only = parameters.only_of(organization, asked)
        if asked.get("month"):
            found = month_pages.month(organization, day=asked["month"], only=only)
            return Response(MonthAnswer(month_answer(organization, found)).data)
        list_name = f"months {organization.pk}"
        newest = None
        if asked.get("cursor"):
            [text] = keyset.read(asked["cursor"], of=list_name, parts=1)
            newest = date.fromisoformat(text)
        page = month_pages.month_page(
            organization, limit=asked["limit"], now=timezone.now(), newest=newest, only=only
        )
        following = page.next and keyset.write(page.next.isoformat(), of=list_name)
        months = [month_answer(organization, one) for one in page.months]
        return Response(MonthsAnswer({"months": months, "next": following}).data)


class Calls(APIView):
    """Calls, newest first, refused and running ones too."""

    def get(self, request: Request) -> Response:
        allowed = access.access_for(request, "usage.view")
        organization = allowed.organization
        asked = parameters.read(request, parameters.CallsQuery)
        list_name = f"calls {organization.pk}"
        after = None
        if asked.get("cursor"):
            at, pk = keyset.read(asked["cursor"], of=list_name, parts=2)
            after = Position(datetime.fromisoformat(at), UUID(pk))
        page = call_pages.call_page(
            organization,
            limit=asked["limit"],
            after=after,
            only=parameters.only_of(organization, asked),
            since=asked.get("since"),
            until=asked.get("until"),
            status=asked.get("status", ""),
        )
        following = page.next and keyset.write(
            page.next.occurred_at.isoformat(), str(page.next.id), of=list_name
        )
        sees_callers = allowed.can("callers.view")
        calls = [call_answer(call, sees_callers=sees_callers) for call in page.calls]
        return Response(CallsAnswer({"calls": calls, "next": following}).data)
