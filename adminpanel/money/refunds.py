"""A payment with all that went back of it, and giving it back through its provider."""

from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from adminpanel import frames
from adminpanel.money import reports
from adminpanel.money.forms import RefundForm
from billing.errors import BillingError
from billing.models import Payment, RefundOrder
from billing.reversals import refunding, rehearsing

_may_view = permission_required("billing.view_payment", raise_exception=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_view
def payment(request: HttpRequest, payment_id: UUID) -> HttpResponse:
    """Show what a refund takes back first; the second click, with the same id, gives it."""
    sheet = _sheet_or_404(payment_id)
    may_act = request.user.has_perm(frames.MOVE_MONEY)
    if request.method == "POST" and not may_act:
        raise PermissionDenied
    form = RefundForm(
        request.POST or None, left=sheet.money.left, currency=sheet.payment.currency
    )
    effect = None
    if request.method == "POST" and _is_repeated(form, sheet):
        return redirect("adminpanel:payment", payment_id)
    if request.method == "POST" and form.is_valid():
        if "confirm" in request.POST and _give(request, form, sheet.payment):
            return redirect("adminpanel:payment", payment_id)
        if not form.errors:
            effect = rehearsing.rehearse(
                sheet.payment, amount=form.cleaned_data["amount"], now=timezone.now()
            )
    shown = {"sheet": sheet, "form": form, "effect": effect, "may_act": may_act}
    title = f"Payment of {sheet.payment.organization.name}"
    return frames.page(request, "money/payment.html", title, shown)


def _is_repeated(form: RefundForm, sheet: reports.PaymentSheet) -> bool:
    """Return whether the same click arrived before: then nothing is left to be asked, and
    the form would say so instead of what happened."""
    form.is_valid()
    attempt = form.cleaned_data.get("attempt")
    return attempt is not None and refunding.is_ordered(sheet.payment, attempt)


def _give(request: HttpRequest, form: RefundForm, payment: Payment) -> bool:
    """Order the refund and ask for it at once; False with the reason in the form."""
    now = timezone.now()
    try:
        made = refunding.order(
            payment,
            amount=form.cleaned_data["amount"],
            reason=form.why,
            actor=cast(User, request.user),
            attempt=form.named,
            now=now,
        )
    except BillingError as error:
        form.add_error("amount", error.message)
        return False
    _tell(request, refunding.give(made.pk, now=now))
    return True


def _tell(request: HttpRequest, made: RefundOrder) -> None:
    if made.state == RefundOrder.State.REFUSED:
        messages.error(request, f"The provider refused, nothing went back: {made.error}")
    elif made.refund is None:
        messages.warning(
            request,
            "The refund is written down, and the provider has not answered yet. It will be"
            " asked again, once and for the same refund.",
        )
    elif made.refund.is_effective:
        messages.success(
            request,
            f"Given back. {made.refund.minutes:,} minutes were taken back with it.",
        )
    else:
        messages.success(request, f"The provider says: {made.refund.status}.")


def _sheet_or_404(payment_id: UUID) -> reports.PaymentSheet:
    try:
        return reports.payment_sheet(payment_id)
    except Payment.DoesNotExist as error:
        raise Http404 from error
