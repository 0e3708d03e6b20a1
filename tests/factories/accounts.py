"""People and organizations, valid by default."""

from datetime import datetime
from itertools import count

from django.utils.timezone import now as clock

from accounts import api_keys, organizations, people
from accounts.api_keys import Issued
from accounts.models import Membership, Organization, User

PASSWORD = "correct horse battery staple"
_numbers = count(1)


def make_user(*, email: str = "", name: str = "", is_staff: bool = False) -> User:
    """A person who can sign in with PASSWORD."""
    return people.create_verified(
        email=email or f"person{next(_numbers)}@example.com",
        password=PASSWORD,
        name=name,
        is_staff=is_staff,
        now=clock(),
    )


def make_organization(
    *,
    name: str = "",
    owner: User | None = None,
    timezone: str = "UTC",
    currency: str = "USD",
    now: datetime | None = None,
) -> Organization:
    return organizations.create(
        name=name or f"Organization {next(_numbers)}",
        owner=owner or make_user(),
        timezone=timezone,
        currency=currency,
        now=now or clock(),
    )


def make_member(*, organization: Organization, role: str, email: str = "") -> User:
    user = make_user(email=email)
    Membership.objects.create(organization=organization, user=user, role=role)
    return user


def make_key(
    *,
    organization: Organization | None,
    scopes: list[str] | None = None,
    expires_at: datetime | None = None,
    now: datetime | None = None,
) -> Issued:
    """A key of the organization; without one, a service key."""
    return api_keys.issue(
        organization=organization,
        name="Test",
        scopes=scopes,
        expires_at=expires_at,
        actor="test",
        now=now or clock(),
    )
