"""What benchmarks share: a database of their own, and what one read costs."""

import os
import statistics
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

Read = Callable[[], Any]


@contextmanager
def own_database(name: str) -> Iterator[None]:
    """A database for this process on the server of DATABASE_URL, dropped at the end; the one
    that is named there is not touched."""
    from django.db import connection

    given = connection.settings_dict["NAME"]
    connection.settings_dict["TEST"]["NAME"] = f"servicebilling_{name}_{os.getpid()}"
    connection.creation.create_test_db(verbosity=0, serialize=False)
    try:
        yield
    finally:
        connection.creation.destroy_test_db(given, verbosity=0)


def milliseconds(read: Read, *, rounds: int) -> float:
    """Return the median of the rounds, after one that is not counted."""
    read()
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        read()
        times.append((time.perf_counter() - began) * 1000)
    return statistics.median(times)


def blocks(read: Read) -> list[int]:
    """Return the buffers that each statement of a read touches, counted by the server."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    with CaptureQueriesContext(connection) as asked:
        read()
    with connection.cursor() as cursor:
        return [_blocks_of(cursor, one["sql"]) for one in asked.captured_queries]


def _blocks_of(cursor: Any, sql: str) -> int:
    # What opens and ends transactions cannot be explained, and reads nothing.
    if not sql.startswith(("SELECT", "WITH")):
        return 0
    cursor.execute(f"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) {sql}")
    [[[explained]]] = cursor.fetchall()
    plan = explained["Plan"]
    return int(plan["Shared Hit Blocks"] + plan["Shared Read Blocks"])
