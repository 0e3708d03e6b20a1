"""Remembers what was told to payment providers or compared with them."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import Q
from django.utils import timezone

from accounts import audit
from accounts.models import User
from billing.errors import RunUnderWay
from billing.models import ProviderRun

KEPT = timedelta(days=365)
# Of what a run found, as many are named.
NAMED_MAX = 200
ERROR_LENGTH_MAX = 500
# Workers are stopped before: by then nobody does it any more.
BROKEN_OFF_AFTER = timedelta(minutes=30)


@dataclass(slots=True)
class Tally:
    """What a run has seen so far."""

    looked_at: int = 0
    found: int = 0
    lines: list[str] = field(default_factory=list)
    differences: list[int] = field(default_factory=list)
    # What went wrong on the way, where the run goes on all the same.
    error: str = ""

    def note(self, difference_id: int) -> None:
        self.found += 1
        self.differences.append(difference_id)


@transaction.atomic
def ask(
    *, provider: str, actor: User, now: datetime, is_live_meant: bool = False
) -> ProviderRun:
    """Note that somebody wants a provider told of the catalogue; the worker does it. Raises
    `RunUnderWay` while such a run waits or works."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('provider_runs', 0))")
    kind = ProviderRun.Kind.CATALOGUE
    lives = Q(started_at=None) | Q(started_at__gt=now - BROKEN_OFF_AFTER)
    if ProviderRun.objects.filter(
        lives, kind=kind, provider=provider, finished_at=None
    ).exists():
        raise RunUnderWay
    audit.record(
        organization=None,
        actor=actor,
        action="catalogue.telling_asked",
        detail={"provider": provider, "live": is_live_meant},
        now=now,
    )
    return ProviderRun.objects.create(
        kind=kind,
        provider=provider,
        asked_at=now,
        asked_by=actor,
        is_live_meant=is_live_meant,
    )


def waiting() -> list[int]:
    """Return the runs that nobody has begun, oldest first."""
    rows = ProviderRun.objects.filter(started_at=None).order_by("id")
    return list(rows.values_list("id", flat=True)[:20])


def begin(run_id: int, *, now: datetime) -> ProviderRun | None:
    """Return a run that was asked for to the one caller who may do it."""
    begun = ProviderRun.objects.filter(pk=run_id, started_at=None).update(started_at=now)
    return ProviderRun.objects.get(pk=run_id) if begun else None


@contextmanager
def kept(run: ProviderRun) -> Iterator[Tally]:
    """Write down what the block tallies, also where it raises."""
    tally = Tally()
    try:
        yield tally
    except Exception as error:
        tally.error = str(error) or type(error).__name__
        raise
    finally:
        _finish(run, tally)


@contextmanager
def compared(kind: str, *, provider: str, now: datetime) -> Iterator[Tally]:
    """Keep a comparison that begins now as a run."""
    run = ProviderRun.objects.create(
        kind=kind, provider=provider, asked_at=now, started_at=now
    )
    with kept(run) as tally:
        yield tally


def newest(kind: str, provider: str) -> ProviderRun | None:
    rows = ProviderRun.objects.filter(kind=kind, provider=provider)
    return rows.select_related("asked_by").order_by("-id").first()


def purge(*, now: datetime) -> int:
    """Forget old runs; returns how many."""
    return ProviderRun.objects.filter(asked_at__lt=now - KEPT).delete()[0]


def _finish(run: ProviderRun, tally: Tally) -> None:
    run.looked_at_count, run.found_count = tally.looked_at, tally.found
    run.lines = tally.lines[:NAMED_MAX]
    run.differences = tally.differences[:NAMED_MAX]
    run.error = tally.error[:ERROR_LENGTH_MAX]
    run.finished_at = timezone.now()
    run.save(
        update_fields=[
            "looked_at_count",
            "found_count",
            "lines",
            "differences",
            "error",
            "finished_at",
        ]
    )
