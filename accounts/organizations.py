"""The life of an organization: made, described, suspended, closed.

Only who and what it is. Its allowance, plan and money are given by the apps above, which call
`create` first. Who belongs to it: `accounts.members` and `accounts.invitations`.
"""

import secrets
from datetime import UTC, datetime, time, timedelta
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from django.core.exceptions import ValidationError
from django.core.validators import RegexValidator
from django.db import IntegrityError, transaction
from django.utils.text import slugify

from accounts import audit, people
from accounts.audit import Actor
from accounts.errors import InvalidDetail, OnlyTheOwner, OrganizationClosed
from accounts.models import ApiKey, Invitation, Membership, Organization, User

NAME_LENGTH_MAX = 200
SLUG_LENGTH_MAX = 80
_PLAIN_ENDINGS_MAX = 20
_is_currency = RegexValidator(r"\A[A-Z]{3}\Z")


def create(
    *,
    name: str,
    owner: User,
    now: datetime,
    timezone: str = "UTC",
    currency: str = "USD",
    billing_email: str = "",
    actor: Actor | None = None,
) -> Organization:
    """Return a new organization, its owner a member of it.

    The slug is made from the name and never taken twice. `actor` is who made it, where that
    is not the owner. Raises InvalidDetail.
    """
    organization = Organization(
        name=clean_name(name),
        owner=owner,
        billing_email=people.clean_email(billing_email or owner.email),
        timezone=clean_timezone(timezone),
        currency=clean_currency(currency),
        created_at=now,
    )
    with transaction.atomic():
        _save_under_free_slug(organization)
        Membership.objects.create(
            organization=organization,
            user=owner,
            role=Membership.Role.OWNER,
            created_at=now,
        )
        audit.record(
            organization=organization,
            actor=actor or owner,
            action="organization.created",
            # Not its name: the trail outlives a wish to be erased.
            detail={"currency": currency},
            now=now,
        )
    return organization


def suggested_name(user: User) -> str:
    """Return the name to offer for a person's first organization: what they typed when they
    signed up, else the part of their address that says most."""
    if user.organization_wanted:
        return user.organization_wanted
    mailbox, _, domain = user.email.partition("@")
    host = domain.split(".")[0]
    said = mailbox if host in _PUBLIC_MAIL else host
    return said.replace(".", " ").replace("-", " ").title()[:NAME_LENGTH_MAX]


_PUBLIC_MAIL = {"gmail", "googlemail", "outlook", "hotmail", "yahoo", "icloud", "proton"}


def describe(
    organization: Organization,
    *,
    name: str,
    billing_email: str,
    timezone: str,
    actor: Actor,
    now: datetime,
) -> Organization:
    """Change what an organization is called and where its bills go; quiet if nothing changes.

    The slug stays: links and keys' callers hold it. Days are counted in a new time zone
    from tomorrow on. Raises InvalidDetail.
    """
    wanted = {
        "name": clean_name(name),
        "billing_email": people.clean_email(billing_email),
        "timezone": clean_timezone(timezone),
    }
    with transaction.atomic():
        locked = lock(organization)
        changed = [field for field, to in wanted.items() if getattr(locked, field) != to]
        if changed:
            if "timezone" in changed:
                locked.timezones_before = [
                    *locked.timezones_before,
                    {"timezone": locked.timezone, "until": _end_of_day(locked, now)},
                ]
            for field in changed:
                setattr(locked, field, wanted[field])
            locked.save(update_fields=[*changed, "timezones_before"])
            audit.record(
                organization=locked,
                actor=actor,
                action="organization.described",
                detail={"fields": changed},
                now=now,
            )
    return locked


def _end_of_day(organization: Organization, now: datetime) -> str:
    """The next midnight where days are counted today, in UTC."""
    zone = ZoneInfo(zone_at(organization, now))
    tomorrow = now.astimezone(zone).date() + timedelta(days=1)
    return datetime.combine(tomorrow, time(), zone).astimezone(UTC).isoformat()


