"""An open invoice, and noting that its money came by bank transfer."""

from typing import cast
from uuid import UUID

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from adminpanel import frames
from adminpanel.money.forms import ReasonForm
from billing.errors import BillingError
from billing.invoices import settling
from billing.models import Document
from metering.models import Allowance

_may_act = permission_required(frames.MOVE_MONEY, raise_exception=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_act
def paid(request: HttpRequest, document_id: UUID) -> HttpResponse:
    """Show what it will do first; the second click does it."""
    document = get_object_or_404(
        Document.objects.select_related("organization"), pk=document_id
    )
    form = ReasonForm(request.POST or None)
    is_asked = request.method == "POST" and form.is_valid()
    if is_asked and "confirm" in request.POST and _mark(request, form, document):
        return redirect("adminpanel:invoice-paid", document_id)
    shown = {
        "document": document,
        "form": form,
        "is_preview": is_asked and not form.errors,
        "is_payable": settling.is_payable(document),
        "standing": Allowance.objects.get(organization=document.organization).standing,
    }
    title = f"Invoice {document.number or 'under way'}"
    return frames.page(request, "money/invoice_paid.html", title, shown)


def _mark(request: HttpRequest, form: ReasonForm, document: Document) -> bool:
    """Mark it as paid; False with the reason in the form."""
    try:
        settling.mark_paid(
            document, reason=form.why, actor=cast(User, request.user), now=timezone.now()
        )
    except BillingError as error:
        form.add_error("reason", error.message)
        return False
    messages.success(request, "The invoice is paid.")
    return True
