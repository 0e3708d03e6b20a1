"""Staff pages over money on its way: into wallets, and for the first period of a plan."""

from django.contrib import admin

from billing.models import AutoTopUp, AutoTopUpPause, PlanCheckout, TopUp
from servicebilling.lib.readonly_admin import ReadOnlyAdmin, amount

ORGANIZATION = ["organization__slug__exact", "organization__name__istartswith"]


@admin.register(TopUp)
class TopUpAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        amount("amount"),
        "state",
        "provider",
        "is_automatic",
        "failure",
    ]
    list_filter = ["state", "provider", "is_automatic"]
    list_select_related = ["organization"]
    search_fields = ["id__exact", *ORGANIZATION]
    ordering = ["-id"]


@admin.register(AutoTopUp)
class AutoTopUpAdmin(ReadOnlyAdmin):
    """The token of the card is a secret and is never shown."""

    list_display = [
        "organization",
        "is_on",
        amount("threshold"),
        amount("amount"),
        "provider",
        "card_label",
        "declines_in_a_row",
        "paused_at",
    ]
    list_filter = ["is_on", "provider"]
    list_select_related = ["organization"]
    search_fields = ORGANIZATION
    exclude = ["card_token"]


@admin.register(AutoTopUpPause)
class AutoTopUpPauseAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "organization", "declines", "card_label", "told_at"]
    list_select_related = ["organization"]
    search_fields = ORGANIZATION
    ordering = ["-id"]


@admin.register(PlanCheckout)
class PlanCheckoutAdmin(ReadOnlyAdmin):
    list_display = [
        "created_at",
        "organization",
        "plan",
        "billing_period",
        amount("amount"),
        "state",
        "provider",
    ]
    list_filter = ["state", "provider"]
    list_select_related = ["organization", "plan"]
    search_fields = ["id__exact", *ORGANIZATION]
    ordering = ["-id"]
