"""Who belongs to an organization and as what. One owner, always.

Whether the person asking may manage the team is asked of `accounts.access` at the edge; what
holds for everybody is held here. Every change locks the organization first.
"""

from datetime import datetime

from django.db import transaction

from accounts import audit, organizations
from accounts.audit import Actor
from accounts.errors import InvalidDetail, NotAMember, OnlyTheOwner, OwnerStays
from accounts.models import Membership, Organization, User

GIVEN_ROLES = [Membership.Role.ADMIN, Membership.Role.ACCOUNTANT, Membership.Role.MEMBER]


def change_role(
    organization: Organization, *, user: User, role: str, actor: Actor, now: datetime
) -> Membership:
    """Give a member another role; quiet if it is theirs already.

    Raises InvalidDetail, NotAMember, OwnerStays, OrganizationClosed.
    """
    clean_role(role)
    with transaction.atomic():
        organizations.lock(organization)
        membership = _membership(organization, user)
        if membership.role == Membership.Role.OWNER:
            raise OwnerStays
        if membership.role != role:
            was, membership.role = membership.role, role
            membership.save(update_fields=["role"])
            audit.record(
                organization=organization,
                actor=actor,
                action="member.role_changed",
                detail={"user": user.pk, "from": was, "to": role},
                now=now,
            )
    return membership


def remove(organization: Organization, *, user: User, actor: Actor, now: datetime) -> None:
    """End a membership; the person keeps what they have elsewhere. Keys that they made stay
    the organization's. Raises NotAMember, OwnerStays, OrganizationClosed."""
    _end(organization, user=user, actor=actor, action="member.removed", now=now)


def leave(organization: Organization, *, user: User, now: datetime) -> None:
    """Leave by oneself. Raises NotAMember, OwnerStays, OrganizationClosed."""
    _end(organization, user=user, actor=user, action="member.left", now=now)


def transfer(
    organization: Organization, *, to: User, actor: User, now: datetime
) -> Organization:
    """Hand an organization over to another member; the old owner stays as an admin.

    Raises OnlyTheOwner, NotAMember, OrganizationClosed; quiet if they own it already.
    """
    with transaction.atomic():
        locked = organizations.lock(organization)
        if locked.owner_id != actor.pk:
            raise OnlyTheOwner
        if to.pk == actor.pk:
            return locked
        heir = _membership(locked, to)
        # The old owner first: there is never more than one.
        Membership.objects.filter(organization=locked, user=actor).update(
            role=Membership.Role.ADMIN
        )
        heir.role = Membership.Role.OWNER
        heir.save(update_fields=["role"])
        locked.owner = to
        locked.save(update_fields=["owner"])
        audit.record(
            organization=locked,
            actor=actor,
            action="organization.transferred",
            detail={"from": actor.pk, "to": to.pk},
            now=now,
        )
    return locked


def clean_role(role: str) -> str:
    """Return the role if it can be given to a member. Raises InvalidDetail."""
    if role not in GIVEN_ROLES:
        raise InvalidDetail("A role is one of: " + ", ".join(GIVEN_ROLES) + ".")
    return role


def _end(
    organization: Organization, *, user: User, actor: Actor, action: str, now: datetime
) -> None:
    with transaction.atomic():
        organizations.lock(organization)
        membership = _membership(organization, user)
        if membership.role == Membership.Role.OWNER:
            raise OwnerStays
        membership.delete()
        audit.record(
            organization=organization,
            actor=actor,
            action=action,
            detail={"user": user.pk, "role": membership.role},
            now=now,
        )


def _membership(organization: Organization, user: User) -> Membership:
    found = Membership.objects.filter(organization=organization, user=user).first()
    if found is None:
        raise NotAMember
    return found
