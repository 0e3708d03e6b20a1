"""Letters that let a person into an organization, once, for a week, at one address."""

import hashlib
import secrets
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet

from accounts import audit, members, organizations, people
from accounts.audit import Actor
from accounts.errors import (
    AlreadyAMember,
    AlreadyInvited,
    InvitationForSomebodyElse,
    InvitationNotFound,
    InvitationOver,
)
from accounts.models import Invitation, Membership, Organization, User

GOOD_FOR = timedelta(days=7)


@dataclass(frozen=True)
class Invited:
    """An invitation and the token for its letter, which is shown here and nowhere else."""

    invitation: Invitation
    token: str = field(repr=False)


def invite(
    organization: Organization, *, email: str, role: str, invited_by: User, now: datetime
) -> Invited:
    """Return a new invitation. The caller sends the letter, after the transaction.

    Raises InvalidDetail, AlreadyAMember, AlreadyInvited, OrganizationClosed.
    """
    address = people.clean_email(email)
    members.clean_role(role)
    token = secrets.token_urlsafe(32)
    with transaction.atomic():
        organizations.lock(organization)
        if Membership.objects.filter(organization=organization, user__email=address):
            raise AlreadyAMember
        if _still_open(organization, address, now):
            raise AlreadyInvited
        invitation = Invitation.objects.create(
            organization=organization,
            email=address,
            role=role,
            invited_by=invited_by,
            token_hash=_hash(token),
            created_at=now,
            expires_at=now + GOOD_FOR,
        )
        _record(invitation, actor=invited_by, action="invitation.sent", now=now)
    return Invited(invitation, token)


def find(token: str, *, now: datetime) -> Invitation:
    """Return the open invitation of that token, to be shown before it is accepted.

    Raises InvitationNotFound, InvitationOver.
    """
    invitation = _by_token(Invitation.objects.select_related("organization"), token)
    if not _is_open(invitation, now):
        raise InvitationOver
    return invitation


def is_for(invitation: Invitation, user: User) -> bool:
    """Return whether the person has proved that the invited address is theirs."""
    return invitation.email in people.verified_emails(user)


def accept(token: str, *, user: User, now: datetime) -> Membership:
    """Make the person a member as the letter says.

    The letter is for one address and good once: whoever holds it must have proved that the
    address is theirs. Raises InvitationNotFound, InvitationOver, InvitationForSomebodyElse,
    AlreadyAMember, OrganizationClosed.
    """
    with transaction.atomic():
        named = find(token, now=now)
        # The organization first: that is the order of every change to a team.
        organizations.lock(named.organization)
        invitation = _by_token(Invitation.objects.select_for_update(), token)
        if not _is_open(invitation, now):
            raise InvitationOver
        if not is_for(invitation, user):
            raise InvitationForSomebodyElse
        membership, is_new = Membership.objects.get_or_create(
            organization=named.organization,
            user=user,
            defaults={"role": invitation.role, "created_at": now},
        )
        if not is_new:
            raise AlreadyAMember
        invitation.accepted_at = now
        invitation.save(update_fields=["accepted_at"])
        _record(invitation, actor=user, action="invitation.accepted", now=now)
    return membership


def renew(invitation_id: UUID, *, now: datetime) -> str:
    """Return a new token for an open invitation; the one before it lets nobody in any more.

    Raises InvitationNotFound, InvitationOver.
    """
    with transaction.atomic():
        locked = Invitation.objects.select_for_update().filter(pk=invitation_id).first()
        if locked is None:
            raise InvitationNotFound
        if not _is_open(locked, now):
            raise InvitationOver
        token = secrets.token_urlsafe(32)
        locked.token_hash = _hash(token)
        locked.save(update_fields=["token_hash"])
    return token


def revoke(invitation: Invitation, *, actor: Actor, now: datetime) -> None:
    """Withdraw an invitation; quiet if it was withdrawn. Raises InvitationOver if accepted."""
    with transaction.atomic():
        locked = Invitation.objects.select_for_update().get(pk=invitation.pk)
        if locked.accepted_at:
            raise InvitationOver("This invitation has been accepted. Remove the member.")
        if locked.revoked_at:
            return
        locked.revoked_at = now
        locked.save(update_fields=["revoked_at"])
        _record(locked, actor=actor, action="invitation.revoked", now=now)


def _still_open(organization: Organization, address: str, now: datetime) -> bool:
    """Tell whether the address holds a letter that still works; end those that ran out,
    because the database allows one open row per address."""
    unused = Invitation.objects.filter(
        organization=organization, email=address, accepted_at=None, revoked_at=None
    )
    if unused.filter(expires_at__gt=now).exists():
        return True
    unused.update(revoked_at=now)
    return False


def _is_open(invitation: Invitation, now: datetime) -> bool:
    is_used = invitation.accepted_at or invitation.revoked_at
    return not is_used and now < invitation.expires_at


def _by_token(invitations: QuerySet[Invitation], token: str) -> Invitation:
    try:
        return invitations.get(token_hash=_hash(token))
    except Invitation.DoesNotExist as error:
        raise InvitationNotFound from error


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def _record(invitation: Invitation, *, actor: Actor, action: str, now: datetime) -> None:
    audit.record(
        organization=invitation.organization,
        actor=actor,
        action=action,
        detail={"invitation": str(invitation.pk), "role": invitation.role},
        now=now,
    )
