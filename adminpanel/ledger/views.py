"""Any balance and the rows it is made of."""

from typing import Any

from django import forms
from django.contrib import admin
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import BadRequest
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.models import Organization
from adminpanel import frames
from adminpanel.ledger import reports
from metering.balances.ledger_models import Kind
from servicebilling.lib.keyset import InvalidCursor

BOOK_NAMES = [(reports.MINUTES, "Minutes"), (reports.WALLET, "Wallet")]


class LedgerForm(forms.Form):
    book = forms.ChoiceField(choices=BOOK_NAMES, required=False)
    organization = forms.CharField(max_length=80, required=False)
    kind = forms.ChoiceField(choices=[("", "any"), *Kind.choices], required=False)

    def clean(self) -> dict[str, Any]:
        said: dict[str, Any] = super().clean() or self.cleaned_data
        said["book"] = said.get("book") or reports.MINUTES
        if name := said.get("organization"):
            said["found"] = frames.organization_named(name)
            if said["found"] is None:
                self.add_error("organization", "There is no organization of that name.")
        elif said.get("kind"):
            self.add_error("kind", "Name an organization, too.")
        return said


@never_cache
@require_safe
@admin.site.admin_view
@permission_required("metering.view_minutetransaction", raise_exception=True)
def ledger(request: HttpRequest) -> HttpResponse:
    form = LedgerForm(request.GET)
    sees_money = request.user.has_perm(frames.SEE_MONEY)
    if not sees_money:
        form.fields["book"].choices = BOOK_NAMES[:1]  # type: ignore[attr-defined]
    page = None
    counters: tuple[reports.Counter, ...] = ()
    found: Organization | None = None
    if form.is_valid():
        said, cursor = form.cleaned_data, request.GET.get("cursor", "")
        found = said.get("found")
        try:
            page = reports.page(
                said["book"],
                organization_id=found.pk if found else None,
                kind=said["kind"],
                cursor=cursor,
            )
        except InvalidCursor as error:
            raise BadRequest(error.message) from error
        if found and not cursor:
            counters = reports.counters_of(found)
    shown = {
        "form": form,
        "page": page,
        "counters": [one for one in counters if sees_money or not one.currency],
        "organization": found,
        "is_wallet": bool(page) and form.cleaned_data["book"] == reports.WALLET,
    }
    return frames.page(request, "ledger/list.html", "Ledger", shown)
