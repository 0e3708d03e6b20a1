"""Staff pages over calls, balances and ledgers. Everything that happened is read-only; only
names and texts of agents may be edited."""

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest
from unfold.admin import ModelAdmin

from metering.models import (
    Agent,
    Allowance,
    BillingCycle,
    Call,
    CycleCharge,
    Decision,
    Hold,
    InboundMessage,
    MinuteTransaction,
    OverageCharge,
    PhoneNumber,
    Rate,
    RateCard,
    UsageEvent,
    Wallet,
    WalletTransaction,
)
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, ReadOnlyInline

# Filters only where the choices are known: others would read the whole table for them.
ORGANIZATION = ["organization__slug__exact", "organization__name__istartswith"]


class RateInline(ReadOnlyInline):
    model = Rate
    fields = ["meter", "included_quantity", "quota_limit", "unit_price", "tiers"]


@admin.register(RateCard)
class RateCardAdmin(ReadOnlyAdmin):
    list_display = [
        "code",
        "when_exhausted",
        "included_minutes",
        "overage_limit_minutes",
        "postpaid_limit_amount",
        "currency",
    ]
    list_filter = ["when_exhausted", "currency"]
    search_fields = ["code"]
    inlines = [RateInline]


@admin.register(Allowance)
class AllowanceAdmin(ReadOnlyAdmin):
    list_display = [
        "organization",
        "standing",
        "rate_card",
        "plan_minutes",
        "credit_minutes",
        "minutes_used_this_cycle",
        "minutes_held",
        "minutes_ceiling",
        "cycle_ends_at",
    ]
    list_filter = ["standing", "enforcement", "rate_card__when_exhausted"]
    list_select_related = ["organization", "rate_card"]
    search_fields = ORGANIZATION
    ordering = ["organization_id"]


class CycleChargeInline(ReadOnlyInline):
    model = CycleCharge
    fields = ["rate_card", "minutes", "seconds", "amount"]


@admin.register(BillingCycle)
class BillingCycleAdmin(ReadOnlyAdmin):
    list_display = [
        "organization",
        "starts_at",
        "ends_at",
        "rate_card",
        "included_minutes",
        "minutes_used",
        "overage_minutes",
        "state",
        "is_paid",
    ]
    list_filter = ["state", "is_paid"]
    list_select_related = ["organization", "rate_card"]
    search_fields = ORGANIZATION
    ordering = ["-starts_at", "-id"]
    inlines = [CycleChargeInline]


@admin.register(Hold)
class HoldAdmin(ReadOnlyAdmin):
    list_display = [
        "reference",
        "organization",
        "minutes",
        "seconds_max",
        "state",
        "in_progress_at",
        "expires_at",
    ]
    list_filter = ["state"]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]
    # It ends a running call and asks for no credential.
    exclude = ["control_url"]


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
        "cost",
        "price",
        "currency",
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


@admin.register(MinuteTransaction)
class MinuteTransactionAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        "kind",
        "used_change",
        "credit_change",
        "charged_change",
        "amount",
        "used_after",
        "credit_after",
        "reason",
    ]
    list_filter = ["kind"]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ["organization", "balance", "currency"]
    list_filter = ["currency"]
    list_select_related = ["organization"]
    search_fields = ORGANIZATION
    ordering = ["organization_id"]


@admin.register(WalletTransaction)
class WalletTransactionAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        "kind",
        "amount",
        "balance_after",
        "currency",
        "reason",
    ]
    list_filter = ["kind"]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(OverageCharge)
class OverageChargeAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "organization", "minutes", "amount", "currency"]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "organization", "meter", "quantity", "total", "currency"]
    list_select_related = ["organization"]
    search_fields = ["idempotency_key__exact", *ORGANIZATION]
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


class MappingAdmin(ModelAdmin):
    """Agents and numbers are mapped by the domain, which keeps their history; staff edit
    what callers hear and read."""

    list_select_related = ["organization"]
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_delete_permission(
        self, request: HttpRequest, obj: Agent | PhoneNumber | None = None
    ) -> bool:
        return False


@admin.register(Agent)
class AgentAdmin(MappingAdmin):
    list_display = ["name", "organization", "provider", "provider_assistant_id"]
    search_fields = ["name", "provider_assistant_id__exact", *ORGANIZATION]
    fields = ["organization", "name", "provider_assistant_id", "refusal_text"]
    readonly_fields = ["organization", "provider_assistant_id"]


@admin.register(PhoneNumber)
class PhoneNumberAdmin(MappingAdmin):
    list_display = ["e164", "organization", "agent", "valid_from", "valid_to"]
    list_select_related = ["organization", "agent"]
    search_fields = ["e164__exact", "provider_number_id__exact", *ORGANIZATION]
    fields = [
        "organization",
        "e164",
        "provider_number_id",
        "agent",
        "valid_from",
        "valid_to",
    ]
    readonly_fields = [name for name in fields if name != "agent"]

    def formfield_for_foreignkey(self, db_field, request, **kwargs):  # type: ignore[no-untyped-def]
        """Only the number's own organization has agents to answer it."""
        if db_field.name == "agent":
            kwargs["queryset"] = self._own_agents(request)
        return super().formfield_for_foreignkey(db_field, request, **kwargs)

    def _own_agents(self, request: HttpRequest) -> QuerySet[Agent]:
        match = request.resolver_match
        number_id = match.kwargs.get("object_id") if match else None
        return Agent.objects.filter(organization__phone_numbers=number_id)
