"""Staff's list of letters: what was written to whom, and whether a mail server took it."""

from typing import cast

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.http import HttpRequest
from django.urls import reverse
from django.utils import timezone
from django.utils.html import format_html

from accounts.models import User
from billing.letters import bounces
from billing.models import BouncedAddress, Letter
from servicebilling.lib.readonly_admin import ReadOnlyAdmin


@admin.register(Letter)
class LetterAdmin(ReadOnlyAdmin):
    list_display = ["created_at", "kind", "organization", "address", "state", "look"]
    list_filter = ["kind", "state"]
    list_select_related = ["organization"]
    search_fields = ["address__iexact", "organization__slug__exact"]
    ordering = ["-id"]
    readonly_fields = ["look"]

    @admin.display(description="as it looks")
    def look(self, letter: Letter) -> str:
        place = reverse("adminpanel:letter", args=[letter.pk])
        return format_html('<a href="{}">Look at it</a>', place)


@admin.register(BouncedAddress)
class BouncedAddressAdmin(ReadOnlyAdmin):
    list_display = ["address", "reason", "told_by", "detail", "last_at", "cleared_at"]
    list_filter = ["reason", ("cleared_at", admin.EmptyFieldListFilter)]
    search_fields = ["address__iexact"]
    ordering = ["-last_at"]
    actions = ["write_again"]

    def has_clear_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("billing.change_bouncedaddress")

    @admin.action(description="Write to these addresses again", permissions=["clear"])
    def write_again(self, request: HttpRequest, chosen: QuerySet[BouncedAddress]) -> None:
        cleared = sum(
            bounces.clear(
                one.address,
                organization=None,
                actor=cast(User, request.user),
                now=timezone.now(),
            )
            for one in chosen
        )
        messages.success(request, f"{cleared} addresses get letters again.")
