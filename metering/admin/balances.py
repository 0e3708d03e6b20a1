"""What organizations may still use, and the terms of it."""

from django.contrib import admin

from metering.admin.searching import ORGANIZATION
from metering.models import (
    Allowance,
    BillingCycle,
    CycleCharge,
    Hold,
    Rate,
    RateCard,
    Wallet,
)
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, ReadOnlyInline, amount


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
        amount("postpaid_limit_amount"),
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


@admin.register(Wallet)
class WalletAdmin(ReadOnlyAdmin):
    list_display = ["organization", amount("balance")]
    list_filter = ["currency"]
    list_select_related = ["organization"]
    search_fields = ORGANIZATION
    ordering = ["organization_id"]
