"""How fast calls are admitted and settled on this machine, without HTTP.

    DATABASE_URL=postgresql://… python benchmarks/settle.py [--rounds 5]

Makes a database of its own on the server of DATABASE_URL and drops it again; the database
that is named there is not touched. A row is the median of the rounds; its spread is the
distance between the slowest and the fastest of them. One connection, but for the last two
rows.
"""

import argparse
import os
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

from measuring import own_database

ROUNDS_MAX = 50
# Calls of one round.
CALLS = 256
ORGANIZATIONS = 200
THREADS = 16
BATCH_SIZES = (1, 16, 64)
TALK_SECONDS = 80

Take = Callable[[], float]


def main() -> None:
    rounds = _rounds_wanted()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicebilling.settings")
    import django

    django.setup()
    with own_database("benchmark"):
        many, hot = _organizations(ORGANIZATIONS), _organizations(1)
        print(f"{CALLS} calls a round, {rounds} rounds")
        print(f"{'':<48}{'per s':>8}{'µs each':>9}{'spread':>8}")
        for whose, ids in ((f"{ORGANIZATIONS} organizations", many), ("one", hot)):
            _show(f"admit, {whose}", rounds, lambda ids=ids: _admit(ids)[1])
        for size in BATCH_SIZES:
            for whose, ids in ((f"{ORGANIZATIONS} organizations", many), ("one", hot)):
                label = f"settle, batches of {size}, {whose}"
                _show(label, rounds, lambda ids=ids, size=size: _settle(ids, size))
        for label, settle_one in _ways_of_threads():
            label = f"settle, one, {THREADS} threads, {label}"
            _show(label, rounds, lambda way=settle_one: _settle_at_once(hot, way))


def _rounds_wanted() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "--rounds",
        type=int,
        default=5,
        choices=range(1, ROUNDS_MAX + 1),
        metavar=f"1..{ROUNDS_MAX}",
    )
    rounds: int = parser.parse_args().rounds
    return rounds


def _organizations(count: int) -> list[UUID]:
    """Organizations that nothing stops: what is measured is the work, not the rules."""
    from accounts import organizations, people
    from metering.balances import cycles
    from metering.models import Rate, RateCard

    now = datetime.now(UTC)
    owner = people.create_verified(email=f"{uuid4()}@example.com", password=None, now=now)
    card = RateCard.objects.create(
        code=f"benchmark-{uuid4()}",
        included_minutes=1000,
        when_exhausted="postpaid",
        postpaid_limit_amount=Decimal(1_000_000),
        calls_at_once_max=1_000_000,
        currency="USD",
    )
    Rate.objects.create(rate_card=card, meter="voice_minute", unit_price=Decimal("0.05"))
    found = []
    for number in range(count):
        one = organizations.create(name=f"Organization {number}", owner=owner, now=now)
        cycles.begin(organization_id=one.pk, card_id=card.pk, now=now)
        found.append(one.pk)
    return found


def _show(label: str, rounds: int, take: Take) -> None:
    take()
    micros = [take() / CALLS * 1e6 for _ in range(rounds)]
    middle = statistics.median(micros)
    spread = (max(micros) - min(micros)) / middle
    print(f"{label:<48}{1e6 / middle:>8,.0f}{middle:>9,.0f}{spread:>8.0%}", flush=True)


def _admit(ids: Sequence[UUID]) -> tuple[list[Any], float]:
    """Return the calls and how long their admission took, in seconds."""
    from metering.calls import gate
    from metering.providers.base import CallRef, CallRequest

    refs = [
        CallRef(
            provider="benchmark",
            call_id=str(uuid4()),
            trusted_organization_id=ids[number % len(ids)],
            direction="outbound",
            call_from="+12025550100",
            call_to="+12025550101",
        )
        for number in range(CALLS)
    ]
    now = datetime.now(UTC)
    began = time.perf_counter()
    for ref in refs:
        if not gate.admit(CallRequest(ref=ref, at=now), now=now).admitted:
            raise SystemExit("a call was refused: nothing is measured")
    return refs, time.perf_counter() - began


def _settle(ids: Sequence[UUID], size: int) -> float:
    from metering.calls.settle import settle

    reports, now = _reports(ids)
    began = time.perf_counter()
    for at in range(0, CALLS, size):
        settle(reports[at : at + size], now=now)
    return time.perf_counter() - began


def _settle_at_once(ids: Sequence[UUID], settle_one: Callable[..., Any]) -> float:
    from django.db import connection

    reports, now = _reports(ids)

    def work(mine: Sequence[Any]) -> None:
        for report in mine:
            settle_one(report, now=now)
        connection.close()

    began = time.perf_counter()
    with ThreadPoolExecutor(THREADS) as pool:
        list(pool.map(work, [reports[number::THREADS] for number in range(THREADS)]))
    return time.perf_counter() - began


def _ways_of_threads() -> list[tuple[str, Callable[..., Any]]]:
    from metering.calls.batch import settle_together
    from metering.calls.settle import settle

    return [
        ("each by itself", lambda report, now: settle([report], now=now)),
        ("together", settle_together),
    ]


def _reports(ids: Sequence[UUID]) -> tuple[list[Any], datetime]:
    """Reports of calls that were just admitted, as a webhook brings them."""
    from metering.providers.base import CallReport, Message

    refs, _ = _admit(ids)
    started_at = datetime.now(UTC)
    ended_at = started_at + timedelta(seconds=TALK_SECONDS)
    reports = [
        CallReport(
            ref=ref,
            at=ended_at,
            started_at=started_at,
            ended_at=ended_at,
            duration_seconds=TALK_SECONDS,
            cost=Decimal("0.1578"),
            cost_breakdown={"stt": "0.028", "tts": "0.0084", "vapi": "0.1214"},
            ended_reason="customer-ended-call",
            message=Message(
                provider=ref.provider,
                kind="end-of-call-report",
                external_id=f"end-of-call-report:{ref.call_id}",
                body={"call": ref.call_id},
                received_at=ended_at,
                call_id=ref.call_id,
            ),
        )
        for ref in refs
    ]
    return reports, ended_at


if __name__ == "__main__":
    main()
