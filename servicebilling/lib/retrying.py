"""When to try a stored message again, and when to stop. Pure."""

import traceback
from datetime import timedelta

ATTEMPTS_MAX = 10
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=2)
# While one attempt runs, no other begins.
LEASE = timedelta(minutes=10)
ERROR_LENGTH_MAX = 4000


def wait_after(attempts: int) -> timedelta | None:
    """Return how long to wait after so many failures; None: it is parked."""
    if attempts >= ATTEMPTS_MAX:
        return None
    return min(BACKOFF_FIRST * 2 ** max(0, attempts - 1), BACKOFF_MAX)


def told(error: BaseException) -> str:
    """The end of the traceback, where the cause stands, without what cannot be stored."""
    found = "".join(traceback.format_exception(error))[-ERROR_LENGTH_MAX:]
    return found.replace("\x00", " ").encode("utf-8", "replace").decode()
