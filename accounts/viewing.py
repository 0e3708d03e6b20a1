"""Staff look at an organization's pages as themselves: nobody's session is taken over.

While they do, their session may read that organization's pages, and nothing in it may change
anything but to end the look. It has a reason, ends by itself, and stands in the trail.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from http import HTTPStatus
from uuid import UUID

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import HttpRequest, HttpResponseForbidden
from django.http.response import HttpResponseBase
from django.urls import reverse
from django.utils import timezone

from accounts import audit, capabilities, second_factor
from accounts.errors import InvalidDetail
from accounts.models import Organization, User
from servicebilling.lib import api_errors, hidden_amounts

SESSION_KEY = "viewing"
RIGHT = "accounts.look_as_organization"
SEE_MONEY = "metering.see_money"
SEE_NUMBERS = "metering.see_numbers"
LASTS = timedelta(minutes=30)
REASON_LENGTH_MIN, REASON_LENGTH_MAX = 3, 300
# What may still be sent: leaving the look, and leaving altogether.
WAYS_OUT = ("adminpanel:view-as-end", "account_logout")
ROLE = "viewer"
_CHANGES_NOTHING = ("GET", "HEAD", "OPTIONS")
# Staff's own pages and API hide amounts by themselves, and probes name none: a probe must not
# need the session, which lies in the database it asks about.
OF_OTHERS = ("/admin/", "/api/admin/", "/livez", "/readyz", "/metrics")
PATH_LENGTH_MAX = 200


@dataclass(frozen=True, slots=True)
class Viewing:
    """A look that goes on: at whom, until when, and what it may show."""

    organization: Organization
    until: datetime
    reason: str
    capabilities: frozenset[str]
    # Else no page of theirs names an amount, and nothing but pages is answered.
    sees_money: bool


def begin(
    request: HttpRequest, organization: Organization, *, reason: str, now: datetime
) -> None:
    """Let this session look at that organization. Raises PermissionDenied, InvalidDetail."""
    if not _may(request):
        raise PermissionDenied("This needs the right to look at customers' pages.")
    reason = reason.strip()
    if not REASON_LENGTH_MIN <= len(reason) <= REASON_LENGTH_MAX:
        raise InvalidDetail("Say why you look, in a few words.")
    request.session[SESSION_KEY] = {
        "organization": str(organization.pk),
        "until": (now + LASTS).isoformat(),
        "reason": reason,
    }
    _record(request, organization, "organization.viewed", now, reason=reason)


def end(request: HttpRequest, *, now: datetime, by: str = "hand") -> Organization | None:
    """End the look of this session; returns at whom it was, None if there was none."""
    said = request.session.pop(SESSION_KEY, None)
    if said is None:
        return None
    organization = Organization.objects.filter(pk=said["organization"]).first()
    if organization is not None:
        _record(request, organization, "organization.view_ended", now, by=by)
    return organization


def of(request: HttpRequest, *, now: datetime) -> Viewing | None:
    """Return the look that goes on in this session; one whose time is over ends here."""
    # Without the cookie there is no session, and answers need not vary by it.
    if settings.SESSION_COOKIE_NAME not in request.COOKIES:
        return None
    said = request.session.get(SESSION_KEY)
    if said is None:
        return None
    until = datetime.fromisoformat(said["until"])
    if now >= until or not _may(request):
        end(request, now=now, by="time" if now >= until else "lack of the right")
        return None
    organization = Organization.objects.filter(pk=UUID(said["organization"])).first()
    if organization is None:
        return None
    opened = capabilities.only_views(frozenset(capabilities.TABLE))
    sees_money = request.user.has_perm(SEE_MONEY)
    if not sees_money:
        opened -= {"billing.view"}
    if not request.user.has_perm(SEE_NUMBERS):
        opened -= {"callers.view"}
    return Viewing(organization, until, said["reason"], opened, sees_money)


def read_only_while_viewing(
    get_response: Callable[[HttpRequest], HttpResponseBase],
) -> Callable[[HttpRequest], HttpResponseBase]:
    """Middleware, after the person is known: refuse whatever would change something during
    a look, on every URL, and remember the attempt; views ask `request.viewing()` for it. Who
    may not see money reads pages without amounts, and no files and no API.

    Who only reads is not asked for their session here: a probe needs its answer while the
    database is down.
    """

    def middleware(request: HttpRequest) -> HttpResponseBase:
        viewing = cache(lambda: of(request, now=timezone.now()))
        request.viewing = viewing  # type: ignore[attr-defined]
        if request.method in _CHANGES_NOTHING:
            return _without_amounts(request, get_response, viewing)
        found = viewing()
        if found is None or request.path in [reverse(name) for name in WAYS_OUT]:
            return get_response(request)
        said = f"You are only looking at {found.organization}. End that first."
        _record(
            request,
            found.organization,
            "organization.change_refused",
            timezone.now(),
            method=str(request.method),
            path=request.path[:PATH_LENGTH_MAX],
        )
        if request.path.startswith(api_errors.API_PREFIX):
            return api_errors.respond(status=403, code="only_looking", message=said)
        raise PermissionDenied(said)

    return middleware


def _without_amounts(
    request: HttpRequest,
    get_response: Callable[[HttpRequest], HttpResponseBase],
    viewing: Callable[[], Viewing | None],
) -> HttpResponseBase:
    def is_hidden() -> bool:
        found = viewing()
        return found is not None and not found.sees_money

    with hidden_amounts.hidden_if(is_hidden):
        response = get_response(request)
    is_page = response.headers.get("Content-Type", "").startswith("text/html")
    is_of_others = request.path.startswith(OF_OTHERS)
    if response.status_code != HTTPStatus.OK or is_page or is_of_others or not is_hidden():
        return response
    said = "Files and the API name amounts, which are not for your role. Read the pages."
    if request.path.startswith(api_errors.API_PREFIX):
        return api_errors.respond(status=403, code="only_looking", message=said)
    return HttpResponseForbidden(said, content_type="text/plain")


def _may(request: HttpRequest) -> bool:
    person = request.user
    return (
        isinstance(person, User)
        and person.is_active
        and person.is_staff
        and person.has_perm(RIGHT)
        and second_factor.was_shown(request)
    )


def _record(
    request: HttpRequest,
    organization: Organization,
    action: str,
    now: datetime,
    **detail: str,
) -> None:
    actor = request.user if isinstance(request.user, User) else "session"
    audit.record(
        organization=organization, actor=actor, action=action, detail=detail, now=now
    )
