"""The ledgers as statements: each movement with the balance after it, newest first.

Pages follow each other by the id of the last row shown, so a page costs the same wherever it
lies, and rows that come meanwhile shift nothing.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Generic, TypeVar
from uuid import UUID

from django.db.models import Model, QuerySet

from accounts.models import Organization
from metering.models import MinuteTransaction, WalletTransaction

LINES_MAX = 100


@dataclass(frozen=True, slots=True)
class MinuteLine:
    """A movement of the minute counters. `charged_change` of `used_change` were paid
    otherwise, for `amount`. `credit_after` counts what the cycle used only once it closes."""

    id: int
    at: datetime
    kind: str
    reason: str
    call_id: UUID | None
    used_change: int
    credit_change: int
    charged_change: int
    amount: Decimal
    currency: str
    used_after: int
    credit_after: int
    # Names what made the row, such as `purchase:<id>`.
    reference: str = ""
    # Of the cycle that the row counts in.
    cycle_start: datetime | None = None
    cycle_end: datetime | None = None


@dataclass(frozen=True, slots=True)
class WalletLine:
    id: int
    at: datetime
    kind: str
    reason: str
    call_id: UUID | None
    amount: Decimal
    balance_after: Decimal
    currency: str
    reference: str = ""


Line = TypeVar("Line", MinuteLine, WalletLine)
Row = TypeVar("Row", bound=Model)


@dataclass(frozen=True, slots=True)
class Statement(Generic[Line]):
    lines: tuple[Line, ...]
    # What `before` must be for the next page; None: this is the last one.
    next: int | None


@dataclass(frozen=True, slots=True)
class Narrowed:
    """What a statement is narrowed to: some kinds, a half-open time; empty: everything."""

    kinds: tuple[str, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


EVERYTHING = Narrowed()


def of_minutes(
    organization: Organization,
    *,
    only: Narrowed = EVERYTHING,
    before: int | None = None,
    limit: int = 50,
) -> Statement[MinuteLine]:
    """Return a page of the minute ledger with one statement."""
    rows, following = _page(
        MinuteTransaction.objects.filter(organization=organization).select_related("cycle"),
        only,
        before,
        limit,
    )
    return Statement(tuple(minute_line(row) for row in rows), following)


def of_wallet(
    organization: Organization,
    *,
    only: Narrowed = EVERYTHING,
    before: int | None = None,
    limit: int = 50,
) -> Statement[WalletLine]:
    """Return a page of the wallet's ledger with one statement."""
    rows, following = _page(
        WalletTransaction.objects.filter(organization=organization), only, before, limit
    )
    return Statement(tuple(wallet_line(row) for row in rows), following)


def _page(
    rows: QuerySet[Row], only: Narrowed, before: int | None, limit: int
) -> tuple[list[Row], int | None]:
    size = max(1, min(limit, LINES_MAX))
    if only.kinds:
        rows = rows.filter(kind__in=only.kinds)
    if only.since:
        rows = rows.filter(created_at__gte=only.since)
    if only.until:
        rows = rows.filter(created_at__lt=only.until)
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows.order_by("-pk")[: size + 1])
    return found[:size], found[size - 1].pk if len(found) > size else None


def minute_line(row: MinuteTransaction) -> MinuteLine:
    return MinuteLine(
        id=row.pk,
        at=row.created_at,
        kind=row.kind,
        reason=row.reason,
        call_id=row.call_id,
        used_change=row.used_change,
        credit_change=row.credit_change,
        charged_change=row.charged_change,
        amount=row.amount,
        currency=row.currency,
        used_after=row.used_after,
        credit_after=row.credit_after,
        reference=row.reference,
        cycle_start=row.cycle.starts_at if row.cycle else None,
        cycle_end=row.cycle.ends_at if row.cycle else None,
    )


def wallet_line(row: WalletTransaction) -> WalletLine:
    return WalletLine(
        id=row.pk,
        at=row.created_at,
        kind=row.kind,
        reason=row.reason,
        call_id=row.call_id,
        amount=row.amount,
        balance_after=row.balance_after,
        currency=row.currency,
        reference=row.reference,
    )
