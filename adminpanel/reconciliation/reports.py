"""What checking ourselves has found: the books, and calls against the provider's."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from accounts.models import PeriodicRun
from billing.models import Discrepancy
from metering.models import BookCheck, CallDifference, Reconciliation, SetUpFinding

HISTORY = timedelta(days=35)
PAGE_SIZE = 25
LISTED_MAX = 50
# Comparisons that keep no rows of their own but for what they found.
OTHERS = (
    ("reconcile_payments", "Payments against our purchases"),
    ("compare_payments", "Payments against the providers'"),
    ("check_overage", "Overage against the providers'"),
    ("audit_provider_set_up", "Set-up at the telephony provider"),
)


@dataclass(frozen=True, slots=True)
class Last:
    """When something that runs by the clock ran last; None: not lately."""

    title: str
    at: datetime | None


@dataclass(frozen=True, slots=True)
class Checks:
    """A page of checks of the books, newest first; `before` is where the next begins."""

    rows: tuple[BookCheck, ...]
    before: int | None


def checks(*, before: int | None = None, limit: int = PAGE_SIZE) -> Checks:
    rows = BookCheck.objects.order_by("-pk").defer("findings", "checked")
    if before is not None:
        rows = rows.filter(pk__lt=before)
    found = list(rows[: limit + 1])
    more = found[limit - 1].pk if len(found) > limit else None
    return Checks(tuple(found[:limit]), before=more)


def comparisons() -> list[Reconciliation]:
    """Return the newest comparisons of calls."""
    return list(Reconciliation.objects.order_by("-started_at")[:PAGE_SIZE])


def open_differences() -> list[CallDifference]:
    """Return calls on which the provider and we do not agree yet, newest first."""
    rows = CallDifference.objects.filter(resolved_at=None).select_related("organization")
    return list(rows.order_by("-last_seen_at")[:LISTED_MAX])


def set_up_findings() -> list[SetUpFinding]:
    rows = SetUpFinding.objects.filter(resolved_at=None).select_related("organization")
    return list(rows.order_by("-last_seen_at")[:LISTED_MAX])


def open_discrepancies() -> int:
    return Discrepancy.objects.filter(settled_at=None).count()


def others(*, now: datetime) -> list[Last]:
    """Return when the other comparisons ran last; one statement each, by their index."""
    return [
        Last(
            title,
            PeriodicRun.objects.filter(task=task, started_at__gt=now - HISTORY)
            .order_by("-started_at")
            .values_list("started_at", flat=True)
            .first(),
        )
        for task, title in OTHERS
    ]
