"""Month boundaries that count from an anchor. Pure."""

import calendar
from datetime import datetime


def boundary(anchor_at: datetime, months: int) -> datetime:
    """Return the anchor moved by whole months; the 31st becomes the last day of a shorter
    month and returns to the 31st after it."""
    index = anchor_at.year * 12 + anchor_at.month - 1 + months
    year, month = divmod(index, 12)
    day = min(anchor_at.day, calendar.monthrange(year, month + 1)[1])
    return anchor_at.replace(year=year, month=month + 1, day=day)


def next_boundary(anchor_at: datetime, after: datetime) -> datetime:
    """Return the first boundary strictly after a moment."""
    months = (after.year - anchor_at.year) * 12 + after.month - anchor_at.month - 1
    while (end := boundary(anchor_at, months)) <= after:
        months += 1
    return end


def boundary_before(anchor_at: datetime, moment: datetime) -> datetime:
    """Return the last boundary at or before a moment."""
    months = (moment.year - anchor_at.year) * 12 + moment.month - anchor_at.month + 1
    while (start := boundary(anchor_at, months)) > moment:
        months -= 1
    return start
