"""Remembers that the database did not answer, so that the next do not wait as long for it.

Each thread that waits out its deadline is missing for others: once one did, those that come
after it try for a moment only, until one succeeds.
"""

import time

# Enough for a new connection and an answer while all is well.
SECONDS_IN_DOUBT = 0.4
REMEMBERED_SECONDS = 5.0

_missed_at: float | None = None


def shortened(seconds: float) -> float:
    """Return how long to wait for the database: `seconds`, or less while it is in doubt."""
    missed_at = _missed_at
    if missed_at is None or time.monotonic() - missed_at > REMEMBERED_SECONDS:
        return seconds
    return min(seconds, SECONDS_IN_DOUBT)


def remember() -> None:
    global _missed_at
    _missed_at = time.monotonic()


def forget() -> None:
    global _missed_at
    _missed_at = None
