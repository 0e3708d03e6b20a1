"""Checks all books by the clock, and remembers what was found."""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts import audit
from accounts.models import User
from metering.models import BookCheck
from metering.verification.run import verify
from servicebilling.lib.errors import DomainError
from servicebilling.lib.logs import events

KEPT = timedelta(days=90)
FINDINGS_KEPT = 50
# The worker's own limit is shorter: by then nobody does it any more.
BROKEN_OFF_AFTER = timedelta(minutes=30)

log = logging.getLogger(__name__)


class CheckRuns(DomainError):
    """Somebody asked for a check that has not ended yet."""

    code = "check_runs"
    message = "A check is under way already."


def check(*, now: datetime) -> BookCheck:
    """Verify everybody's books and keep the verdict. A finding is logged as an error."""
    return _check(BookCheck.objects.create(started_at=now), now)


@transaction.atomic
def ask(*, actor: User, now: datetime) -> BookCheck:
    """Note that somebody wants the books checked; `check_asked` does it. Raises `CheckRuns`
    while another such check runs."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('book_checks', 0))")
    under_way = BookCheck.objects.exclude(asked_by="").filter(
        finished_at=None, started_at__gt=now - BROKEN_OFF_AFTER
    )
    if under_way.exists():
        raise CheckRuns
    row = BookCheck.objects.create(started_at=now, asked_by=f"person {actor.pk}")
    audit.record(
        organization=None, actor=actor, action="books.check_asked", now=now, detail={}
    )
    return row


def check_asked(check_id: int, *, now: datetime) -> BookCheck | None:
    """Do a check that was asked for; None if it is done."""
    row = BookCheck.objects.filter(pk=check_id, finished_at=None).first()
    return _check(row, now) if row else None


def last() -> BookCheck | None:
    """Return the newest check that came to its end."""
    done = BookCheck.objects.filter(finished_at__isnull=False)
    return done.order_by("-started_at").first()


def purge(*, now: datetime) -> int:
    """Forget old checks; returns how many."""
    return BookCheck.objects.filter(started_at__lt=now - KEPT).delete()[0]


def _check(row: BookCheck, now: datetime) -> BookCheck:
    verdict = verify(now=now)
    row.checked = verdict.checked
    row.rows_checked = sum(verdict.checked.values())
    row.findings_count = len(verdict.findings)
    row.findings = [asdict(one) for one in verdict.findings[:FINDINGS_KEPT]]
    row.finished_at = timezone.now()
    row.save(
        update_fields=[
            "checked",
            "rows_checked",
            "findings_count",
            "findings",
            "finished_at",
        ]
    )
    events.tell(log, "books_checked", rows=row.rows_checked, findings=row.findings_count)
    for rule in sorted({one.rule for one in verdict.findings}):
        log.error("the books break the rule %s", rule)
    return row
