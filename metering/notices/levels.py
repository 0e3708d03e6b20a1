"""How low something stands, and which threshold a change has crossed. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from decimal import Decimal

from metering import rating
from metering.balances.book import Book

ZERO = Decimal(0)
Postpaid = tuple[Decimal | None, Decimal | None, int | None]


@dataclass(frozen=True, slots=True)
class Level:
    """Plan and credit minutes of the running cycle, and the wallet."""

    # What there was of them in all; it changes with every refill, never with usage.
    minutes_pool: int
    minutes_left: int
    percent_used: int
    wallet: Decimal
    pays_from_wallet: bool
    # Of overage, where minutes beyond are charged so: the plan's limit or the lower own cap.
    overage_limit: int | None = None
    overage_left: int | None = None
    # Of the credit limit, where calls go on an invoice: the amounts, and the used share, which
    # is 100 once no further minute fits.
    postpaid_limit: Decimal | None = None
    postpaid_left: Decimal | None = None
    postpaid_percent: int | None = None


@dataclass(frozen=True, slots=True)
class Thresholds:
    """What an organization wants to be told of; that all is gone it is always told."""

    percents: tuple[Decimal, ...] = ()
    minutes: tuple[Decimal, ...] = ()
    wallet: tuple[Decimal, ...] = ()


@dataclass(frozen=True, slots=True)
class Crossing:
    kind: str
    threshold: Decimal
    is_gone: bool


def level_of(book: Book) -> Level:
    pool = max(0, book.live.included + book.credit)
    left = max(0, min(pool, book.remaining))
    card = book.terms(book.live)
    limit = overage_left = None
    if card.when_exhausted == rating.OVERAGE:
        limits = (card.overage_limit_minutes, book.overage_limit_minutes)
        limit = min((one for one in limits if one is not None), default=None)
        overage_left = max(0, book.ceiling - max(0, book.remaining))
    postpaid: Postpaid = (None, None, None)
    if card.when_exhausted == rating.POSTPAID:
        postpaid = postpaid_of(
            card.postpaid_limit_amount,
            book.charged_on_limit,
            pays_on=book.ceiling > max(0, book.remaining),
        )
    return Level(
        minutes_pool=pool,
        minutes_left=left,
        percent_used=(pool - left) * 100 // pool if pool else 0,
        wallet=book.wallet,
        pays_from_wallet=card.when_exhausted == rating.WALLET,
        overage_limit=limit,
        overage_left=overage_left,
        postpaid_limit=postpaid[0],
        postpaid_left=postpaid[1],
        postpaid_percent=postpaid[2],
    )


def postpaid_of(limit: Decimal, charged: Decimal, *, pays_on: bool) -> Postpaid:
    """Return a credit limit, what is left of it, and its used share, rounded down: 100 once
    it pays for no further minute."""
    left = max(ZERO, limit - charged)
    if not pays_on or limit <= 0:
        return limit, left, 100
    return limit, left, min(99, max(0, int(charged * 100 // limit)))


def crossed(before: Level, after: Level, thresholds: Thresholds) -> Crossing | None:
    """Return the most urgent threshold that lies between two levels; None if none does.

    What pays on is more urgent than the minutes before it: at the end of it calls are
    refused.
    """
    if before.overage_left and after.overage_left == 0 and not after.minutes_left:
        return Crossing("overage_left", ZERO, is_gone=True)
    if after.postpaid_percent is not None:
        used = _highest(
            before.postpaid_percent or 0,
            after.postpaid_percent,
            {*thresholds.percents, 100},
        )
        # While minutes are left it is they that run low; their end tells of the limit, too.
        if used is not None and not (used == 100 and after.minutes_left):
            return Crossing("postpaid_used", used, is_gone=used == 100)
    if after.pays_from_wallet:
        low = _lowest(before.wallet, after.wallet, {*thresholds.wallet, ZERO})
        if low is not None:
            return Crossing("wallet_left", low, is_gone=low == ZERO)
    if not after.minutes_pool:
        # All was taken back, and there is no share of nothing.
        return Crossing("minutes_left", ZERO, is_gone=True) if before.minutes_left else None
    share = _highest(before.percent_used, after.percent_used, {*thresholds.percents, 100})
    low = _lowest(before.minutes_left, after.minutes_left, thresholds.minutes)
    if share is None and low is None:
        return None
    left_at_share = (
        None if share is None else after.minutes_pool * (100 - share) / Decimal(100)
    )
    if share is not None and (low is None or left_at_share <= low):  # type: ignore[operator]
        return Crossing("percent_used", share, is_gone=share == 100)
    return Crossing("minutes_left", low or ZERO, is_gone=after.minutes_left == 0)


def reached(level: Level, thresholds: Thresholds) -> Crossing | None:
    """Return the most urgent threshold at or below which a level stands; None if none."""
    full = replace(
        level,
        minutes_left=level.minutes_pool,
        percent_used=0,
        wallet=Decimal("Infinity"),
        overage_left=level.overage_limit,
        postpaid_percent=None if level.postpaid_percent is None else 0,
    )
    return crossed(full, level, thresholds)


def coming(level: Level, thresholds: Thresholds) -> Crossing | None:
    """Return the threshold that comes next as usage goes on; None where nothing is left."""
    if level.minutes_left:
        shares = {*thresholds.percents, Decimal(100)}
        by_left = {
            level.minutes_pool * (100 - share) / Decimal(100): ("percent_used", share)
            for share in shares
            if share > level.percent_used
        } | {
            low: ("minutes_left", low)
            for low in thresholds.minutes
            if low < level.minutes_left
        }
        kind, next_one = by_left[max(by_left)]
        return Crossing(kind, next_one, is_gone=next_one == 100 and kind == "percent_used")
    if level.pays_from_wallet and level.wallet > 0:
        below = max(one for one in {*thresholds.wallet, ZERO} if one < level.wallet)
        return Crossing("wallet_left", below, is_gone=below == ZERO)
    if level.postpaid_percent is not None and level.postpaid_percent < 100:
        shares = {*thresholds.percents, Decimal(100)}
        share = min(one for one in shares if one > level.postpaid_percent)
        return Crossing("postpaid_used", share, is_gone=share == 100)
    return None


def _highest(
    before: int, after: int, thresholds: Iterable[Decimal | int]
) -> Decimal | None:
    found = [Decimal(one) for one in thresholds if before < one <= after]
    return max(found, default=None)


def _lowest(
    before: Decimal | int, after: Decimal | int, thresholds: Iterable[Decimal]
) -> Decimal | None:
    return min((one for one in thresholds if before > one >= after), default=None)
