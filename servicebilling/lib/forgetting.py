"""Goes over many rows piece by piece: each in a transaction of its own, in bounded memory."""

from collections.abc import Callable
from typing import Any

from django.db.models import QuerySet

PIECE_SIZE = 1000

# How many rows were done since the last time.
Progress = Callable[[int], None]


def in_pieces(
    rows: QuerySet,
    forget: Callable[[QuerySet], int],
    *,
    dry_run: bool = False,
    progress: Progress = lambda done: None,
) -> int:
    """Call `forget` with a thousand of the rows at a time, in order of their keys; returns the
    sum of its answers. A dry run counts the rows.

    Stopped in the middle, it has done what it did; begun again, it goes on with the rest.
    """
    if dry_run:
        return rows.count()
    forgotten, last = 0, None
    while keys := _keys_after(rows, last):
        # Once more by the whole condition: a row may have changed meanwhile.
        done = forget(rows.filter(pk__in=keys).order_by())
        forgotten, last = forgotten + done, keys[-1]
        progress(done)
    return forgotten


def _keys_after(rows: QuerySet, last: Any) -> list[Any]:
    following = rows if last is None else rows.filter(pk__gt=last)
    return list(following.order_by("pk").values_list("pk", flat=True)[:PIECE_SIZE])
