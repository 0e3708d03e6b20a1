"""Buttons that lead to a payment page. The browser names what it wants, never a price."""

from collections.abc import Callable
from decimal import Decimal
from typing import cast, get_args

from django.conf import settings
from django.contrib import messages
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import redirect
from django.utils import timezone
from django.views.decorators.http import require_POST

from accounts.models import User
from billing import checkout
from billing.errors import BillingError, NotSold, TopUpOutOfBounds
from billing.events import BillingPeriod
from billing.providers import registry
from servicebilling.lib import money
from servicebilling.website.frames import Frame, organization_page, url_of

SECTION = "website:billing"


@require_POST
@organization_page("billing.manage", section=SECTION)
def subscribe(request: HttpRequest, frame: Frame) -> HttpResponse:
    plan, period = _said(request, "plan"), request.POST.get("period", "")
    return _lead(
        request,
        frame,
        back=url_of("website:pricing", frame.organization),
        to=lambda: checkout.subscribe(
            organization=frame.organization,
            plan_code=plan,
            billing_period=_period(period),
            provider=checkout.provider_of_plan(plan, request.POST.get("provider", "")),
            now=timezone.now(),
        ),
    )


@require_POST
@organization_page("billing.manage", section=SECTION)
def buy_minutes(request: HttpRequest, frame: Frame) -> HttpResponse:
    return _lead(
        request,
        frame,
        back=url_of("website:billing", frame.organization) + "#minutes",
        to=lambda: checkout.buy_bundle(
            organization=frame.organization,
            bundle_code=_said(request, "bundle"),
            provider=_provider(request, frame),
            started_by=cast(User, request.user),
            now=timezone.now(),
        ),
    )


@require_POST
@organization_page("billing.manage", section=SECTION)
def top_up(request: HttpRequest, frame: Frame) -> HttpResponse:
    """Fill the wallet: the one amount that the customer names, within our bounds."""
    return _lead(
        request,
        frame,
        back=url_of("website:billing", frame.organization) + "#funds",
        to=lambda: checkout.top_up(
            organization=frame.organization,
            amount=_amount(request.POST.get("amount", "")),
            currency=frame.organization.currency,
            provider=_provider(request, frame),
            started_by=cast(User, request.user),
            now=timezone.now(),
        ),
    )


@require_POST
@organization_page("billing.manage", section=SECTION)
def portal(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The provider's own page for cards, invoices and cancelling; its address is a secret."""
    back = url_of("website:billing", frame.organization)
    return _lead(
        request,
        frame,
        back=back,
        to=lambda: checkout.portal(
            frame.organization,
            return_url=f"{settings.WEBSITE_URL}{back}",
            now=timezone.now(),
        ),
    )


def _lead(
    request: HttpRequest, frame: Frame, *, to: Callable[[], str], back: str
) -> HttpResponse:
    """Go to the page that `to` finds; if it is refused, go back and say why."""
    try:
        return HttpResponseRedirect(to())
    except BillingError as error:
        messages.error(request, error.message)
        return redirect(back)


def _said(request: HttpRequest, name: str) -> str:
    """Return a code as the database can be asked for it."""
    return request.POST.get(name, "").replace("\0", "")


def _period(said: str) -> BillingPeriod:
    if said not in get_args(BillingPeriod):
        raise NotSold("Choose to pay monthly or yearly.")
    return cast(BillingPeriod, said)


def _amount(said: str) -> Decimal:
    try:
        return money.amount(said.strip())
    except money.InvalidAmount as error:
        raise TopUpOutOfBounds("Write the amount in digits, such as 50.") from error


def _provider(request: HttpRequest, frame: Frame) -> str:
    return registry.chosen(
        request.POST.get("provider", ""), currency=frame.organization.currency
    )
