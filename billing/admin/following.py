"""Staff pages over documents, money that went back, overage under way, and differences."""

from django.contrib import admin

from billing.models import (
    BillingDetails,
    Discrepancy,
    Dispute,
    Document,
    DocumentSeries,
    ExchangeRate,
    OverageDelivery,
    Refund,
)
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount

ORGANIZATION = ["organization__slug__exact", "organization__name__istartswith"]


@admin.register(BillingDetails)
class BillingDetailsAdmin(ReadOnlyAdmin):
    list_display = ["organization", "name", "city", "country", "tax_id"]
    list_select_related = ["organization"]
    search_fields = ["tax_id__exact", *ORGANIZATION]


@admin.register(Document)
class DocumentAdmin(ReadOnlyAdmin):
    list_display = [
        "issued_at",
        "organization",
        "kind",
        "number",
        amount("total"),
        "state",
        "provider",
    ]
    list_filter = ["kind", "state"]
    list_select_related = ["organization"]
    search_fields = ["number__exact", "provider_document_id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(DocumentSeries)
class DocumentSeriesAdmin(ReadOnlyAdmin):
    list_display = ["name", "last_number"]


@admin.register(Refund)
class RefundAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        amount("amount"),
        "status",
        "minutes",
        "provider",
    ]
    list_filter = ["status"]
    list_select_related = ["organization"]
    search_fields = ["provider_id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(Dispute)
class DisputeAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        amount("amount"),
        "status",
        "is_effective",
        "minutes",
        "provider",
    ]
    list_filter = ["status", "is_effective"]
    list_select_related = ["organization"]
    search_fields = ["provider_id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(OverageDelivery)
class OverageDeliveryAdmin(ReadOnlyAdmin):
    list_display = [
        "occurred_at",
        "organization",
        "minutes",
        amount("amount"),
        "route",
        "state",
        "attempts",
    ]
    list_filter = ["state", "route"]
    list_select_related = ["organization"]
    search_fields = ["key__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    list_display = ["found_at", "kind", "organization", "subject", "ours", "theirs"]
    list_filter = ["kind", ("settled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ["subject__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    """Rates are entered on the page of prices, which leaves a trace, and never changed."""

    list_display = ["base", "quote", "rate", "valid_from", "created_by"]
    list_filter = ["base", "quote"]
    list_select_related = ["created_by"]
    ordering = ["-valid_from"]
