"""Notices, written in the transaction that crossed a threshold, and told to whoever listens.

Once per organization, threshold and cycle, until a refill arms the threshold again.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from decimal import Decimal
from functools import partial
from uuid import UUID

from django.db import connection

from accounts import settings_history
from accounts.models import Organization
from metering.balances.book import Book
from metering.notices import refills
from metering.notices.levels import Crossing, Level, Thresholds, crossed, level_of
from metering.outgoing import publishing
from servicebilling.lib.ids import new_id

PERCENTS = "low_usage_thresholds_percent"
MINUTES = "low_minutes_thresholds"
WALLET = "low_wallet_thresholds"
# Settings are asked for once in a while, not at every call.
KEPT_FOR = timedelta(seconds=30)
_kept: dict[UUID, tuple[datetime, Thresholds]] = {}
_KEPT_MAX = 10_000


def watch(book: Book, now: datetime) -> Callable[[], None]:
    """Remember how low a book stands; what is returned tells of the change since, once the
    book is written. The ledger calls it for all that moves a balance."""
    return partial(tell, level_of(book), book, now=now)


def tell(before: Level, book: Book, *, now: datetime) -> None:
    """Write the notice that the change since `before` calls for, if it calls for one."""
    after = level_of(book)
    fell = after.minutes_left < before.minutes_left or after.wallet < before.wallet
    fell |= (after.overage_left or 0) < (before.overage_left or 0)
    fell |= (after.postpaid_percent or 0) > (before.postpaid_percent or 0)
    if not fell:
        return
    found = crossed(before, after, _thresholds(book.organization_id, now))
    if found is None or not _write(found, after, book, now):
        return
    publishing.publish(
        book.organization_id,
        "minutes.gone" if found.is_gone else "minutes.low",
        {
            "because": found.kind,
            "threshold": found.threshold,
            "minutes_left": after.minutes_left,
            "percent_used": _percent_of(found, after),
            "wallet_balance": after.wallet,
            "currency": book.currency,
        },
        now=now,
    )


def _percent_of(found: Crossing, level: Level) -> int:
    """The used share of what a notice is about."""
    is_limit = found.kind == "postpaid_used"
    return (level.postpaid_percent or 0) if is_limit else level.percent_used


def _thresholds(organization_id: UUID, now: datetime) -> Thresholds:
    kept = _kept.get(organization_id)
    if kept is not None and timedelta(0) <= now - kept[0] < KEPT_FOR:
        return kept[1]
    organization = Organization(pk=organization_id)
    values = settings_history.values_at([PERCENTS, MINUTES, WALLET], organization, now)
    thresholds = Thresholds(
        percents=_decimals(values[PERCENTS]),
        minutes=_decimals(values[MINUTES]),
        wallet=_decimals(values[WALLET]),
    )
    if len(_kept) >= _KEPT_MAX:
        _kept.clear()
    _kept[organization_id] = (now, thresholds)
    return thresholds


def _decimals(values: list[int | str]) -> tuple[Decimal, ...]:
    return tuple(Decimal(value) for value in values)


def _write(found: Crossing, after: Level, book: Book, now: datetime) -> bool:
    """Insert the notice; False if it was told since the last refill."""
    refill = refills.last_of([book.organization_id])[book.organization_id]
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO notices (id, organization_id, cycle_id, kind, threshold, is_gone,
                minutes_pool, minutes_left, percent_used, wallet_balance, currency, refill,
                created_at)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            [
                new_id(),
                book.organization_id,
                book.live.id,
                found.kind,
                found.threshold,
                found.is_gone,
                after.minutes_pool,
                after.minutes_left,
                _percent_of(found, after),
                after.wallet,
                book.currency,
                refill.name(found, after),
                now,
            ],
        )
        return cursor.rowcount == 1
