"""Calls, why each was let through or not, and the messages that told of them."""

from typing import Any

from django.contrib import admin
from django.http import HttpRequest

from metering.admin.searching import ORGANIZATION
from metering.models import (
    Call,
    CallDifference,
    CallEnding,
    Decision,
    Forward,
    HumanLine,
    InboundMessage,
    Placement,
    Reconciliation,
    SetUpFinding,
)
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount


class NumbersAdmin(ReadOnlyAdmin):
    """Hides the fields in `numbers` from staff who need not see them."""

    numbers: tuple[str, ...] = ()

    def get_list_display(self, request: HttpRequest) -> list[Any]:
        shown = super().get_list_display(request)
        return [column for column in shown if column not in self._hidden(request)]

    def get_exclude(self, request: HttpRequest, obj: Any = None) -> tuple[str, ...]:
        return (*(self.exclude or ()), *self._hidden(request))

    def _hidden(self, request: HttpRequest) -> tuple[str, ...]:
        return () if request.user.has_perm("metering.see_numbers") else self.numbers


@admin.register(Call)
class CallAdmin(NumbersAdmin):
    numbers = ("call_from", "call_to")
    list_display = [
        "occurred_at",
        "organization",
        "agent",
        "direction",
        "status",
        "refusal",
        "duration_seconds",
        "billed_minutes",
        amount("cost", currency="USD"),
        amount("price"),
        "ended_reason",
    ]
    list_filter = ["status", "direction", "is_unadmitted"]
    list_select_related = ["organization", "agent"]
    search_fields = ["provider_call_id__exact", *ORGANIZATION]
    ordering = ["-occurred_at", "-id"]


@admin.register(Decision)
class DecisionAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        "result",
        "rule",
        "would_refuse",
        "minutes",
        "seconds_max",
        "provider_call_id",
    ]
    list_filter = ["result", "would_refuse"]
    list_select_related = ["organization"]
    search_fields = ["provider_call_id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(InboundMessage)
class InboundMessageAdmin(NumbersAdmin):
    numbers = ("body",)
    list_display = [
        "received_at",
        "provider",
        "kind",
        "state",
        "organization",
        "attempts",
        "provider_call_id",
    ]
    list_filter = ["state"]
    list_select_related = ["organization"]
    search_fields = ["provider_call_id__exact", "external_id__exact"]
    ordering = ["-id"]


@admin.register(Placement)
class PlacementAdmin(NumbersAdmin):
    numbers = ("call_to",)
    list_display = [
        "created_at",
        "organization",
        "kind",
        "state",
        "call_to",
        "provider_call_id",
        "error",
    ]
    # Whoever has it can join the call.
    exclude = ["join_url"]
    list_filter = ["state", "kind"]
    list_select_related = ["organization"]
    search_fields = ["provider_call_id__exact", *ORGANIZATION]
    ordering = ["-created_at"]


@admin.register(CallEnding)
class CallEndingAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "organization", "rule", "ended_at", "attempts", "error"]
    exclude = ["control_url"]
    list_select_related = ["organization"]
    ordering = ["-created_at"]


@admin.register(Reconciliation)
class ReconciliationAdmin(ReadOnlyAdmin):
    list_display = [
        "started_at",
        "since",
        "both",
        "theirs_only",
        "ours_only",
        "different",
        "settled",
        "finished_at",
        "error",
    ]
    ordering = ["-started_at"]


@admin.register(CallDifference)
class CallDifferenceAdmin(ReadOnlyAdmin):
    list_display = [
        "last_seen_at",
        "organization",
        "result",
        "provider_call_id",
        "outcome",
        "resolved_at",
    ]
    list_filter = ["result", ("resolved_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ["provider_call_id__exact", *ORGANIZATION]
    ordering = ["-last_seen_at"]


@admin.register(SetUpFinding)
class SetUpFindingAdmin(ReadOnlyAdmin):
    list_display = [
        "last_seen_at",
        "organization",
        "subject",
        "subject_id",
        "problem",
        "detail",
        "resolved_at",
    ]
    list_filter = ["problem", ("resolved_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ["subject_id__exact", *ORGANIZATION]
    ordering = ["-last_seen_at"]


@admin.register(HumanLine)
class HumanLineAdmin(NumbersAdmin):
    numbers = ("e164",)
    list_display = ["organization", "e164", "confirmed_at", "codes", "attempts"]
    exclude = ["code_hash"]
    list_select_related = ["organization"]
    search_fields = [*ORGANIZATION]
    ordering = ["-created_at"]


@admin.register(Forward)
class ForwardAdmin(NumbersAdmin):
    numbers = ("e164",)
    list_display = ["created_at", "organization", "rule", "e164", "provider_call_id"]
    list_select_related = ["organization"]
    search_fields = ["provider_call_id__exact", *ORGANIZATION]
    ordering = ["-created_at"]
