"""What reading usage costs with a long history, and how much memory files take.

    DATABASE_URL=postgresql://… python benchmarks/reading.py [--calls 300000] [--rounds 20]

Makes a database of its own on the server of DATABASE_URL and drops it again; the database
that is named there is not touched. Its calls are made by plain SQL, with their daily sums:
first a hundredth of them, then all, so each read is measured twice. Blocks are the buffers of
one execution, counted by the server; times are medians.
"""

import argparse
import os
import resource
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from measuring import Read, blocks, fill_calls, milliseconds, own_database

DAYS = 365
ROW = "{:<34}{:>10}{:>10}{:>9}{:>9}"

SUM = """
INSERT INTO daily_usage (organization_id, day, meter, agent_id, phone_number_id, count,
  quantity, talk_seconds, hours, cost, price)
SELECT organization_id, (occurred_at AT TIME ZONE 'UTC')::date, 'voice_minute', agent_id,
  phone_number_id, count(*), sum(billed_minutes), sum(duration_seconds),
  array_fill(0, ARRAY[24]), 0, sum(price)
FROM calls GROUP BY 1, 2, 4, 5
"""


def main() -> None:
    wanted = _wanted()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicebilling.settings")
    import django

    django.setup()
    with own_database("reading"):
        organization = _organization()
        measured: dict[str, list[tuple[float, int]]] = {}
        for count in (wanted.calls // 100, wanted.calls):
            _fill(organization, count)
            for name, read in _reads(organization).items():
                took = milliseconds(read, rounds=wanted.rounds)
                measured.setdefault(name, []).append((took, sum(blocks(read))))
        few, many = f"{wanted.calls // 100:,}", f"{wanted.calls:,}"
        print(ROW.format("", f"ms {few}", f"ms {many}", "blocks", "blocks"))
        for name, ((ms, touched), (ms_many, touched_many)) in measured.items():
            print(ROW.format(name, f"{ms:.2f}", f"{ms_many:.2f}", touched, touched_many))
        for file_format in ("csv", "xlsx"):
            _show_file(organization, file_format)


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=300_000)
    parser.add_argument("--rounds", type=int, default=20)
    return parser.parse_args()


def _organization() -> Any:
    from accounts import organizations, people
    from metering.balances import cycles
    from metering.models import Agent, PhoneNumber, RateCard

    now = datetime.now(UTC)
    owner = people.create_verified(email="owner@example.com", password=None, now=now)
    founded = now - timedelta(days=DAYS)
    one = organizations.create(name="Benchmark", owner=owner, now=founded)
    card = RateCard.objects.create(
        code="benchmark-1", included_minutes=100, when_exhausted="cut_off", currency="USD"
    )
    cycles.begin(organization_id=one.pk, card_id=card.pk, now=now)
    agent = Agent.objects.create(
        organization=one, name="Reception", provider_assistant_id="assistant"
    )
    PhoneNumber.objects.create(
        organization=one, e164="+15550100", provider_number_id="number", agent=agent
    )
    return one


def _fill(organization: Any, count: int) -> None:
    """Fill up to `count` calls over a year, newest now, and their daily sums."""
    from django.db import connection

    from metering.models import PhoneNumber

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute("DELETE FROM daily_usage")
    fill_calls([PhoneNumber.objects.get()], count=count, days=DAYS)
    with connection.cursor() as cursor:
        cursor.execute(SUM)
        cursor.execute("VACUUM ANALYZE daily_usage")


def _reads(organization: Any) -> dict[str, Read]:
    from metering.models import Agent
    from metering.usage import analytics, call_pages, month_pages, outlook, reports
    from metering.usage.analytics import Only
    from metering.usage.call_pages import Position

    now = datetime.now(UTC)
    first, last = analytics.month_ends(now.date())
    deep = Position(now - timedelta(days=DAYS - 5), organization.pk)
    agent = Only(agent_id=Agent.objects.get().pk)
    report = reports.usage_this_cycle(organization, now=now)

    def page(**narrow: Any) -> Any:
        return call_pages.call_page(organization, limit=50, **narrow)

    return {
        "cycle": lambda: reports.usage_this_cycle(organization, now=now),
        "forecast": lambda: outlook.outlook_of(organization, report, now=now),
        "month": lambda: month_pages.month(organization, day=now.date()),
        "twelve months": lambda: month_pages.month_page(organization, limit=12, now=now),
        "thirty days": lambda: analytics.by_day(organization, first=first, last=last),
        "hours of a month": lambda: analytics.by_hour(organization, first=first, last=last),
        "calls, first page": page,
        "calls, page near the end": lambda: page(after=deep),
        "calls of an agent, near the end": lambda: page(after=deep, only=agent),
    }


def _show_file(organization: Any, file_format: str) -> None:
    from metering.models import Export
    from metering.usage import exports

    today = datetime.now(UTC).date()
    before = _memory_mb()
    began = time.perf_counter()
    export = exports.request(
        organization,
        kind="calls",
        file_format=file_format,
        first_day=today - timedelta(days=DAYS + 5),
        last_day=today,
        requested_by=None,
        shows_callers=True,
        now=datetime.now(UTC),
    )
    exports.make(export.pk, now=datetime.now(UTC))
    took = time.perf_counter() - began
    made = Export.objects.get(pk=export.pk)
    print(
        f"{file_format}: {made.rows:,} rows, {made.size_bytes / 1e6:.1f} MB in {took:.1f} s,"
        f" memory {before} MB before, {_memory_mb()} MB at most"
    )


def _memory_mb() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


if __name__ == "__main__":
    main()
