"""Handing refused calls to a person of the organization's.

The number is confirmed by a code that we call it with, so nobody has calls led to somebody
else; and a day has only so many, because each costs us the line.
"""

import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from django.conf import settings
from django.db import transaction

from accounts import audit, settings_history
from accounts.audit import Actor
from accounts.models import Organization
from metering.calls import destinations, outbound, vapi
from metering.calls.outbound import Wanted
from metering.errors import CodeRefused, DestinationRefused, NothingToCallWith
from metering.models import Forward, HumanLine, PhoneNumber, Placement

# What a person can help with. Not who is suspended, closed or has not paid.
FORWARDED_FOR = {
    "no_minutes",
    "overage_limit",
    "wallet_empty",
    "credit_limit",
    "too_many_calls",
}
CODE_HOLDS = timedelta(minutes=10)
CODES_PER_DAY_MAX = 3
ATTEMPTS_MAX = 5
DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Forwarding:
    """Who takes refused calls. `e164` is empty where nobody was named; `waits_until` is how
    long a code that was spoken holds; countries are two letters each."""

    e164: str
    confirmed_at: datetime | None
    waits_until: datetime | None
    tries_left: int
    codes_left_today: int
    per_day_max: int
    handed_over_today: int
    countries: tuple[str, ...]
    # The number that would call; empty: there is none.
    calls_from: str


def forwarding_of(
    organization: Organization, *, settings: Mapping[str, Any], now: datetime
) -> Forwarding:
    """Return how an organization's refused calls are handed over, with three statements;
    `settings` has `forwards_per_day_max` and `call_countries` as they stand."""
    human = HumanLine.objects.filter(organization=organization).first()
    numbers = PhoneNumber.objects.filter(organization=organization, valid_to=None)
    first = numbers.order_by("valid_from", "pk").first()
    calls_from = first.e164 if first else ""
    own_country = destinations.country_of(calls_from) if calls_from else ""
    waits = human is not None and bool(human.code_hash)
    is_named = human is not None and bool(human.confirmed_at or waits)
    spent = 0
    if human and human.codes_since and human.codes_since > now - DAY:
        spent = human.codes
    return Forwarding(
        e164=human.e164 if human and is_named else "",
        confirmed_at=human.confirmed_at if human else None,
        waits_until=human.code_expires_at if human and waits else None,
        tries_left=max(0, ATTEMPTS_MAX - human.attempts) if human and waits else 0,
        codes_left_today=max(0, CODES_PER_DAY_MAX - spent),
        per_day_max=settings["forwards_per_day_max"],
        handed_over_today=Forward.objects.filter(
            organization=organization, created_at__gt=now - DAY
        ).count(),
        countries=tuple(
            settings["call_countries"] or ([own_country] if own_country else [])
        ),
        calls_from=calls_from,
    )


def ask_code(
    organization: Organization, e164: str, *, actor: Actor, now: datetime
) -> HumanLine:
    """Call a number and tell it a code, by a call of the organization's own.

    Until it is confirmed, nothing is forwarded, also not to the number before. Raises
    `DestinationRefused`, `CodeRefused` (too many today), and what `outbound.place` raises.
    """
    vapi.client()
    line = _own_number(organization)
    number = destinations.check(
        e164, organization=organization, calling_from=line.e164, now=now
    )
    code = f"{secrets.randbelow(1_000_000):06}"
    human = _note_code(organization, number, code, actor=actor, now=now)
    spoken = ", ".join(code)
    sentence = f"Your confirmation code is: {spoken}. Once more: {spoken}. Goodbye."
    outbound.place(
        organization,
        Wanted(Placement.Kind.OUTBOUND, None, line, number, sentence),
        now=now,
    )
    return human


@transaction.atomic
def _note_code(
    organization: Organization, number: str, code: str, *, actor: Actor, now: datetime
) -> HumanLine:
    human, _ = HumanLine.objects.select_for_update().get_or_create(
        organization=organization, defaults={"e164": number, "created_at": now}
    )
    if human.codes_since is None or human.codes_since <= now - DAY:
        human.codes, human.codes_since = 0, now
    if human.codes >= CODES_PER_DAY_MAX:
        raise CodeRefused("Enough codes were asked for today.")
    human.e164, human.confirmed_at = number, None
    human.code_hash = _hash(organization.pk, number, code)
    human.code_expires_at, human.attempts = now + CODE_HOLDS, 0
    human.codes += 1
    human.save()
    audit.record(
        organization=organization,
        actor=actor,
        action="human_line.code_asked",
        now=now,
    )
    return human


