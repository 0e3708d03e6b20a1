"""What surrounds every page of an organization: its name, the switcher, the sections.

    @organization_page("usage.view", section="website:dashboard")
    def dashboard(request: HttpRequest, frame: Frame) -> HttpResponse: ...

The page runs in the organization's time zone, so templates need not convert.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from zoneinfo import ZoneInfo

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone

from accounts import access
from accounts.models import Membership, Organization


@dataclass(frozen=True, slots=True)
class Section:
    title: str
    # A URL name; it is also how a page says which section it belongs to.
    name: str
    capability: str


# In the order they are shown. A page joins the navigation by a line here.
SECTIONS = [Section("Overview", "website:dashboard", "usage.view")]


@dataclass(frozen=True, slots=True)
class Link:
    title: str
    url: str
    is_current: bool


@dataclass(frozen=True, slots=True)
class Frame:
    organization: Organization
    role: str
    can_manage_billing: bool
    memberships: list[Membership]
    sections: list[Link]
    switches: list[Link]
    # `Europe/Berlin (CEST)`
    zone: str


Page = Callable[[HttpRequest, Frame], HttpResponse]
View = Callable[[HttpRequest], HttpResponse]


def organization_page(capability: str, *, section: str) -> Callable[[Page], View]:
    """Make a page of an organization out of a function that takes its frame.

    Whoever belongs to none is sent to name their first one.
    """

    def decorator(page: Page) -> View:
        @wraps(page)
        def view(request: HttpRequest) -> HttpResponse:
            try:
                found = access.access_for(request, capability)
            except access.NoOrganization:
                return redirect("website:organization-new")
            with timezone.override(ZoneInfo(found.organization.timezone)):
                return page(request, _frame(request, found, section))

        return view

    return decorator


def url_of(name: str, organization: Organization) -> str:
    """Return the address of a page for one organization; it can be sent to a colleague."""
    return reverse(name, query={"organization": organization.slug})


def _frame(request: HttpRequest, found: access.Access, section: str) -> Frame:
    here = found.organization
    memberships = access.memberships_of(request.user)
    return Frame(
        organization=here,
        role=found.role,
        can_manage_billing=found.can("billing.manage"),
        memberships=memberships,
        sections=[
            Link(one.title, url_of(one.name, here), one.name == section)
            for one in SECTIONS
            if found.can(one.capability)
        ],
        switches=[
            Link(
                one.organization.name,
                url_of(section, one.organization),
                one.organization_id == here.pk,
            )
            for one in memberships
        ],
        zone=f"{here.timezone} ({timezone.localtime():%Z})",
    )
