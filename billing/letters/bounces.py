"""Mail that comes back: the address is marked, and no further letter goes there.

Sending on would cost the sender's good name, and with it the letters of everybody else.
"""

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from billing.models import BouncedAddress

Reason = BouncedAddress.Reason
# As mail services' events are named by anymail; others, such as opened, say nothing here.
REASON_OF = {
    "bounced": Reason.BOUNCED,
    "rejected": Reason.REJECTED,
    "complained": Reason.COMPLAINED,
}


@dataclass(frozen=True, slots=True)
class Bounce:
    """What a mail service told of one address."""

    address: str
    reason: str
    told_by: str
    detail: str = ""


def note(bounce: Bounce, *, now: datetime) -> None:
    """Mark an address; told again, it stays marked once."""
    BouncedAddress.objects.update_or_create(
        address=bounce.address.strip().lower(),
        defaults={
            "reason": bounce.reason,
            "told_by": bounce.told_by[:40],
            "detail": " ".join(bounce.detail.split())[:300],
            "last_at": now,
            "cleared_at": None,
        },
        create_defaults={
            "reason": bounce.reason,
            "told_by": bounce.told_by[:40],
            "detail": " ".join(bounce.detail.split())[:300],
            "first_at": now,
            "last_at": now,
        },
    )


def mark_of(address: str) -> BouncedAddress | None:
    """Return why nothing is sent to an address; None if letters go there."""
    return BouncedAddress.objects.filter(
        address=address.strip().lower(), cleared_at=None
    ).first()


def marks_of(addresses: Collection[str]) -> dict[str, BouncedAddress]:
    """Return the marks of addresses, by the address in small letters; one statement."""
    known = {address.strip().lower() for address in addresses}
    rows = BouncedAddress.objects.filter(address__in=known, cleared_at=None)
    return {row.address: row for row in rows}


def clear(
    address: str, *, organization: Organization | None, actor: Actor, now: datetime
) -> bool:
    """Let letters go to an address again; False if they did already."""
    with transaction.atomic():
        mark = mark_of(address)
        if mark is None:
            return False
        still = BouncedAddress.objects.filter(pk=mark.pk, cleared_at=None)
        if not still.update(cleared_at=now):
            return False
        # By number: the trail outlives a person's right to be forgotten.
        audit.record(
            organization=organization,
            actor=actor,
            action="letters.address_cleared",
            detail={"bounced_address": mark.pk},
            now=now,
        )
    return True
