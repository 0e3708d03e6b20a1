"""Who of the platform's staff asks, and what they may do: the other half of `accounts.access`.

    staff = staff_access.staff_for(request, "metering.adjust_balances")

A person of staff in a session that showed its second factor has the rights of their groups; a
service key with the scope `admin` has those of the group `admin`. Both come from the table in
`accounts.capabilities`.
"""

from dataclasses import dataclass
from decimal import Decimal

from django.core.exceptions import PermissionDenied
from rest_framework.request import Request

from accounts import capabilities, second_factor
from accounts.models import ApiKey, User

SCOPE = "admin"
# Whose rights a service key has.
GROUP_OF_KEYS = "admin"


@dataclass(frozen=True, slots=True)
class Staff:
    """Somebody of staff, or a program of theirs."""

    actor: User | ApiKey

    def may(self, right: str) -> bool:
        """Return whether they have a right, named `app.codename`."""
        if isinstance(self.actor, User):
            return self.actor.has_perm(right)
        return capabilities.group_has(GROUP_OF_KEYS, right)

    def demand(self, right: str) -> None:
        """Raises PermissionDenied."""
        if not self.may(right):
            raise PermissionDenied(f"This needs the right {right}.")

    def adjustment_limit(self, *, is_money: bool) -> Decimal | None:
        """Return what they may adjust at once, in minutes or in units of the wallet's
        currency; None: as much as they like."""
        if isinstance(self.actor, User):
            if self.actor.is_superuser:
                return None
            groups = list(self.actor.groups.values_list("name", flat=True))
        else:
            groups = [GROUP_OF_KEYS]
        limits = [capabilities.ADJUSTMENT_LIMITS.get(name, (0, 0)) for name in groups]
        return Decimal(max((one[is_money] for one in limits), default=0))


def staff_for(request: Request, right: str) -> Staff:
    """Return who asks, if they are staff and have that right. Raises PermissionDenied."""
    staff = Staff(_key_of_staff(request) or _person_of_staff(request))
    staff.demand(right)
    return staff


def _key_of_staff(request: Request) -> ApiKey | None:
    api_key = request.auth
    if not isinstance(api_key, ApiKey):
        return None
    if api_key.organization_id is not None or SCOPE not in api_key.scopes:
        raise PermissionDenied(f"This needs a service key with the scope {SCOPE}.")
    return api_key


def _person_of_staff(request: Request) -> User:
    person = request.user
    if not isinstance(person, User) or not person.is_active or not person.is_staff:
        raise PermissionDenied("This is for the platform's staff.")
    if not second_factor.was_shown(request._request):
        raise PermissionDenied("Sign in with your second factor first.")
    return person
