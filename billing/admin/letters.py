"""Staff's list of letters: what was written to whom, and whether a mail server took it."""

from django.contrib import admin
from django.urls import reverse
from django.utils.html import format_html

from billing.models import Letter
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
