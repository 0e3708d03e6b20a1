"""Staff pages over documents, money that went back, overage under way, and differences."""

from typing import Any

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from billing.invoices import settling
from billing.models import (
    BillingDetails,
    Discrepancy,
    Dispute,
    Document,
    DocumentSeries,
    ExchangeRate,
    OverageDelivery,
    Refund,
    RefundOrder,
    ToldCustomer,
)
from billing.overage import deciding
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount

ORGANIZATION = ["organization__slug__exact", "organization__name__istartswith"]


def _link(name: str, id: Any, text: str) -> str:
    return format_html('<a href="{}">{}</a>', reverse(name, args=[id]), text)


@admin.register(BillingDetails)
class BillingDetailsAdmin(ReadOnlyAdmin):
    list_display = ["organization", "name", "city", "country", "tax_id"]
    list_select_related = ["organization"]
    search_fields = ["tax_id__exact", *ORGANIZATION]


@admin.register(ToldCustomer)
class ToldCustomerAdmin(ReadOnlyAdmin):
    list_display = ["told_at", "organization", "name", "email", "error"]
    list_filter = [("error", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ORGANIZATION


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
        "act",
    ]
    list_filter = ["kind", "state"]
    list_select_related = ["organization"]
    search_fields = ["number__exact", "provider_document_id__exact", *ORGANIZATION]
    ordering = ["-id"]
    readonly_fields = ["act"]

    @admin.display(description="by transfer")
    def act(self, document: Document) -> str:
        if not settling.is_payable(document):
            return ""
        return _link("adminpanel:invoice-paid", document.pk, "Mark as paid")


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


@admin.register(RefundOrder)
class RefundOrderAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        amount("amount"),
        "state",
        "attempts",
        "asked_by",
        "reason",
    ]
    list_filter = ["state"]
    list_select_related = ["organization", "asked_by"]
    search_fields = ["key__exact", *ORGANIZATION]
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
        "act",
    ]
    list_filter = ["state", "route"]
    list_select_related = ["organization"]
    search_fields = ["key__exact", *ORGANIZATION]
    ordering = ["-id"]
    readonly_fields = ["act"]

    @admin.display(description="decision")
    def act(self, row: OverageDelivery) -> str:
        if not deciding.is_open(row):
            return ""
        return _link("adminpanel:overage", row.pk, "Decide")


@admin.register(Discrepancy)
class DiscrepancyAdmin(ReadOnlyAdmin):
    list_display = [
        "found_at",
        "kind",
        "organization",
        "subject",
        "ours",
        "theirs",
        "act",
    ]
    list_filter = ["kind", ("settled_at", admin.EmptyFieldListFilter)]
    list_select_related = ["organization"]
    search_fields = ["subject__exact", *ORGANIZATION]
    ordering = ["-id"]
    readonly_fields = ["act"]

    @admin.display(description="outcome")
    def act(self, row: Discrepancy) -> str:
        if row.settled_at is not None:
            return row.settlement
        return _link("adminpanel:difference", row.pk, "Look into it")


@admin.register(ExchangeRate)
class ExchangeRateAdmin(ReadOnlyAdmin):
    """Rates are entered on the page of prices, which leaves a trace, and never changed."""

    list_display = ["base", "quote", "rate", "valid_from", "created_by"]
    list_filter = ["base", "quote"]
    list_select_related = ["created_by"]
    ordering = ["-valid_from"]
