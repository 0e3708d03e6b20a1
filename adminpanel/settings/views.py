"""Prices of bundles and exchange rates: what holds, what it was, and changing it."""

import json
from datetime import datetime
from typing import cast

from django.contrib import admin, messages
from django.contrib.auth.decorators import permission_required
from django.db import transaction
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST

from accounts import settings_history
from accounts.errors import InvalidDetail
from accounts.models import User
from adminpanel import frames
from adminpanel.settings import reports
from adminpanel.settings.forms import PRICE_KEYS, PriceForm, RateForm
from adminpanel.settings.reports import Terms
from billing import exchange

_may_set = permission_required("accounts.add_setting", raise_exception=True)
_may_enter = permission_required("billing.add_exchangerate", raise_exception=True)


@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
@admin.site.admin_view
@_may_set
def prices(request: HttpRequest) -> HttpResponse:
    """Show what every bundle would cost first; the second click puts it in force."""
    now = timezone.now()
    current = reports.terms_at(now)
    initial = {
        "markup_percent": current.markup_percent,
        "base_minute_cost": json.dumps(current.base_minute_cost),
        "seen": settings_history.latest(PRICE_KEYS),
    }
    form = PriceForm(request.POST or None, initial=initial, now=now)
    is_asked = request.method == "POST" and form.is_valid()
    then = current
    if is_asked:
        said = form.cleaned_data
        then = Terms(said["markup_percent"], said["base_minute_cost"])
        if "confirm" in request.POST and _put(request, form, current, then, now):
            return redirect("adminpanel:prices")
    shown = {
        "form": form,
        "rate_form": RateForm(),
        "is_preview": is_asked,
        "bundles": reports.bundle_prices(current, then),
        "history": reports.price_history(),
        "rates": reports.exchange_rates(),
        "now": now,
    }
    return frames.page(request, "settings/prices.html", "Prices and rates", shown)


@never_cache
@admin.site.admin_view
@_may_enter
@require_POST
def enter_rate(request: HttpRequest) -> HttpResponse:
    form = RateForm(request.POST)
    if not form.is_valid():
        told = " ".join(
            f"{name}: {' '.join(str(one) for one in errors)}"
            for name, errors in form.errors.items()
        )
        messages.error(request, f"No rate was entered. {told}")
        return redirect("adminpanel:prices")
    row = exchange.enter(
        **form.cleaned_data, actor=cast(User, request.user), now=timezone.now()
    )
    messages.success(request, f"From now on {row}.")
    return redirect("adminpanel:prices")


def _put(
    request: HttpRequest, form: PriceForm, current: Terms, then: Terms, now: datetime
) -> bool:
    """Put what differs in force; False with the reason in the form if it cannot be."""
    changes = {
        name: getattr(then, name)
        for name in PRICE_KEYS
        if getattr(then, name) != getattr(current, name)
    }
    if changes and form.is_overtaken(PRICE_KEYS):
        return False
    try:
        with transaction.atomic():
            for key, value in changes.items():
                settings_history.set_value(
                    key,
                    value,
                    organization=None,
                    actor=cast(User, request.user),
                    now=now,
                    valid_from=form.cleaned_data["valid_from"],
                )
    except InvalidDetail as error:
        form.add_error("valid_from", error.message)
        return False
    messages.success(request, "The prices are kept." if changes else "Nothing changed.")
    return True
