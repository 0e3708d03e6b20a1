"""One row of overage that goes no way by itself, and what becomes of it."""

from collections.abc import Callable
from functools import partial
from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from adminpanel import frames
from adminpanel.money.forms import OverageForm
from billing.errors import BillingError
from billing.models import OverageDelivery
from billing.overage import deciding, doubts

_may_act = permission_required(frames.MOVE_MONEY, raise_exception=True)

NEXT = ("next", "Put it on the next invoice of the subscription")
APART = ("apart", "Ask for all that waits with an invoice of its own")
WRITE_OFF = ("write_off", "Write it off: nobody pays")


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_act
def delivery(request: HttpRequest, row_id: int) -> HttpResponse:
    """Show what the decision does first; the second click does it."""
    row = get_object_or_404(
        OverageDelivery.objects.select_related("organization", "cycle", "invoice"),
        pk=row_id,
    )
    form = OverageForm(request.POST or None, acts=_acts(row))
    is_asked = request.method == "POST" and form.is_valid()
    if is_asked and "confirm" in request.POST and _decide(request, form, row):
        return redirect("adminpanel:overage", row_id)
    act = form.cleaned_data.get("act") if is_asked and not form.errors else ""
    shown = {
        "row": row,
        "form": form,
        "is_open": deciding.is_open(row),
        "act": act,
        "told": dict(_acts(row)).get(str(act), ""),
        "doubt": doubts.found(row, now=timezone.now()) if act == "next" else None,
        "lines": deciding.lines_of(deciding.waiting_beside(row)) if act == "apart" else [],
    }
    title = f"Overage of {row.organization.name}"
    return frames.page(request, "money/overage.html", title, shown)


def _acts(row: OverageDelivery) -> list[tuple[str, str]]:
    """Return what can be decided of a row: whoever has no subscription has no next invoice,
    and what a provider may have taken is not asked for twice."""
    if row.route == OverageDelivery.Route.NONE:
        return [APART, WRITE_OFF]
    return [NEXT, WRITE_OFF] if deciding.has_payer(row) else [WRITE_OFF]


def _decide(request: HttpRequest, form: OverageForm, row: OverageDelivery) -> bool:
    """Do what was decided; False with the reason in the form."""
    deeds: dict[str, Callable[..., object]] = {
        "next": partial(
            deciding.put_on_next_invoice, may_be_counted="may_be_counted" in request.POST
        ),
        "apart": deciding.ask_apart,
        "write_off": deciding.write_off,
    }
    does = deeds[form.cleaned_data["act"]]
    try:
        does(row.pk, reason=form.why, actor=cast(User, request.user), now=timezone.now())
    except BillingError as error:
        form.add_error("act", error.message)
        return False
    messages.success(request, "It is decided.")
    return True