def confirm(
    organization: Organization, code: str, *, actor: Actor, now: datetime
) -> HumanLine:
    """Confirm the number by the code it was told. Raises `CodeRefused`.

    A wrong try is counted even so; after five the code is worth nothing.
    """
    with transaction.atomic():
        human = (
            HumanLine.objects.select_for_update().filter(organization=organization).first()
        )
        is_right = human is not None and _is_right(human, code, now)
        if human is not None and not is_right:
            human.attempts += 1
            human.save(update_fields=["attempts"])
        elif human is not None:
            human.confirmed_at, human.code_hash = now, ""
            human.save(update_fields=["confirmed_at", "code_hash"])
            audit.record(
                organization=organization,
                actor=actor,
                action="human_line.confirmed",
                now=now,
            )
    if human is None or not is_right:
        raise CodeRefused
    return human


@transaction.atomic
def remove(organization: Organization, *, actor: Actor, now: datetime) -> None:
    """Forward nothing any more; quiet if nothing was. How many codes were asked for today
    stays known."""
    forgotten = HumanLine.objects.filter(organization=organization).update(
        confirmed_at=None, code_hash=""
    )
    if forgotten:
        audit.record(
            organization=organization,
            actor=actor,
            action="human_line.removed",
            now=now,
        )


def destination(
    organization_id: UUID | None, *, provider: str, call_id: str, rule: str, now: datetime
) -> str:
    """The number that takes a refused call; "" if none does. The same call gets the same
    answer and counts once."""
    if organization_id is None or rule not in FORWARDED_FOR:
        return ""
    with transaction.atomic():
        # Counted under a lock, so that many at once do not exceed the day's number.
        human = (
            HumanLine.objects.select_for_update()
            .filter(organization=organization_id, confirmed_at__isnull=False)
            .select_related("organization")
            .first()
        )
        if human is None or human.organization.status != Organization.Status.ACTIVE:
            return ""
        known = Forward.objects.filter(provider=provider, provider_call_id=call_id).first()
        if known is not None:
            return known.e164
        if not _may_forward(human, now):
            return ""
        Forward.objects.create(
            organization=human.organization,
            provider=provider,
            provider_call_id=call_id,
            e164=human.e164,
            rule=rule,
            created_at=now,
        )
    return human.e164


def _may_forward(human: HumanLine, now: datetime) -> bool:
    organization = human.organization
    per_day_max = settings_history.value_at("forwards_per_day_max", organization, now)
    today = Forward.objects.filter(organization=organization, created_at__gt=now - DAY)
    if today.count() >= per_day_max:
        return False
    try:
        line = _own_number(organization)
        # What may be called can have changed since it was confirmed.
        destinations.check(
            human.e164, organization=organization, calling_from=line.e164, now=now
        )
    except (DestinationRefused, NothingToCallWith):
        return False
    return True


def _own_number(organization: Organization) -> PhoneNumber:
    numbers = PhoneNumber.objects.filter(organization=organization, valid_to=None)
    first = numbers.order_by("valid_from", "pk").first()
    if first is None:
        raise NothingToCallWith("There is no number to call from.")
    return first


def _is_right(human: HumanLine, code: str, now: datetime) -> bool:
    is_open = (
        human.code_hash
        and human.attempts < ATTEMPTS_MAX
        and human.code_expires_at is not None
        and now < human.code_expires_at
    )
    given = _hash(human.organization_id, human.e164, code)
    return bool(is_open) and hmac.compare_digest(given, human.code_hash)


def _hash(organization_id: UUID, number: str, code: str) -> str:
    """Of the number, too: a code confirms the number that heard it and no other."""
    said = f"human-line:{organization_id}:{number}:{code}".encode()
    return hmac.new(settings.SECRET_KEY.encode(), said, hashlib.sha256).hexdigest()
