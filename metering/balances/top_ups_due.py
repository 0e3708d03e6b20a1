"""What billing and the gate say to each other about wallets that run low."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metering.balances import ledger
from metering.balances.top_up_models import TopUpDue, TopUpThreshold


@dataclass(frozen=True, slots=True)
class Due:
    id: int
    organization_id: UUID
    reason: str
    created_at: datetime


def watch(organization_id: UUID, *, below: Decimal) -> None:
    """Have the gate tell when the free balance falls under an amount."""
    TopUpThreshold.objects.update_or_create(
        organization_id=organization_id, defaults={"amount": below}
    )


def watch_no_more(organization_id: UUID) -> None:
    TopUpThreshold.objects.filter(organization_id=organization_id).delete()


def open_ones(*, limit: int = 200) -> list[Due]:
    """Return what waits, oldest first."""
    rows = TopUpDue.objects.filter(closed_at__isnull=True).order_by("created_at", "id")
    return [
        Due(row.id, row.organization_id, row.reason, row.created_at) for row in rows[:limit]
    ]


def close(due_id: int, *, outcome: str, now: datetime) -> None:
    """Remember what came of one; the next low balance makes another.

    Not inside a longer transaction: the gate would wait for its end.
    """
    TopUpDue.objects.filter(pk=due_id, closed_at__isnull=True).update(
        closed_at=now, outcome=outcome[:40]
    )


def free_balance(organization_id: UUID, *, now: datetime) -> Decimal:
    """Return the wallet's balance less what open calls may still take from it."""
    with ledger.opened_one(organization_id, now=now) as book:
        beyond = max(0, book.held - max(0, book.remaining))
        card = book.terms(book.live)
        return book.wallet - beyond * card.dearest_unit_price
