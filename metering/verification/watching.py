"""Checks all books by the clock, and remembers what was found."""

import logging
from dataclasses import asdict
from datetime import datetime, timedelta

from django.utils import timezone

from metering.models import BookCheck
from metering.verification.run import verify
from servicebilling.lib.logs import events

KEPT = timedelta(days=90)
FINDINGS_KEPT = 50

log = logging.getLogger(__name__)


def check(*, now: datetime) -> BookCheck:
    """Verify everybody's books and keep the verdict. A finding is logged as an error."""
    row = BookCheck.objects.create(started_at=now)
    verdict = verify(now=now)
    row.rows_checked = sum(verdict.checked.values())
    row.findings_count = len(verdict.findings)
    row.findings = [asdict(one) for one in verdict.findings[:FINDINGS_KEPT]]
    row.finished_at = timezone.now()
    row.save(update_fields=["rows_checked", "findings_count", "findings", "finished_at"])
    events.tell(log, "books_checked", rows=row.rows_checked, findings=row.findings_count)
    for rule in sorted({one.rule for one in verdict.findings}):
        log.error("the books break the rule %s", rule)
    return row


def last() -> BookCheck | None:
    """Return the newest check that came to its end."""
    done = BookCheck.objects.filter(finished_at__isnull=False)
    return done.order_by("-started_at").first()


def purge(*, now: datetime) -> int:
    """Forget old checks; returns how many."""
    return BookCheck.objects.filter(started_at__lt=now - KEPT).delete()[0]
