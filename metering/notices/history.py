"""Notices as their organization reads them, newest first."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q

from accounts.models import Organization
from metering.notices.models import Notice

LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class NoticeLine:
    id: UUID
    at: datetime
    kind: str
    # Percent, minutes or an amount, by kind.
    threshold: Decimal
    is_gone: bool
    minutes_pool: int
    minutes_left: int
    percent_used: int
    wallet_balance: Decimal
    currency: str


@dataclass(frozen=True, slots=True)
class NoticePage:
    lines: tuple[NoticeLine, ...]
    # Time and id of the last line, if there are older ones.
    next: tuple[datetime, UUID] | None


def notices_of(
    organization: Organization,
    *,
    before: tuple[datetime, UUID] | None = None,
    limit: int = 20,
) -> NoticePage:
    """Return a page of notices with one statement."""
    size = max(1, min(limit, LINES_MAX))
    rows = Notice.objects.filter(organization=organization)
    if before is not None:
        at, last = before
        rows = rows.filter(Q(created_at__lt=at) | Q(created_at=at, pk__lt=last))
    found = list(rows.order_by("-created_at", "-pk")[: size + 1])
    lines = tuple(
        NoticeLine(
            id=row.pk,
            at=row.created_at,
            kind=row.kind,
            threshold=row.threshold,
            is_gone=row.is_gone,
            minutes_pool=row.minutes_pool,
            minutes_left=row.minutes_left,
            percent_used=row.percent_used,
            wallet_balance=row.wallet_balance,
            currency=row.currency,
        )
        for row in found[:size]
    )
    is_more = len(found) > size
    return NoticePage(lines, (lines[-1].at, lines[-1].id) if is_more else None)
