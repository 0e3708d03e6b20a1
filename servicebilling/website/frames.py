"""What surrounds every page of an organization: its name, the switcher, the sections.

    @organization_page("usage.view", section="website:dashboard")
    def dashboard(request: HttpRequest, frame: Frame) -> HttpResponse: ...

The page runs in the organization's time zone, so templates need not convert.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date
from functools import wraps
from typing import Any
from zoneinfo import ZoneInfo

from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.utils import timezone

from accounts import access, capabilities
from accounts.models import Membership, Organization
from metering.errors import NoBalances

# In the session of somebody who opened an invitation before signing in.
INVITATION_KEY = "invitation"


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    # A URL name; it is also how a page says which section it belongs to.
    name: str
    capability: str


# In the order they are shown. A page joins the navigation by a line here.
SECTIONS = [
    Section("Overview", "website:dashboard", "usage.view"),
    Section("Calls", "website:calls", "usage.view"),
    Section("Usage", "website:usage", "usage.view"),
    Section("Billing", "website:billing", "billing.view"),
    Section("Alerts", "website:alerts", "alerts.view"),
    Section("Team", "website:team", "team.view"),
    Section("API keys", "website:api-keys", "keys.view"),
    Section("Webhooks", "website:webhooks", "webhooks.view"),
    Section("Settings", "website:settings", "settings.view"),
]


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    organization: Organization
    role: str
    access: access.Access
    memberships: tuple[Membership, ...]
    sections: list[Link]
    switches: list[Link]
    # `Europe/Berlin (CEST)`
    zone: str
    # Who looks.
    user_id: int | None

    def can(self, capability: str) -> bool:
        return self.access.can(capability)

    @property
    def can_view_billing(self) -> bool:
        return self.can("billing.view")

    @property
    def can_manage_billing(self) -> bool:
        return self.can("billing.manage")

    @property
    def can_manage_alerts(self) -> bool:
        return self.can("alerts.manage")

    @property
    def can_manage_settings(self) -> bool:
        return self.can("settings.manage")

    @property
    def can_manage_keys(self) -> bool:
        return self.can("keys.manage")

    @property
    def can_manage_team(self) -> bool:
        return self.can("team.manage")


Page = Callable[..., HttpResponseBase]
View = Callable[..., HttpResponseBase]


def organization_page(capability: str, *, section: str) -> Callable[[Page], View]:
    """Make a page of an organization out of a function that takes its frame.

    Whoever belongs to none is sent to name their first one; where an organization never got
    balances, the page says so instead.
    """

    def decorator(page: Page) -> View:
        @wraps(page)
        def view(request: HttpRequest, **kwargs: Any) -> HttpResponseBase:
            try:
                found = access.access_for(request, capability)
            except access.NoOrganization:
                if token := request.session.get(INVITATION_KEY):
                    return redirect("website:invitation", token=token)
                return redirect("website:organization-new")
            with timezone.override(ZoneInfo(found.organization.timezone)):
                frame = _frame(found, section, request.user.pk)
                try:
                    return page(request, frame, **kwargs)
                except NoBalances:
                    return render(request, "website/no_balances.html", {"frame": frame})

        return view

    return decorator


def url_of(name: str, organization: Organization) -> str:
    """Return the address of a page for one organization; it can be sent to a colleague."""
    return reverse(name, query={"organization": organization.slug})


def day_url(name: str, organization: Organization, day: date, **said: str) -> str:
    """Return the address of a list narrowed to one day, and to what else is said."""
    spoken = day.isoformat()
    said = {"organization": organization.slug, **said, "first": spoken, "last": spoken}
    return reverse(name, query=said)


def _frame(found: access.Access, section: str, user_id: int | None) -> Frame:
    here = found.organization
    return Frame(
        organization=here,
        role=found.role,
        access=found,
        memberships=found.memberships,
        sections=[
            Link(one.title, url_of(one.name, here), one.name == section)
            for one in SECTIONS
            if found.can(one.capability)
        ],
        switches=[
            Link(
                one.organization.name,
                _same_page(section, one),
                one.organization_id == here.pk,
            )
            for one in found.memberships
        ],
        zone=_zone(here.timezone),
        user_id=user_id,
    )


def _zone(name: str) -> str:
    """Return the zone in force with its abbreviation, unless that is its name."""
    short = f"{timezone.localtime():%Z}"
    return name if short == name else f"{name} ({short})"


def _same_page(section: str, membership: Membership) -> str:
    """Return the address of the section there, or of the overview if it is closed to them."""
    needed = {one.name: one.capability for one in SECTIONS}.get(section, "usage.view")
    is_open = needed in capabilities.of_role(membership.role)
    return url_of(section if is_open else SECTIONS[0].name, membership.organization)
