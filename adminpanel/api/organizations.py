"""Organizations and their adjustments, for the programs of those who run the service."""

from dataclasses import asdict
from decimal import Decimal
from typing import Any

from django.utils import timezone
from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import idempotency, staff_access
from accounts.models import Organization
from accounts.staff_access import Staff
from adminpanel.api.answers import AdjustedAnswer, OrganizationsAnswer, organization_answer
from adminpanel.api.asking import Json, PageQuery, organization_named
from adminpanel.frames import SEE_MONEY
from adminpanel.organizations import limits, orders, reports
from metering.api.parameters import read
from metering.balances import adjustments
from metering.balances.ledger import LedgerError
from metering.errors import NotAdjusted
from metering.models import Allowance
from servicebilling.lib.strict_fields import StrictDecimalField

COUNTERS = ("credit_minutes", "minutes_used", "wallet")


class OrganizationsQuery(PageQuery):
    search = serializers.CharField(
        max_length=100,
        required=False,
        help_text="Beginning of the name or slug, an e-mail address, or a number as +15550100.",
    )
    status = serializers.ChoiceField(Organization.Status.choices, required=False)
    standing = serializers.ChoiceField(Allowance.Standing.choices, required=False)
    plan = serializers.CharField(max_length=60, required=False, help_text="A plan's code.")
    order = serializers.ChoiceField(sorted(orders.ORDERS), default="name")


class AdjustmentRequest(serializers.Serializer[Json]):
    """A signed change, or the value that a counter shall have."""

    counter = serializers.ChoiceField(COUNTERS)
    change = StrictDecimalField(
        max_digits=18,
        decimal_places=6,
        required=False,
        help_text="Signed: minutes, or an amount of the wallet's currency.",
    )
    target = StrictDecimalField(
        max_digits=18, decimal_places=6, required=False, help_text="Instead of a change."
    )
    reason = serializers.CharField(min_length=3, max_length=300)
    dry_run = serializers.BooleanField(
        default=False, help_text="Only tell the effect; nothing is kept."
    )

    def validate(self, attrs: Json) -> Json:
        if ("change" in attrs) == ("target" in attrs):
            raise serializers.ValidationError("Send either change or target.")
        name = "change" if "change" in attrs else "target"
        value: Decimal = attrs[name]
        if attrs["counter"] != "wallet" and value != int(value):
            raise serializers.ValidationError({name: ["Minutes are whole."]})
        return attrs


class Organizations(APIView):
    """All organizations with what is left to them."""

    def get(self, request: Request) -> Response:
        staff = staff_access.staff_for(request, "accounts.view_organization")
        asked = read(request, OrganizationsQuery)
        page = reports.page(
            reports.Wanted(
                search=asked.get("search", ""),
                standing=asked.get("standing", ""),
                status=asked.get("status", ""),
                plan=asked.get("plan", ""),
                order=asked["order"],
            ),
            now=timezone.now(),
            cursor=asked.get("cursor", ""),
            limit=asked["limit"],
        )
        sees_money = staff.may(SEE_MONEY)
        lines = [organization_answer(one, sees_money=sees_money) for one in page.lines]
        answer = {"organizations": lines, "next": page.next or None}
        return Response(OrganizationsAnswer(answer).data)


class Adjustments(APIView):
    """A correction by hand: a ledger row and a row in the trail."""

    def post(self, request: Request, organization: str) -> Response:
        staff = staff_access.staff_for(request, "metering.adjust_balances")
        found = organization_named(organization)
        asked = AdjustmentRequest(data=request.data)
        asked.is_valid(raise_exception=True)
        said = asked.validated_data
        return idempotency.answer_once(
            request,
            found,
            lambda: _adjust(request, staff, found, said),
            now=timezone.now(),
        )


def _adjust(
    request: Request, staff: Staff, organization: Organization, said: dict[str, Any]
) -> Response:
    change = _change(organization, said)
    if refusal := limits.exceeded(staff, said["counter"], change):
        raise NotAdjusted(refusal)
    try:
        done = adjustments.adjust(
            said["counter"],
            change,
            organization=organization,
            reason=said["reason"],
            actor=staff.actor,
            now=timezone.now(),
            adjustment_id=idempotency.name_of(request, organization),
            dry_run=said["dry_run"],
        )
    except LedgerError as error:
        raise NotAdjusted(f"{error}") from error
    answer = {
        "reference": done.reference,
        "counter": said["counter"],
        "change": change,
        "before": asdict(done.before),
        "after": asdict(done.after),
        "currency": organization.currency,
        "is_repeated": done.is_repeated,
        "dry_run": said["dry_run"],
    }
    return Response(AdjustedAnswer(answer).data, status=200 if said["dry_run"] else 201)


def _change(organization: Organization, said: dict[str, Any]) -> Decimal | int:
    if "change" in said:
        change: Decimal = said["change"]
    else:
        standing = adjustments.counters_of(organization)
        current = {
            "credit_minutes": standing.credit_minutes,
            "minutes_used": standing.minutes_used_this_cycle,
            "wallet": standing.wallet,
        }
        change = said["target"] - current[said["counter"]]
    return change if said["counter"] == "wallet" else int(change)
