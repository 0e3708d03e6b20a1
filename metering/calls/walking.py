"""The provider's whole list of calls, although a list has at most a thousand and no pages.

A list that is full is cut in two by the time of creation, and both halves are asked for.
So nothing is missed whatever order the provider lists in.
"""

from collections.abc import Iterator
from datetime import datetime, timedelta

from metering.providers.base import FetchedCall, ProviderError, Telephony

# No finer cut can be asked for.
FINEST = timedelta(milliseconds=1)


def walk(
    provider: Telephony, *, updated_since: datetime, now: datetime, limit: int = 1000
) -> Iterator[FetchedCall]:
    """Yield every call that changed since then, once. Raises `ProviderError`."""
    seen: set[str] = set()
    windows: list[tuple[datetime | None, datetime | None]] = [(None, None)]
    while windows:
        since, before = windows.pop()
        page = provider.calls(
            now=now,
            updated_since=updated_since,
            created_since=since,
            created_before=before,
            limit=limit,
        )
        for one in page.calls:
            if one.call_id not in seen:
                seen.add(one.call_id)
                yield one
        if page.is_full:
            windows += _halves(page.calls, since, before)


def _halves(
    calls: tuple[FetchedCall, ...], since: datetime | None, before: datetime | None
) -> list[tuple[datetime | None, datetime | None]]:
    made = [one.created_at for one in calls if one.created_at]
    if not made:
        raise ProviderError("the list of calls is full and has no times", retry=True)
    earliest, latest = since or min(made), before or max(made)
    middle = earliest + (latest - earliest) / 2
    middle = middle.replace(microsecond=middle.microsecond // 1000 * 1000)
    if middle <= earliest:
        middle = earliest + FINEST
    if before is not None and middle >= before:
        raise ProviderError("too many calls began in one millisecond", retry=False)
    return [(since, middle), (middle, before)]
