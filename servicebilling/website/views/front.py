"""What everybody may see: the first page and the price list."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts import access
from billing import price_list, reports
from billing.providers import registry
from servicebilling.website import price_page, usage_bar

DEFAULT_CURRENCY = "EUR"


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "website/home.html", {"sample_bar": usage_bar.sample()})


@login_not_required
@require_safe
def pricing(request: HttpRequest) -> HttpResponse:
    """The catalogue, and what a month would cost; with buttons for whoever may buy."""
    found = _access(request)
    choice = price_page.choice_of(
        request.GET, currency=found.organization.currency if found else DEFAULT_CURRENCY
    )
    prices = price_list.price_list(
        currency=choice.currency, billing_period=choice.period, minutes=choice.minutes
    )
    context = {
        "page": price_page.of(
            prices, choice, organization=found.organization if found else None
        ),
        "organization": found.organization if found else None,
        "can_buy": bool(found and found.can("billing.manage")),
        "subscription": reports.subscription_of(found.organization) if found else None,
        "providers": registry.available(),
        "is_cancelled": request.GET.get("payment") == "cancelled",
        "now": timezone.now(),
    }
    return render(request, "website/pricing.html", context)


def _access(request: HttpRequest) -> access.Access | None:
    """Return whom the price list is for; None: somebody without an organization."""
    if not request.user.is_authenticated:
        return None
    try:
        return access.access_for(request, "usage.view")
    except access.NoOrganization:
        return None