def zone_at(organization: Organization, moment: datetime) -> str:
    """Return the zone in which the day of that moment is counted, whatever it is now."""
    for before in organization.timezones_before:
        if moment < datetime.fromisoformat(before["until"]):
            return str(before["timezone"])
    return organization.timezone


def set_status(
    organization: Organization, *, status: str, reason: str, actor: Actor, now: datetime
) -> Organization:
    """Suspend an organization or let it work again; for staff. Quiet if it is so already.

    Raises InvalidDetail, OrganizationClosed (closing is for good, and `close` does it).
    """
    allowed = (Organization.Status.ACTIVE, Organization.Status.SUSPENDED)
    if status not in allowed:
        raise InvalidDetail("An organization is made active or suspended here.")
    with transaction.atomic():
        locked = lock(organization)
        if locked.status != status:
            locked.status = status
            locked.save(update_fields=["status"])
            audit.record(
                organization=locked,
                actor=actor,
                action=f"organization.{status}",
                detail={"reason": reason},
                now=now,
            )
    return locked


def close(organization: Organization, *, actor: User, now: datetime) -> Organization:
    """Close an organization for good: its keys and open invitations end, its past stays.

    Only its owner may; a second time is quiet. Members can still read what there was.
    What it pays for must have been ended by the apps above. Raises OnlyTheOwner.
    """
    with transaction.atomic():
        locked = lock(organization, even_closed=True)
        if locked.owner_id != actor.pk:
            raise OnlyTheOwner
        if locked.status == Organization.Status.CLOSED:
            return locked
        locked.status = Organization.Status.CLOSED
        locked.save(update_fields=["status"])
        ApiKey.objects.filter(organization=locked, revoked=False).update(revoked=True)
        Invitation.objects.filter(
            organization=locked, accepted_at=None, revoked_at=None
        ).update(revoked_at=now)
        audit.record(
            organization=locked, actor=actor, action="organization.closed", now=now
        )
    return locked


def lock(organization: Organization, *, even_closed: bool = False) -> Organization:
    """Return the organization re-read and locked until the transaction ends.

    Changes to one team happen one after another. The lock lets other tables go on
    referring to the row. Raises OrganizationClosed.
    """
    locked = Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
    if locked.status == Organization.Status.CLOSED and not even_closed:
        raise OrganizationClosed
    return locked


def clean_name(name: str) -> str:
    """Return the name as it is kept. Raises InvalidDetail."""
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > NAME_LENGTH_MAX or not cleaned.isprintable():
        raise InvalidDetail(
            f"An organization needs a name of at most {NAME_LENGTH_MAX} characters."
        )
    return cleaned


@cache
def known_timezones() -> frozenset[str]:
    """Return the zones whose rules are known here. Finding them reads hundreds of files, so
    each process does it once."""
    return frozenset(available_timezones())


def clean_timezone(timezone: str) -> str:
    """Return the zone if its rules are known here. Raises InvalidDetail."""
    if timezone not in known_timezones():
        raise InvalidDetail(f"{timezone!r} is not a time zone, such as Europe/Berlin.")
    return timezone


def clean_currency(currency: str) -> str:
    """Return the code if it has the form of ISO 4217. Raises InvalidDetail."""
    try:
        _is_currency(currency)
    except ValidationError as error:
        raise InvalidDetail(f"{currency!r} is not a currency code, such as EUR.") from error
    return currency


def _save_under_free_slug(organization: Organization) -> None:
    stem = slugify(organization.name)[: SLUG_LENGTH_MAX - 10].strip("-") or "organization"
    for ending in ["", *(f"-{number}" for number in range(2, _PLAIN_ENDINGS_MAX))]:
        if _saved(organization, slug=stem + ending):
            return
    # Many of one name: stop counting, so that a popular name costs no more tries.
    organization.slug = f"{stem}-{secrets.token_hex(4)}"
    organization.save(force_insert=True)


def _saved(organization: Organization, *, slug: str) -> bool:
    if Organization.objects.filter(slug=slug).exists():
        return False
    organization.slug = slug
    try:
        with transaction.atomic():
            organization.save(force_insert=True)
    except IntegrityError:
        # Somebody took it between the question and the insert.
        return False
    return True
