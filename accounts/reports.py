"""Who belongs to an organization, who is invited, and which keys there are: the read side."""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from django.db.models import Case, IntegerField, Value, When

from accounts.capabilities import ROLES
from accounts.models import ApiKey, Invitation, Membership, Organization


@dataclass(frozen=True, slots=True)
class MemberLine:
    user_id: int
    name: str
    email: str
    role: str
    since: datetime
    is_owner: bool


@dataclass(frozen=True, slots=True)
class InvitationLine:
    id: UUID
    email: str
    role: str
    invited_by: str
    expires_at: datetime
    is_over: bool


@dataclass(frozen=True, slots=True)
class KeyLine:
    """A key by what may be shown of it; `state` is live, revoked or expired."""

    id: str
    name: str
    prefix: str
    scopes: tuple[str, ...]
    state: str
    created_at: datetime
    created_by: str
    last_used_at: datetime | None
    expires_at: datetime | None


def members_of(organization: Organization) -> list[MemberLine]:
    """Return the members, the owner first, then by role and name; one statement."""
    ranks = [When(role=role, then=Value(rank)) for rank, role in enumerate(ROLES)]
    rows = (
        Membership.objects.filter(organization=organization)
        .select_related("user")
        .alias(rank=Case(*ranks, output_field=IntegerField()))
        .order_by("rank", "user__name", "user__email")
    )
    return [
        MemberLine(
            user_id=row.user_id,
            name=row.user.name,
            email=row.user.email,
            role=row.role,
            since=row.created_at,
            is_owner=row.role == Membership.Role.OWNER,
        )
        for row in rows
    ]


def unanswered_invitations(
    organization: Organization, *, now: datetime
) -> list[InvitationLine]:
    """Return the invitations that were neither accepted nor withdrawn, newest first."""
    rows = Invitation.objects.filter(
        organization=organization, accepted_at=None, revoked_at=None
    ).select_related("invited_by")
    return [
        InvitationLine(
            id=row.pk,
            email=row.email,
            role=row.role,
            invited_by=row.invited_by.get_full_name(),
            expires_at=row.expires_at,
            is_over=row.expires_at <= now,
        )
        for row in rows.order_by("-created_at")
    ]


def keys_of(organization: Organization, *, now: datetime) -> list[KeyLine]:
    """Return the keys, live ones first, then newest first; one statement."""
    rows = ApiKey.objects.filter(organization=organization).select_related("created_by")
    lines = [
        KeyLine(
            id=row.pk,
            name=row.name,
            prefix=row.prefix,
            scopes=tuple(row.scopes),
            state=_state(row, now),
            created_at=row.created,
            created_by=row.created_by.get_full_name() if row.created_by else "",
            last_used_at=row.last_used_at,
            expires_at=row.expiry_date,
        )
        for row in rows.order_by("-created")
    ]
    return sorted(lines, key=lambda line: line.state != "live")


def _state(key: ApiKey, now: datetime) -> str:
    if key.revoked:
        return "revoked"
    return "live" if key.is_live(now) else "expired"
