"""The pages that join apps. Each parses, asks one question below, and renders."""

from typing import cast

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils import timezone
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts import access, organizations
from accounts.errors import InvalidDetail
from accounts.models import User
from servicebilling.website import opening, snapshots, usage_bar
from servicebilling.website.forms import OrganizationForm
from servicebilling.website.frames import Frame, organization_page, url_of

LIVE_EVERY_SECONDS = 10


@login_not_required
@require_safe
def home(request: HttpRequest) -> HttpResponse:
    return render(request, "website/home.html", {"sample_bar": usage_bar.sample()})


@require_safe
@never_cache
@organization_page("usage.view", section="website:dashboard")
def dashboard(request: HttpRequest, frame: Frame) -> HttpResponse:
    return render(request, "website/dashboard.html", _dashboard_context(frame))


@require_safe
@never_cache
@organization_page("usage.view", section="website:dashboard")
def dashboard_live(request: HttpRequest, frame: Frame) -> HttpResponse:
    """The parts of the dashboard that change, for the script that fetches them."""
    response = render(request, "website/dashboard_live.html", _dashboard_context(frame))
    # A page left open must not keep its session alive, and a tab of another organization
    # must not switch this one's: whatever the request wrote there is dropped.
    request.session.modified = False
    return response


@require_http_methods(["GET", "HEAD", "POST"])
def organization_new(request: HttpRequest) -> HttpResponse:
    person = cast(User, request.user)
    cards = opening.cards_without_plan()
    form = OrganizationForm(
        request.POST or None,
        currencies=list(cards),
        initial={"name": organizations.suggested_name(person)},
    )
    if request.method == "POST" and form.is_valid():
        try:
            made = opening.open_organization(
                name=form.cleaned_data["name"],
                owner=person,
                timezone=form.cleaned_data["timezone"],
                card=cards[form.cleaned_data["currency"]],
                now=timezone.now(),
            )
        except InvalidDetail as error:
            form.add_error("name", error.message)
        else:
            return redirect(url_of("website:dashboard", made))
    is_first = not access.memberships_of(request.user)
    context = {"form": form, "is_first": is_first}
    return render(request, "website/organization_new.html", context)


def _dashboard_context(frame: Frame) -> dict[str, object]:
    return {
        "frame": frame,
        "snapshot": snapshots.take(frame.organization, now=timezone.now()),
        "live_url": url_of("website:dashboard-live", frame.organization),
        "live_every_seconds": LIVE_EVERY_SECONDS,
        "webhook_url": f"{settings.WEBSITE_URL}/api/webhooks/vapi",
    }
