"""What benchmarks share: a database of their own, and what one read costs."""

import os
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from typing import Any

Read = Callable[[], Any]

CALLS = """
INSERT INTO calls (id, organization_id, provider, provider_call_id, direction, agent_id,
  phone_number_id, call_from, call_to, occurred_at, started_at, ended_at, duration_seconds,
  billed_seconds, billed_minutes, minutes_from_plan, minutes_from_credit, minutes_charged,
  seconds_charged, cost, cost_breakdown, price, currency, status, ended_reason, refusal,
  is_unadmitted, flags, revision, created_at)
SELECT gen_random_uuid(), (%(organizations)s::uuid[])[line], 'vapi', 'b' || n, 'inbound',
  (%(agents)s::uuid[])[line], (%(numbers)s::uuid[])[line],
  '+1555' || lpad((n %% 9973)::text, 7, '0'), '+15550100', t, t, t + interval '80 seconds', 80,
  120, 2, 2, 0, 0, 0, 0.09, '{}', 0.1, 'USD',
  CASE WHEN n %% 997 = 0 THEN 'failed' ELSE 'completed' END, 'customer-ended-call', '', false,
  '{}', 1, t
FROM (SELECT n, 1 + n %% %(lines)s AS line,
    %(now)s::timestamptz - n * (interval '1 day' * %(days)s / %(count)s) AS t
  FROM generate_series(1, %(count)s) n) moments
"""


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


def fill_calls(numbers: Sequence[Any], *, count: int, days: int) -> None:
    """Make `count` calls by plain SQL instead of those there are: the newest now, the others
    evenly before, on these numbers in turn."""
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("DELETE FROM calls")
        cursor.execute(
            CALLS,
            {
                "organizations": [one.organization_id for one in numbers],
                "agents": [one.agent_id for one in numbers],
                "numbers": [one.pk for one in numbers],
                "lines": len(numbers),
                "now": datetime.now(UTC),
                "days": days,
                "count": count,
            },
        )
        cursor.execute("VACUUM ANALYZE calls")


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
