"""Periods of subscriptions, counted from their anchor.

Every period is counted from the anchor and not from the period before it: an anchor on the
31st gives the last day of shorter months and the 31st again after them.
"""

import calendar
from datetime import UTC, datetime, timedelta

DAYS = {"day": 1, "week": 7}
MONTHS = {"month": 1, "year": 12}
DAY_SECONDS = 86_400


def step(anchor: int, *, interval: str, count: int) -> int:
    """Return the moment `count` intervals after the anchor, in UTC as Stripe counts."""
    begin = datetime.fromtimestamp(anchor, UTC)
    if interval in DAYS:
        return int((begin + timedelta(days=DAYS[interval] * count)).timestamp())
    year, month = divmod(begin.year * 12 + begin.month - 1 + MONTHS[interval] * count, 12)
    last_day = calendar.monthrange(year, month + 1)[1]
    moved = begin.replace(year=year, month=month + 1, day=min(begin.day, last_day))
    return int(moved.timestamp())


def period_around(
    anchor: int, at: int, *, interval: str, interval_count: int
) -> tuple[int, int]:
    """Return the half-open period of the anchor's raster in which a moment lies."""
    length = DAYS.get(interval, 0) or MONTHS[interval] * 30
    steps = (at - anchor) // (length * interval_count * DAY_SECONDS)
    while step(anchor, interval=interval, count=steps * interval_count) > at:
        steps -= 1
    while step(anchor, interval=interval, count=(steps + 1) * interval_count) <= at:
        steps += 1
    return (
        step(anchor, interval=interval, count=steps * interval_count),
        step(anchor, interval=interval, count=(steps + 1) * interval_count),
    )
