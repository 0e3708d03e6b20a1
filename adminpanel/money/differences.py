"""One difference between our books and a provider's, and accepting it."""

from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from accounts.staff_access import Staff
from adminpanel import frames
from adminpanel.money.forms import DifferenceForm
from adminpanel.organizations import limits
from billing import discrepancies
from billing.discrepancies import Adjustment
from billing.errors import BillingError
from billing.models import Discrepancy
from metering.balances.adjustments import Adjusted
from metering.balances.ledger import LedgerError

_may_view = permission_required("billing.view_discrepancy", raise_exception=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_view
def difference(request: HttpRequest, difference_id: int) -> HttpResponse:
    """Show the effect of accepting it first; the second click, with the same id, does it."""
    row = get_object_or_404(
        Discrepancy.objects.select_related("organization", "settled_by"), pk=difference_id
    )
    may_act = request.user.has_perm(frames.MOVE_MONEY)
    if request.method == "POST" and not may_act:
        raise PermissionDenied
    form = DifferenceForm(request.POST or None)
    is_asked = request.method == "POST" and form.is_valid()
    effect = None
    if is_asked:
        is_dry = "confirm" not in request.POST
        effect = _accept(request, form, row, dry_run=is_dry)
        if not is_dry and not form.errors:
            messages.success(request, "The difference is settled.")
            return redirect("adminpanel:difference", difference_id)
    shown = {
        "row": row,
        "form": form,
        "is_preview": is_asked and not form.errors,
        "effect": effect,
        "may_act": may_act,
    }
    title = f"Difference: {row.get_kind_display().lower()}"
    return frames.page(request, "money/difference.html", title, shown)


def _accept(
    request: HttpRequest, form: DifferenceForm, row: Discrepancy, *, dry_run: bool
) -> Adjusted | None:
    """Return the effect on the books, if any; what is refused stands in the form."""
    adjustment = None
    if counter := form.cleaned_data["counter"]:
        if said := limits.exceeded(Staff(cast(User, request.user)), counter, form.signed):
            form.add_error("change", said)
            return None
        adjustment = Adjustment(counter, form.signed, form.named)
    try:
        return discrepancies.accept(
            row.pk,
            reason=form.why,
            actor=cast(User, request.user),
            now=timezone.now(),
            adjustment=adjustment,
            dry_run=dry_run,
        )
    except (BillingError, LedgerError) as error:
        form.add_error("change", str(error))
        return None
