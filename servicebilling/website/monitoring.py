"""What the tables say of how the site is doing, for those who watch it.

Every figure is read along an index of the rows that wait, so asking often costs little. All
machines tell the same; watch the greatest of them.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from django.db.models import Count, Min, QuerySet
from redis.exceptions import RedisError

from accounts import periodic_runs
from billing import losses
from billing.models import Discrepancy, Letter, OverageDelivery, PaymentEvent
from metering.models import Hold, InboundMessage, WebhookDelivery
from metering.verification import watching

# The provider is asked about such holds; an hour later nobody has answered.
HOLD_OVERDUE_AFTER = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class Figure:
    """One gauge. Ages are seconds; what has never happened has no figure."""

    name: str
    about: str
    value: float
    labels: dict[str, str] = field(default_factory=dict)


def read(*, now: datetime) -> list[Figure]:
    """Return all figures. Raises `django.db.Error`."""
    return [
        *_inboxes(now),
        *_outboxes(now),
        *_books(now),
        *_clock(now),
        *_holds(now),
        *_losses(),
    ]


def _inboxes(now: datetime) -> Iterator[Figure]:
    for name, model in (("calls", InboundMessage), ("payments", PaymentEvent)):
        labels = {"inbox": name}
        waiting = model.objects.filter(state=model.State.RECEIVED)
        count, age = _waiting(waiting, "received_at", now)
        yield Figure("inbox_waiting", "Messages not processed yet.", count, labels)
        yield Figure(
            "inbox_age_seconds", "Age of the oldest message that waits.", age, labels
        )
        failed = model.objects.filter(
            state__in=[model.State.PARKED, model.State.QUARANTINED]
        )
        yield Figure(
            "inbox_failed",
            "Messages given up, for staff to replay.",
            failed.count(),
            labels,
        )


def _outboxes(now: datetime) -> Iterator[Figure]:
    waiting = WebhookDelivery.State.WAITING
    rows: tuple[tuple[str, QuerySet, str], ...] = (
        ("letters", Letter.objects.filter(state=Letter.State.WAITING), "created_at"),
        (
            "overage",
            OverageDelivery.objects.filter(
                state=OverageDelivery.State.WAITING, next_attempt_at__isnull=False
            ),
            "created_at",
        ),
        # A customer's server may be down for days; late is only what we have not tried.
        ("webhooks", WebhookDelivery.objects.filter(state=waiting), "next_attempt_at"),
    )
    for name, query, since in rows:
        count, age = _waiting(query, since, now)
        labels = {"outbox": name}
        yield Figure("outbox_waiting", "Rows not delivered yet.", count, labels)
        yield Figure(
            "outbox_age_seconds",
            "How long the oldest row has waited; of webhooks, since it was due.",
            age,
            labels,
        )
        if name == "letters":
            yield Figure("letters_waiting", "Letters that no server has taken yet.", count)


def _books(now: datetime) -> Iterator[Figure]:
    if check := watching.last():
        yield Figure(
            "ledger_findings",
            "Rows that differ from the rest of the books, at the last check.",
            check.findings_count,
        )
        yield Figure(
            "ledger_checked_age_seconds",
            "Time since the books were last checked to the end.",
            _seconds(check.started_at, now),
        )
    open_ones = Discrepancy.objects.filter(settled_at=None)
    yield Figure(
        "discrepancies_open",
        "Differences from a payment provider that nobody has settled.",
        open_ones.count(),
    )


def _clock(now: datetime) -> Iterator[Figure]:
    if beat_at := periodic_runs.last_start(periodic_runs.HEARTBEAT):
        yield Figure(
            "heartbeat_age_seconds",
            "Time since a worker last did what beat asks for each minute.",
            _seconds(beat_at, now),
        )


def _holds(now: datetime) -> Iterator[Figure]:
    overdue = Hold.objects.filter(
        state=Hold.State.OPEN, expires_at__lt=now - HOLD_OVERDUE_AFTER
    )
    yield Figure(
        "holds_overdue",
        "Holds whose call should have ended an hour ago, and of which nobody knows.",
        overdue.count(),
    )


def _losses() -> Iterator[Figure]:
    """As beat found them last: finding them takes longer than an answer to a scrape may."""
    try:
        lost = losses.kept()
    except RedisError:
        return
    if lost is None:
        return
    for what in ("organizations", "agents", "calls"):
        yield Figure(
            "losing_money",
            "Who costs more than was paid for them: in 31 days, calls in the last day.",
            getattr(lost, what),
            {"what": what},
        )


def _waiting(rows: QuerySet, since: str, now: datetime) -> tuple[int, float]:
    found = rows.aggregate(count=Count("pk"), oldest=Min(since))
    return found["count"], _seconds(found["oldest"], now)


def _seconds(since: datetime | None, now: datetime) -> float:
    return max(0.0, (now - since).total_seconds()) if since else 0.0
