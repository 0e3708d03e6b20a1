"""Calls, why each was let through or not, and the messages that told of them."""

from django.contrib import admin

from metering.admin.searching import ORGANIZATION
from metering.models import Call, Decision, InboundMessage
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount


@admin.register(Call)
class CallAdmin(ReadOnlyAdmin):
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
class InboundMessageAdmin(ReadOnlyAdmin):
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
