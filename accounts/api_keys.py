"""Keys for programs: made, checked, withdrawn. Only a hash is kept.

An organization's key acts for that organization. A service key acts for whichever
organization each request names, so only staff make one.
"""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import Q

from accounts import audit
from accounts.audit import Actor
from accounts.capabilities import READ_ONLY_SCOPES, SCOPES
from accounts.errors import InvalidDetail, OrganizationClosed
from accounts.models import ApiKey, Organization, User

NAME_LENGTH_MAX = 50
# A busy key would otherwise write its row at each request.
LAST_USED_EVERY = timedelta(minutes=1)


@dataclass(frozen=True)
class Issued:
    """A new key and its secret text, which exists here and nowhere else."""

    api_key: ApiKey
    key: str = field(repr=False)


def issue(
    *,
    organization: Organization | None,
    name: str,
    actor: Actor,
    now: datetime,
    scopes: list[str] | None = None,
    expires_at: datetime | None = None,
) -> Issued:
    """Return a new key, read-only unless scopes are named; without an organization, a
    service key. Raises InvalidDetail, OrganizationClosed."""
    if organization and organization.status == Organization.Status.CLOSED:
        raise OrganizationClosed
    if expires_at and expires_at <= now:
        raise InvalidDetail("A key must end in the future.")
    api_key = ApiKey(
        organization=organization,
        name=_clean_name(name),
        scopes=clean_scopes(READ_ONLY_SCOPES if scopes is None else scopes),
        expiry_date=expires_at,
        created_by=actor if isinstance(actor, User) else None,
    )
    key = ApiKey.objects.assign_key(api_key)
    with transaction.atomic():
        api_key.save(force_insert=True)
        _record(api_key, actor=actor, action="api_key.issued", now=now)
    return Issued(api_key, key)


def verify(key: str, *, now: datetime) -> ApiKey | None:
    """Return the live key of that text with its organization, or None: unknown, withdrawn
    and run out look alike. Remembers, at most once a minute, that it was used."""
    prefix, _, secret = key.partition(".")
    if not (
        prefix.isalnum() and secret.isalnum() and prefix.isascii() and secret.isascii()
    ):
        return None
    found = ApiKey.objects.select_related("organization").filter(prefix=prefix).first()
    if found is None or not found.is_live(now) or not found.is_valid(key):
        return None
    _remember_use(found, now)
    return found


def revoke(api_key: ApiKey, *, actor: Actor, now: datetime) -> None:
    """Withdraw a key for good, at once; quiet if it was withdrawn."""
    with transaction.atomic():
        changed = ApiKey.objects.filter(pk=api_key.pk, revoked=False).update(revoked=True)
        if changed:
            _record(api_key, actor=actor, action="api_key.revoked", now=now)


def clean_scopes(scopes: list[str]) -> list[str]:
    """Return the scopes once each, in the order of the table. Raises InvalidDetail."""
    unknown = sorted(set(scopes) - set(SCOPES))
    if unknown or not scopes:
        named = f"{', '.join(unknown)}: no such scope. " if unknown else ""
        raise InvalidDetail(f"{named}Scopes are: {', '.join(SCOPES)}.")
    return [scope for scope in SCOPES if scope in scopes]


def _remember_use(api_key: ApiKey, now: datetime) -> None:
    seen = api_key.last_used_at
    if seen is not None and now - seen < LAST_USED_EVERY:
        return
    stale = Q(last_used_at=None) | Q(last_used_at__lte=now - LAST_USED_EVERY)
    ApiKey.objects.filter(stale, pk=api_key.pk).update(last_used_at=now)


def _clean_name(name: str) -> str:
    cleaned = " ".join(name.split())
    if not cleaned or len(cleaned) > NAME_LENGTH_MAX or not cleaned.isprintable():
        raise InvalidDetail(f"A key needs a name of at most {NAME_LENGTH_MAX} characters.")
    return cleaned


def _record(api_key: ApiKey, *, actor: Actor, action: str, now: datetime) -> None:
    audit.record(
        organization=api_key.organization,
        actor=actor,
        action=action,
        detail={"prefix": api_key.prefix, "scopes": api_key.scopes},
        now=now,
    )
