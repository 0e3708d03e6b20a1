"""Staff pages over what is sold and what was paid. Read-only: the catalogue changes by
`load_catalogue`, payments by what providers tell."""

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from billing import inbox
from billing.models import MinuteBundle, Payment, PaymentEvent, Plan, Purchase, Subscription
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount

ORGANIZATION = ["organization__slug__exact", "organization__name__istartswith"]


@admin.register(Plan)
class PlanAdmin(ReadOnlyAdmin):
    list_display = [
        "code",
        "name",
        amount("price_monthly"),
        amount("price_yearly"),
        amount("setup_fee"),
        "rate_card",
        "is_active",
        "is_public",
    ]
    list_filter = ["is_active", "currency"]
    list_select_related = ["rate_card"]
    search_fields = ["code", "name"]


@admin.register(MinuteBundle)
class MinuteBundleAdmin(ReadOnlyAdmin):
    list_display = ["code", "minutes", "currency", "is_active"]


@admin.register(Purchase)
class PurchaseAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "organization", "minutes", amount("price"), "state"]
    list_filter = ["state"]
    list_select_related = ["organization"]
    search_fields = ["checkout_id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(Payment)
class PaymentAdmin(ReadOnlyAdmin):
    list_display = ["paid_at", "organization", amount("amount"), "provider", "look"]
    list_filter = ["provider"]
    list_select_related = ["organization"]
    search_fields = ["provider_payment_id__exact", *ORGANIZATION]
    ordering = ["-id"]
    readonly_fields = ["look"]

    @admin.display(description="refund")
    def look(self, payment: Payment) -> str:
        place = reverse("adminpanel:payment", args=[payment.pk])
        return format_html('<a href="{}">What went back</a>', place)


@admin.register(Subscription)
class SubscriptionAdmin(ReadOnlyAdmin):
    list_display = [
        "organization",
        "plan",
        "billing_period",
        "status",
        amount("price"),
        "period_ends_at",
        "cancel_at",
    ]
    list_filter = ["status", "billing_period"]
    list_select_related = ["organization", "plan"]
    search_fields = ["provider_subscription_id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(PaymentEvent)
class PaymentEventAdmin(ReadOnlyAdmin):
    list_display = ["received_at", "provider", "kind", "state", "attempts", "organization"]
    list_filter = ["state"]
    list_select_related = ["organization"]
    search_fields = ["external_id__exact"]
    ordering = ["-id"]
    actions = ["replay"]

    def has_replay_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_paymentevent")

    @admin.action(description="Process again", permissions=["replay"])
    def replay(self, request: HttpRequest, chosen: QuerySet[PaymentEvent]) -> None:
        ids = chosen.order_by("id").values_list("id", flat=True)
        outcomes = inbox.replay(list(ids), now=timezone.now())
        told = ", ".join(f"{what}: {count}" for what, count in sorted(outcomes.items()))
        is_done = set(outcomes) <= inbox.DONE
        level = messages.SUCCESS if is_done else messages.WARNING
        self.message_user(request, f"Processed again. {told}", level)
