"""What billing and the gate say to each other about wallets that run low."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metering import rating
from metering.balances import ledger
from metering.balances.book import Book
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


def tell(book: Book, *, reference: str, is_refused: bool, now: datetime) -> None:
    """Note that a wallet should be filled, where its owner asked for that: a hold was
    refused for the balance, or took what is free under the threshold.

    Calls tell by themselves, in the database; this is for the other meters.
    """
    if book.terms(book.live).when_exhausted != rating.WALLET:
        return
    threshold = (
        TopUpThreshold.objects.filter(organization_id=book.organization_id)
        .values_list("amount", flat=True)
        .first()
    )
    if threshold is None or (not is_refused and book.free_money >= threshold):
        return
    reasons = TopUpDue.Reason
    due = TopUpDue(
        organization_id=book.organization_id,
        reason=reasons.REFUSED if is_refused else reasons.BELOW_THRESHOLD,
        provider_call_id=reference,
        balance=book.wallet,
        free_balance=book.free_money,
        created_at=now,
    )
    # One that is open says it already.
    TopUpDue.objects.bulk_create([due], ignore_conflicts=True)


def close(due_id: int, *, outcome: str, now: datetime) -> None:
    """Remember what came of one; the next low balance makes another.

    Not inside a longer transaction: the gate would wait for its end.
    """
    TopUpDue.objects.filter(pk=due_id, closed_at__isnull=True).update(
        closed_at=now, outcome=outcome[:40]
    )


def free_balance(organization_id: UUID, *, now: datetime) -> Decimal:
    """Return the wallet's balance less what open holds, of calls and of other meters, may
    still take from it."""
    with ledger.opened_one(organization_id, now=now) as book:
        return book.free_money
