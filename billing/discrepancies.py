"""Differences between our books and a provider's, as rows for staff."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction

from accounts import audit
from accounts.models import User
from billing.errors import NothingToDecide, ReasonMissing
from billing.models import Discrepancy
from metering.balances import adjustments
from metering.balances.adjustments import Adjusted, Counter

REASON_LENGTH_MIN = 3


@dataclass(frozen=True, slots=True)
class Adjustment:
    """What the books are to be moved by when a difference is accepted; `id` makes it happen
    once."""

    counter: Counter
    change: Decimal | int
    id: UUID


@transaction.atomic
def open_one(
    *,
    kind: str,
    provider: str,
    subject: str,
    now: datetime,
    organization_id: UUID | None = None,
    ours: str = "",
    theirs: str = "",
    apart_by: Decimal | int | None = None,
) -> Discrepancy:
    """Write a difference down; one that is open already is seen again. One that staff have
    accepted, and that is still the same, stays as it is."""
    which = {"kind": kind, "provider": provider, "subject": subject[:255]}
    accepted = last_accepted(**which)
    if accepted is not None and (accepted.ours, accepted.theirs) == (ours, theirs):
        return accepted
    said = {"ours": ours, "theirs": theirs, "apart_by": apart_by, "seen_at": now}
    new = said | {"organization_id": organization_id, "found_at": now}
    try:
        return _seen(which, said, new)
    except IntegrityError:
        # One was opened and settled by others while this one was being written.
        return _seen(which, said, new)


def _seen(which: dict[str, str], said: dict[str, Any], new: dict[str, Any]) -> Discrepancy:
    row, _ = Discrepancy.objects.update_or_create(
        **which, settled_at=None, defaults=said, create_defaults=new
    )
    return row


def last_accepted(*, kind: str, provider: str, subject: str) -> Discrepancy | None:
    """Return what staff accepted last about a subject: it stays accepted by as much as it
    was, and only what grows beyond it is new."""
    return (
        Discrepancy.objects.filter(
            kind=kind, provider=provider, subject=subject[:255], settled_by__isnull=False
        )
        .order_by("-settled_at")
        .first()
    )


def settle(
    *, kind: str, provider: str, subject: str, settlement: str, now: datetime
) -> bool:
    """Close an open difference; False if there is none."""
    return bool(
        Discrepancy.objects.filter(
            kind=kind, provider=provider, subject=subject[:255], settled_at=None
        ).update(settled_at=now, settlement=settlement[:300])
    )


@transaction.atomic
def accept(
    row_id: int,
    *,
    reason: str,
    actor: User,
    now: datetime,
    adjustment: Adjustment | None = None,
    dry_run: bool = False,
) -> Adjusted | None:
    """Close a difference as staff decide, with an entry in the books if one is needed;
    quiet if they have closed it already. A dry run returns the effect and keeps nothing.

    Raises `ReasonMissing`, `NothingToDecide`, and `LedgerError` for an entry that cannot be.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ReasonMissing
    row = Discrepancy.objects.select_related("organization").get(pk=row_id)
    done = None
    if adjustment is not None:
        if row.organization is None:
            raise NothingToDecide("It is not known whose this is: adjust their books.")
        done = adjustments.adjust(
            adjustment.counter,
            adjustment.change,
            organization=row.organization,
            reason=reason,
            actor=actor,
            now=now,
            adjustment_id=adjustment.id,
        )
    locked = Discrepancy.objects.select_for_update(of=("self",)).get(pk=row_id)
    if locked.settled_at is None:
        _close(locked, reason=reason, actor=actor, now=now, entry=done)
    elif done is not None and not done.is_repeated:
        raise NothingToDecide("This difference is settled; nothing was adjusted.")
    if dry_run:
        transaction.set_rollback(True)
    return done


def _close(
    row: Discrepancy, *, reason: str, actor: User, now: datetime, entry: Adjusted | None
) -> None:
    row.settled_at, row.settled_by = now, actor
    row.settlement = f"accepted: {reason.strip()}"[:300]
    row.save(update_fields=["settled_at", "settled_by", "settlement"])
    audit.record(
        organization=row.organization,
        actor=actor,
        action="difference.accepted",
        detail={
            "difference": row.pk,
            "kind": row.kind,
            "subject": row.subject,
            "reason": reason.strip(),
            "entry": entry.reference if entry else "",
        },
        now=now,
    )
