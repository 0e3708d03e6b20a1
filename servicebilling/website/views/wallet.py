"""What the wallet does besides paying for calls: it fills itself, and it buys minutes."""

from typing import cast
from uuid import UUID

from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts.models import User
from billing import checkout, reports
from billing.errors import BillingError
from billing.topups import standing_orders
from metering.usage import reports as usage_reports
from servicebilling.lib.ids import new_id
from servicebilling.website.auto_top_up_form import AutoTopUpForm
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:billing"


@require_http_methods(["GET", "HEAD", "POST"])
@never_cache
@organization_page("billing.manage", section=SECTION)
def auto_top_up(request: HttpRequest, frame: Frame) -> HttpResponse:
    if request.method != "POST":
        return _show_order(request, frame)
    form = AutoTopUpForm(request.POST)
    if not form.is_valid():
        return _show_order(request, frame, form)
    try:
        standing_orders.turn_on(
            frame.organization,
            form.order,
            by=cast(User, request.user),
            now=timezone.now(),
        )
    except BillingError as error:
        form.add_error(None, error.message)
        return _show_order(request, frame, form)
    messages.success(request, "The wallet fills itself from now on.")
    return redirect(url_of("website:auto-top-up", frame.organization))


@require_POST
@organization_page("billing.manage", section=SECTION)
def auto_top_up_off(request: HttpRequest, frame: Frame) -> HttpResponse:
    standing_orders.turn_off(
        frame.organization, by=cast(User, request.user), now=timezone.now()
    )
    messages.success(request, "Nothing is charged by itself any more.")
    return redirect(url_of("website:auto-top-up", frame.organization))


@require_POST
@never_cache
@organization_page("billing.manage", section=SECTION)
def buy_from_wallet(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Show the price and what would be left; with `attempt`, which that page sends, buy.
    The same attempt again is the same purchase."""
    code = request.POST.get("bundle", "")
    offers = reports.bundles_on_offer(frame.organization, now=timezone.now())
    bundle = next((one for one in offers if one.code == code), None)
    back = url_of("website:billing", frame.organization) + "#minutes"
    if bundle is None:
        messages.error(request, "This is not for sale.")
        return redirect(back)
    attempt = _id(request.POST.get("attempt", ""))
    if attempt is None:
        cycle = usage_reports.usage_this_cycle(frame.organization, now=timezone.now())
        context = {
            "frame": frame,
            "bundle": bundle,
            "wallet": cycle.wallet_balance,
            "left": cycle.wallet_balance - bundle.price,
            "attempt": new_id(),
        }
        return render(request, "website/buy_from_wallet.html", context)
    try:
        url = checkout.buy_bundle_from_wallet(
            organization=frame.organization,
            bundle_code=code,
            bought_by=cast(User, request.user),
            now=timezone.now(),
            attempt=attempt,
        )
    except BillingError as error:
        messages.error(request, error.message)
        return redirect(back)
    return HttpResponseRedirect(url)


def _show_order(
    request: HttpRequest, frame: Frame, form: AutoTopUpForm | None = None
) -> HttpResponse:
    order = standing_orders.report_of(frame.organization)
    if form is None:
        known = {}
        if order is not None:
            names = ("threshold", "amount", "max_per_day", "max_per_month")
            known = {name: f"{getattr(order, name):.2f}" for name in names}
        form = AutoTopUpForm(initial=known)
    context = {"frame": frame, "order": order, "form": form}
    return render(request, "website/auto_top_up.html", context)


def _id(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None
