"""The two ledgers, newest first: which rows a balance is made of."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db.models import Count, Q, Sum
from django.db.models.functions import Coalesce

from accounts.models import Organization
from metering.models import Allowance, MinuteTransaction, Wallet, WalletTransaction
from servicebilling.lib import keyset

PAGE_SIZE = 50
MINUTES, WALLET = "minutes", "wallet"
BOOKS = {MINUTES: MinuteTransaction, WALLET: WalletTransaction}
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Line:
    """One row. Fields of the other book are None."""

    id: int
    at: datetime
    organization_id: UUID
    organization: str
    kind: str
    reference: str
    reason: str
    # Who did it by hand; empty for what acts by itself.
    actor: str
    call_id: UUID | None
    used_change: int | None
    credit_change: int | None
    charged_change: int | None
    used_after: int | None
    credit_after: int | None
    # Of minutes: what those paid otherwise came to.
    amount: Decimal
    balance_after: Decimal | None
    currency: str


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    # Cursor of the next page; empty on the last.
    next: str


@dataclass(frozen=True, slots=True)
class Counter:
    """A counter as it stands, and the sum of the rows that it is made of."""

    name: str
    book: str
    standing: Decimal | int
    rows: int
    total: Decimal | int
    # Of money alone.
    currency: str = ""

    @property
    def adds_up(self) -> bool:
        return self.standing == self.total


def page(
    book: str,
    *,
    organization_id: UUID | None = None,
    kind: str = "",
    cursor: str = "",
    limit: int = PAGE_SIZE,
) -> Page:
    """Return a page of a book of BOOKS. Raises `keyset.InvalidCursor`.

    A kind is found quickly within one organization alone.
    """
    rows: Any = BOOKS[book]._default_manager.select_related("organization", "actor")
    if organization_id is not None:
        rows = rows.filter(organization=organization_id)
    if kind:
        rows = rows.filter(kind=kind)
    if cursor:
        [last] = keyset.read(cursor, of=f"ledger {book}", parts=1)
        rows = rows.filter(pk__lt=int(last))
    found = list(rows.order_by("-pk")[: limit + 1])
    following = ""
    if len(found) > limit:
        following = keyset.write(str(found[limit - 1].pk), of=f"ledger {book}")
    return Page(tuple(_line(row) for row in found[:limit]), next=following)


def counters_of(organization: Organization) -> tuple[Counter, ...]:
    """Return each counter of an organization with the sum of its rows; empty where it has no
    balances yet. Minutes used are those of the running cycle."""
    allowance = Allowance.objects.filter(organization=organization).first()
    wallet = Wallet.objects.filter(organization=organization).first()
    if allowance is None or wallet is None:
        return ()
    minutes = MinuteTransaction.objects.filter(organization=organization)
    credit = minutes.exclude(credit_change=0).aggregate(
        rows=Count("pk"), total=Coalesce(Sum("credit_change"), 0)
    )
    used = (
        minutes.filter(cycle=allowance.cycle_id)
        .exclude(kind="cycle_close")
        .aggregate(
            rows=Count("pk", filter=~Q(used_change=0)),
            total=Coalesce(Sum("used_change"), 0),
        )
    )
    money = WalletTransaction.objects.filter(organization=organization).aggregate(
        rows=Count("pk"), total=Coalesce(Sum("amount"), ZERO)
    )
    return (
        Counter("Credit minutes", MINUTES, allowance.credit_minutes, **credit),
        Counter(
            "Minutes used in this cycle",
            MINUTES,
            allowance.minutes_used_this_cycle,
            **used,
        ),
        Counter("Wallet", WALLET, wallet.balance, **money, currency=wallet.currency),
    )


def _line(row: Any) -> Line:
    return Line(
        id=row.pk,
        at=row.created_at,
        organization_id=row.organization_id,
        organization=row.organization.name,
        kind=row.kind,
        reference=row.reference,
        reason=row.reason,
        actor=row.actor.email if row.actor else "",
        call_id=row.call_id,
        used_change=getattr(row, "used_change", None),
        credit_change=getattr(row, "credit_change", None),
        charged_change=getattr(row, "charged_change", None),
        used_after=getattr(row, "used_after", None),
        credit_after=getattr(row, "credit_after", None),
        amount=row.amount,
        balance_after=getattr(row, "balance_after", None),
        currency=row.currency,
    )
