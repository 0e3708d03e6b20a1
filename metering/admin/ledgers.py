"""Both ledgers, and the charges that billing delivers."""

from django.contrib import admin

from metering.admin.searching import ORGANIZATION
from metering.models import (
    BookCheck,
    MinuteTransaction,
    OverageCharge,
    UsageEvent,
    WalletTransaction,
)
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount


@admin.register(MinuteTransaction)
class MinuteTransactionAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        "kind",
        "used_change",
        "credit_change",
        "charged_change",
        amount("amount"),
        "used_after",
        "credit_after",
        "reason",
    ]
    list_filter = ["kind"]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(WalletTransaction)
class WalletTransactionAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        "kind",
        amount("amount"),
        amount("balance_after"),
        "reason",
    ]
    list_filter = ["kind"]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(OverageCharge)
class OverageChargeAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "organization", "minutes", amount("amount")]
    list_select_related = ["organization"]
    search_fields = ["reference__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(UsageEvent)
class UsageEventAdmin(ReadOnlyAdmin):
    list_display = ["occurred_at", "organization", "meter", "quantity", amount("total")]
    list_select_related = ["organization"]
    search_fields = ["idempotency_key__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(BookCheck)
class BookCheckAdmin(ReadOnlyAdmin):
    list_display = ["started_at", "finished_at", "rows_checked", "findings_count"]
    ordering = ["-started_at"]
