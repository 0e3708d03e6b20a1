"""What a page of the operators' call logs costs, with few calls and with many.

    DATABASE_URL=postgresql://… python benchmarks/call_logs.py [--calls 10000000] [--rounds 10]

Makes a database of its own on the server of DATABASE_URL and drops it again; the database
that is named there is not touched. The calls of a year, of 100 organizations in turn, are made
by plain SQL: first a thousandth of them, then all. Blocks are the most buffers that a statement
of the page touches, counted by the server; times are medians. Ten million calls take some
minutes to make, and 8 GB while they are there.
"""

import argparse
import os
import sys
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from measuring import Read, blocks, fill_calls, milliseconds, own_database

DAYS = 365
ORGANIZATIONS = 100
ROW = "{:<28}{:>15}{:>15}{:>9}{:>9}"


def main() -> None:
    wanted = _arguments()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicebilling.settings")
    import django

    django.setup()
    with own_database("call_logs"):
        numbers = _numbers()
        few = max(1000, wanted.calls // 1000)
        measured: dict[str, list[tuple[float, int]]] = {}
        for count in (few, wanted.calls):
            fill_calls(numbers, count=count, days=DAYS)
            for name, read in _pages(numbers).items():
                took = milliseconds(read, rounds=wanted.rounds)
                measured.setdefault(name, []).append((took, max(blocks(read))))
        print(ROW.format("", f"ms {few:,}", f"ms {wanted.calls:,}", "blocks", "blocks"))
        for name, ((ms, touched), (ms_many, touched_many)) in measured.items():
            print(ROW.format(name, f"{ms:.1f}", f"{ms_many:.1f}", touched, touched_many))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--calls", type=int, default=10_000_000)
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


def _numbers() -> list[Any]:
    from accounts import organizations, people
    from metering.models import Agent, PhoneNumber

    now = datetime.now(UTC)
    owner = people.create_verified(email="owner@example.com", password=None, now=now)
    numbers = []
    for n in range(ORGANIZATIONS):
        one = organizations.create(name=f"Benchmark {n}", owner=owner, now=now)
        agent = Agent.objects.create(
            organization=one, name="Reception", provider_assistant_id=f"assistant {n}"
        )
        number = PhoneNumber.objects.create(
            organization=one,
            e164=f"+1555{n:07}",
            provider_number_id=f"number {n}",
            agent=agent,
        )
        numbers.append(number)
    return numbers


def _pages(numbers: list[Any]) -> dict[str, Read]:
    """Return what staff ask for, as the page asks it."""
    from adminpanel.calls import reports
    from adminpanel.calls.asking import Wanted

    now = datetime.now(UTC)
    everything = Wanted()
    owner = replace(everything, organization_ids=(numbers[7].organization_id,))
    number = replace(everything, number_ids=(numbers[7].pk,))
    failed = replace(everything, status="failed", since=now - timedelta(days=30))
    old = now - timedelta(days=DAYS - 5)
    far = reports.page(replace(everything, until=old), limit=1).next
    return {
        "newest": lambda: reports.page(everything),
        "near the oldest": lambda: reports.page(everything, cursor=far),
        "of one organization": lambda: reports.page(owner),
        "of one, near the oldest": lambda: reports.page(owner, cursor=far),
        "of one number": lambda: reports.page(number),
        "failed in thirty days": lambda: reports.page(failed),
    }


if __name__ == "__main__":
    main()
