"""The tenant filter: which organization a request is about, and what it may do there.

Every page and every endpoint asks here first, so that there is one place to get it right:

    organization = access.organization_for(request, "usage.view")
    calls = access.scope(Call.objects.all(), organization)

Somebody else's organization is not found, exactly like one that does not exist. A member
without the right is told so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar
from uuid import UUID

from django.core.exceptions import BadRequest, ObjectDoesNotExist, PermissionDenied
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest
from rest_framework.request import Request

from accounts import capabilities, viewing
from accounts.models import ApiKey, Membership, Organization
from accounts.viewing import Viewing
from servicebilling.lib.logs import context

# The first is ours, the others are what existing callers send.
PARAMETERS = ("organization", "businessId", "org_id")
SESSION_KEY = "organization"
NOT_FOUND = "Not found."
_is_slug_or_id = re.compile(r"[A-Za-z0-9_-]{1,80}").fullmatch

Row = TypeVar("Row", bound=Model)
AnyRequest: TypeAlias = HttpRequest | Request


class NoOrganization(Http404):
    """A signed-in person belongs to no organization yet: pages offer to name one."""


class OrganizationUnclear(BadRequest):
    """Nothing says which organization is meant, or two things disagree."""

    code = "organization_required"


@dataclass(frozen=True)
class Access:
    """One organization as the one asking may use it."""

    organization: Organization
    # Empty for a key.
    role: str
    capabilities: frozenset[str]
    # Of the person who asks, oldest first, for a switcher; empty for a key.
    memberships: tuple[Membership, ...] = ()

    def can(self, capability: str) -> bool:
        """Raises KeyError for a capability that is not in the table: a misspelt one would
        otherwise be refused to everybody, or shown to nobody, in silence."""
        if capability not in capabilities.TABLE:
            raise KeyError(capability)
        return capability in self.capabilities

    def demand(self, capability: str) -> None:
        """Raises PermissionDenied."""
        if not self.can(capability):
            raise PermissionDenied(f"This needs the right {capability}.")


def organization_for(request: AnyRequest, capability: str) -> Organization:
    """Return the organization the request is about, if whoever asks may do that there.

    Raises Http404 (foreign or unknown, alike), NoOrganization, PermissionDenied, and
    OrganizationUnclear where one must be named: by a service key always, by a person in
    several for whatever changes something (another tab may have switched).
    """
    return access_for(request, capability).organization


def access_for(request: AnyRequest, capability: str) -> Access:
    """Return the same with role and capabilities, for pages that show what one may do."""
    api_key = getattr(request, "auth", None)
    if isinstance(api_key, ApiKey):
        found = _access_of_key(api_key, capability, named_organization(request))
    else:
        found = _access_of_person(request, named_organization(request))
    found.demand(capability)
    context.bind(organization_id=found.organization.pk)
    return found


def what_a_key_needs(capability: str) -> str:
    """Return the sentence that says which scopes open a capability."""
    opens = " or ".join(f"`{scope}`" for scope in capabilities.scopes_of(capability))
    return f"A key needs the scope {opens}." if opens else "No key may do this."


def scope(rows: QuerySet[Row], organization: Organization) -> QuerySet[Row]:
    """Return only the rows of that organization; for any model that has `organization_id`."""
    return rows.filter(organization_id=organization.pk)


def get_or_404(rows: QuerySet[Row], organization: Organization, **which: Any) -> Row:
    """Return the one row of that organization. Raises Http404, foreign and missing alike."""
    try:
        return scope(rows, organization).get(**which)
    except (ObjectDoesNotExist, ValueError, TypeError) as error:
        raise Http404(NOT_FOUND) from error


def memberships_of(user: Any) -> list[Membership]:
    """Return the person's memberships with their organizations, oldest first: the switcher."""
    mine = Membership.objects.filter(user=user).select_related("organization")
    return list(mine.order_by("created_at", "pk"))


def named_organization(request: AnyRequest) -> str:
    """Return the slug or id that the query, form or JSON body names; empty if none does.

    Raises OrganizationUnclear if two differ, Http404 if it cannot be one.
    """
    body = request.data if isinstance(request, Request) else request.POST
    sources = [request.GET, *([body] if isinstance(body, dict) else [])]
    said = {
        _clean_reference(source[name])
        for source in sources
        for name in PARAMETERS
        if source.get(name)
    }
    if len(said) > 1:
        raise OrganizationUnclear("Two organizations are named; name one.")
    return said.pop() if said else ""


def _access_of_key(api_key: ApiKey, capability: str, named: str) -> Access:
    # Before the organization is looked up: a key without the right learns nothing of it.
    opened = capabilities.of_scopes(api_key.scopes)
    if capability not in opened:
        raise PermissionDenied(what_a_key_needs(capability))
    if api_key.organization is None:
        if not named:
            raise OrganizationUnclear(
                "A service key must name the organization (slug or id)."
            )
        organization = _find(named)
    elif named and not _is_called(api_key.organization, named):
        raise Http404(NOT_FOUND)
    else:
        organization = api_key.organization
    return Access(organization, role="", capabilities=_still_open(organization, opened))


def _access_of_person(request: AnyRequest, named: str) -> Access:
    look = _look_of(request)
    if look is not None and (not named or _is_called(look.organization, named)):
        return Access(look.organization, viewing.ROLE, look.capabilities)
    mine = memberships_of(request.user)
    if not mine:
        raise (Http404 if named else NoOrganization)(NOT_FOUND)
    last = str(request.session.get(SESSION_KEY, ""))
    if named:
        chosen = next((one for one in mine if _is_called(one.organization, named)), None)
        if chosen is None:
            raise Http404(NOT_FOUND)
        if chosen.organization.slug != last and not isinstance(request, Request):
            request.session[SESSION_KEY] = chosen.organization.slug
    elif len(mine) > 1 and request.method not in ("GET", "HEAD", "OPTIONS"):
        raise OrganizationUnclear("You belong to several organizations; name one.")
    else:
        chosen = next((one for one in mine if one.organization.slug == last), mine[0])
    opened = _still_open(chosen.organization, capabilities.of_role(chosen.role))
    return Access(chosen.organization, chosen.role, opened, tuple(mine))


def _look_of(request: AnyRequest) -> Viewing | None:
    """Return the look that staff take at an organization in this session, if they do."""
    ask: Callable[[], Viewing | None] | None = getattr(request, "viewing", None)
    return ask() if ask else None


def _still_open(organization: Organization, opened: frozenset[str]) -> frozenset[str]:
    is_closed = organization.status == Organization.Status.CLOSED
    return capabilities.only_views(opened) if is_closed else opened


def _find(named: str) -> Organization:
    by_id = _as_uuid(named)
    found = Organization.objects.filter(pk=by_id).first() if by_id else None
    found = found or Organization.objects.filter(slug=named).first()
    if found is None:
        raise Http404(NOT_FOUND)
    return found


def _is_called(organization: Organization, named: str) -> bool:
    return named == organization.slug or _as_uuid(named) == organization.pk


def _as_uuid(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None


def _clean_reference(said: Any) -> str:
    """Bytes that no slug or id has (a NUL, a list) never reach the database."""
    if not isinstance(said, str) or not _is_slug_or_id(said):
        raise Http404(NOT_FOUND)
    return said
