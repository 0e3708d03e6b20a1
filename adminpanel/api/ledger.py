"""The two ledgers."""

from dataclasses import asdict

from rest_framework import serializers
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from accounts import staff_access
from adminpanel.api.asking import Json, OfOrganization, PageQuery, organization_named
from adminpanel.frames import SEE_MONEY
from adminpanel.ledger import reports
from metering.api.answers import Amount
from metering.api.parameters import read
from metering.balances.ledger_models import Kind


class LedgerQuery(PageQuery, OfOrganization):
    book = serializers.ChoiceField(sorted(reports.BOOKS), default=reports.MINUTES)
    kind = serializers.ChoiceField(
        Kind.choices, required=False, help_text="Of one organization, which it needs."
    )

    def validate(self, attrs: Json) -> Json:
        if attrs.get("kind") and not attrs.get("organization"):
            raise serializers.ValidationError({"kind": ["Name an organization, too."]})
        return attrs


class LedgerRowAnswer(serializers.Serializer[Json]):
    """Fields of the other book are null."""

    id = serializers.IntegerField()
    created_at = serializers.DateTimeField()
    organization = serializers.UUIDField()
    organization_name = serializers.CharField()
    kind = serializers.ChoiceField(Kind.choices)
    reference = serializers.CharField(help_text="Names what it was posted for, once.")
    reason = serializers.CharField()
    actor = serializers.CharField(help_text="Who did it by hand, else empty.")
    call_id = serializers.UUIDField(allow_null=True)
    used_change = serializers.IntegerField(allow_null=True)
    used_after = serializers.IntegerField(allow_null=True)
    credit_change = serializers.IntegerField(allow_null=True)
    credit_after = serializers.IntegerField(allow_null=True)
    charged_change = serializers.IntegerField(
        allow_null=True, help_text="Minutes paid neither by plan nor by credit."
    )
    amount = Amount(allow_null=True, help_text="Of `charged_change`, or of the wallet.")
    balance_after = Amount(allow_null=True)
    currency = serializers.CharField()


class LedgerAnswer(serializers.Serializer[Json]):
    rows = LedgerRowAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class Ledger(APIView):
    """Newest first."""

    def get(self, request: Request) -> Response:
        staff = staff_access.staff_for(request, "metering.view_minutetransaction")
        asked = read(request, LedgerQuery)
        if asked["book"] == reports.WALLET:
            staff.demand(SEE_MONEY)
        named = asked.get("organization")
        page = reports.page(
            asked["book"],
            organization_id=organization_named(named).pk if named else None,
            kind=asked.get("kind", ""),
            cursor=asked.get("cursor", ""),
            limit=asked["limit"],
        )
        rows = [_row(line, sees_money=staff.may(SEE_MONEY)) for line in page.lines]
        return Response(LedgerAnswer({"rows": rows, "next": page.next or None}).data)


def _row(line: reports.Line, *, sees_money: bool) -> Json:
    hidden = {} if sees_money else {"amount": None, "balance_after": None}
    return (
        asdict(line)
        | {
            "created_at": line.at,
            "organization": line.organization_id,
            "organization_name": line.organization,
        }
        | hidden
    )
