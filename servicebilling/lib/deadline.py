"""A deadline that the caller keeps, whatever the database server does.

`statement_timeout` is kept by the server: a frozen server never fires it. The pre-call path
must answer within seconds even then, so the waiting side gives up by itself.
"""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

_local = threading.local()


@contextmanager
def within(seconds: float) -> Iterator[None]:
    """Make database work of this thread raise once `seconds` have passed.

    Nested deadlines keep the earlier end.
    """
    previous = getattr(_local, "ends_at", None)
    ends_at = time.monotonic() + seconds
    _local.ends_at = ends_at if previous is None else min(previous, ends_at)
    try:
        yield
    finally:
        _local.ends_at = previous


def remaining_seconds() -> float | None:
    """Seconds left of this thread's deadline; None when there is none, never below zero."""
    ends_at = getattr(_local, "ends_at", None)
    return None if ends_at is None else max(0.0, ends_at - time.monotonic())
