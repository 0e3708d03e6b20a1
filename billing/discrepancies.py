"""Differences between our books and a provider's, as rows for staff."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from billing.models import Discrepancy


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
) -> Discrepancy:
    """Write a difference down; one that is open already is seen again."""
    row, _ = Discrepancy.objects.update_or_create(
        kind=kind,
        provider=provider,
        subject=subject[:255],
        settled_at=None,
        defaults={"ours": ours, "theirs": theirs, "seen_at": now},
        create_defaults={
            "organization_id": organization_id,
            "ours": ours,
            "theirs": theirs,
            "found_at": now,
            "seen_at": now,
        },
    )
    return row


def settle(
    *, kind: str, provider: str, subject: str, settlement: str, now: datetime
) -> bool:
    """Close an open difference; False if there is none."""
    return bool(
        Discrepancy.objects.filter(
            kind=kind, provider=provider, subject=subject[:255], settled_at=None
        ).update(settled_at=now, settlement=settlement)
    )
