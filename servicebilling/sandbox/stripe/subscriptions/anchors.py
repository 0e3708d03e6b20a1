"""Where a subscription's raster of periods begins."""

import calendar
from datetime import UTC, datetime

from servicebilling.sandbox.stripe import periods
from servicebilling.sandbox.stripe.box import Row, refused


def first_anchor(anchor: int | None, config: Row | None, *, at: int) -> int:
    """Return the moment all periods are counted from: given, by the calendar, or now."""
    if anchor is not None:
        if anchor < at:
            raise refused(
                "billing_cycle_anchor cannot be in the past.", param="billing_cycle_anchor"
            )
        return anchor
    if config is None:
        return at
    now = datetime.fromtimestamp(at, UTC)
    clock = {
        key: config.get(key, getattr(now, key)) for key in ("hour", "minute", "second")
    }
    day, month = config["day_of_month"], config.get("month")
    # Counted from January, which has every day, unless a month is named.
    last_day = calendar.monthrange(now.year, month or 1)[1]
    begin = now.replace(month=month or 1, day=min(day, last_day), **clock)
    interval = "year" if month else "month"
    for count in range(-1, 26):
        found = periods.step(int(begin.timestamp()), interval=interval, count=count)
        if found > at:
            return found
    return at
