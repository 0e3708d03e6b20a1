"""The answers of the staff API: their fields, and how a report becomes one. Amounts are null
for those who may not see money."""

from dataclasses import asdict
from typing import Any

from rest_framework import serializers

from accounts.models import Organization
from adminpanel.api.asking import Json
from adminpanel.calls.reports import Line as CallLine
from adminpanel.organizations.reports import Line as OrganizationLine
from metering.api.answers import Amount
from metering.models import Allowance, Call

_OF_MONEY = ("wallet", "margin", "cost_usd", "price", "is_loss")


class OrganizationAnswer(serializers.Serializer[Json]):
    id = serializers.UUIDField()
    slug = serializers.CharField()
    name = serializers.CharField()
    status = serializers.ChoiceField(Organization.Status.choices)
    standing = serializers.ChoiceField(
        Allowance.Standing.choices, allow_null=True, help_text="null: no balances yet."
    )
    enforcement = serializers.ChoiceField(Allowance.Enforcement.choices, allow_null=True)
    plan = serializers.CharField(help_text="Its code; empty without one.")
    plan_name = serializers.CharField()
    is_older_version = serializers.BooleanField(
        help_text="They keep terms of the plan that are not sold any more."
    )
    billing_period = serializers.CharField(help_text="`monthly`, `yearly` or empty.")
    renews_at = serializers.DateTimeField(allow_null=True)
    cycle_end = serializers.DateTimeField(allow_null=True)
    minutes_covered = serializers.IntegerField(
        help_text="Of this cycle, paid by plan and credit."
    )
    minutes_pool = serializers.IntegerField(
        help_text="Plan and credit minutes, used or not."
    )
    minutes_held = serializers.IntegerField()
    minutes_remaining = serializers.IntegerField()
    credit_minutes = serializers.IntegerField()
    wallet = Amount(allow_null=True)
    margin = Amount(
        allow_null=True,
        help_text="Paid in the last 31 days less what the providers charged for its calls;"
        " null without an exchange rate.",
    )
    currency = serializers.CharField()


class OrganizationsAnswer(serializers.Serializer[Json]):
    organizations = OrganizationAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


class CountersAnswer(serializers.Serializer[Json]):
    credit_minutes = serializers.IntegerField()
    minutes_used_this_cycle = serializers.IntegerField()
    wallet = Amount()


class AdjustedAnswer(serializers.Serializer[Json]):
    reference = serializers.CharField(help_text="Of the ledger row.")
    counter = serializers.CharField()
    change = Amount(help_text="Signed: minutes, or an amount of the wallet's currency.")
    before = CountersAnswer()
    after = CountersAnswer()
    currency = serializers.CharField()
    is_repeated = serializers.BooleanField(
        help_text="It had been made before; nothing happened now."
    )
    dry_run = serializers.BooleanField()


class StaffCallAnswer(serializers.Serializer[Json]):
    id = serializers.UUIDField()
    organization = serializers.UUIDField()
    organization_name = serializers.CharField()
    provider_call_id = serializers.CharField()
    occurred_at = serializers.DateTimeField()
    agent_name = serializers.CharField()
    number = serializers.CharField(help_text="The organization's own.")
    call_from = serializers.CharField()
    call_to = serializers.CharField()
    direction = serializers.CharField()
    status = serializers.ChoiceField(Call.Status.choices)
    reason = serializers.CharField(help_text="Why it ended, or the rule that refused it.")
    duration_seconds = serializers.IntegerField(allow_null=True)
    billed_minutes = serializers.IntegerField()
    prepaid_minutes = serializers.IntegerField(help_text="Of plan and credit.")
    cost_usd = Amount(allow_null=True, help_text="What the provider charged us.")
    price = Amount(allow_null=True, help_text="What the organization is charged.")
    margin = Amount(allow_null=True, help_text="Price less cost, in the call's currency.")
    currency = serializers.CharField()


class StaffCallsAnswer(serializers.Serializer[Json]):
    calls = StaffCallAnswer(many=True)
    next = serializers.CharField(allow_null=True, help_text="Cursor of the next page.")


def organization_answer(line: OrganizationLine, *, sees_money: bool) -> Json:
    """Return the fields of `OrganizationAnswer`."""
    said = asdict(line) | {
        "standing": line.standing or None,
        "enforcement": line.enforcement or None,
        "minutes_covered": line.covered,
        "minutes_pool": line.pool,
        "minutes_held": line.held,
        "minutes_remaining": line.remaining,
    }
    return _seen(said, sees_money=sees_money)


def call_answer(line: CallLine, *, sees_money: bool) -> Json:
    """Return the fields of `StaffCallAnswer`."""
    said = asdict(line) | {
        "organization": line.organization_id,
        "organization_name": line.organization,
        "agent_name": line.agent,
    }
    return _seen(said, sees_money=sees_money)


def _seen(said: dict[str, Any], *, sees_money: bool) -> Json:
    if sees_money:
        return said
    return said | {name: None for name in _OF_MONEY if name in said}
