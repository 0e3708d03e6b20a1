"""Events of payment providers: stored once they are verified, processed by the worker.

An event is a hint. What happened is fetched from the provider, outside any transaction, and
applied keyed by its business object; so events may come twice and in any order.
"""

import logging
from collections.abc import Iterable
from datetime import datetime

from django.db.models import F, Q, QuerySet

from billing.events import SubscriptionChanged
from billing.handlers import acting
from billing.handlers.acting import Mismatch
from billing.models import PaymentEvent
from billing.providers import registry
from billing.providers.answers import SignedEvent
from billing.providers.base import PaymentProvider
from billing.subscriptions import overage_items, whole_periods
from billing.subscriptions.transitions import Outdated, generation_of
from servicebilling.lib import retrying

State = PaymentEvent.State

# Nothing is left to be done for an event in one of these.
DONE = frozenset({State.PROCESSED, State.IGNORED})

# Snapshots that overtake each other settle within a few fetches.
FETCHES_MAX = 5

log = logging.getLogger(__name__)


def receive(event: SignedEvent, *, provider: str, now: datetime) -> int | None:
    """Store a verified event; returns its row's id, or None if it was stored before."""
    row, is_new = PaymentEvent.objects.get_or_create(
        provider=provider,
        external_id=event.id,
        defaults={
            "kind": event.type[:60],
            "body": event.body,
            "state": State.RECEIVED,
            "api_version": event.api_version,
            "received_at": now,
            "next_attempt_at": now,
        },
    )
    return row.pk if is_new else None


def process(event_id: int, *, now: datetime) -> str:
    """Process one stored event, if nobody else does; returns its new state or `busy`.

    An error stays with the row, to be tried again with back-off and parked after ten.
    """
    if not _claim(event_id, now):
        return "busy"
    row = PaymentEvent.objects.get(pk=event_id)
    try:
        return _process(row, now)
    except Mismatch as error:
        log.error("payment event %s was quarantined: %s", row.external_id, error)
        return _close(row, State.QUARANTINED, now, note=str(error))
    except Exception as error:
        log.exception("payment event %s could not be processed", row.external_id)
        return _note_failure(row, error, now)


def due(*, now: datetime, limit: int = 200) -> list[int]:
    """Return the events whose time has come, longest waiting first."""
    waiting = PaymentEvent.objects.filter(state=State.RECEIVED, next_attempt_at__lte=now)
    return list(waiting.order_by("next_attempt_at").values_list("id", flat=True)[:limit])


def selected(
    *, ids: Iterable[int] = (), since: datetime | None = None, is_failed: bool = False
) -> QuerySet[PaymentEvent]:
    """Return stored events by number, by time, or because they failed; oldest first. Those
    whose text is forgotten are never among them.

    Failed: parked, quarantined, or waiting after an error.
    """
    found = PaymentEvent.objects.filter(redacted_at=None).order_by("id")
    if ids:
        found = found.filter(pk__in=list(ids))
    if since:
        found = found.filter(received_at__gte=since)
    if is_failed:
        waits_after_error = Q(state=State.RECEIVED) & ~Q(error="")
        gave_up = Q(state__in=[State.PARKED, State.QUARANTINED])
        found = found.filter(gave_up | waits_after_error)
    return found


def replay(event_ids: Iterable[int], *, now: datetime) -> dict[str, int]:
    """Process stored events again, whatever became of them; counts by outcome. What was
    fulfilled is not fulfilled twice."""
    counts: dict[str, int] = {}
    for event_id in event_ids:
        PaymentEvent.objects.filter(pk=event_id, redacted_at=None).update(
            state=State.RECEIVED, next_attempt_at=now, attempts=0
        )
        outcome = process(event_id, now=now)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def queue_again(event_ids: Iterable[int], *, now: datetime) -> list[int]:
    """Let the worker process stored events again, whatever became of them; returns those
    that there are. What was fulfilled is not fulfilled twice."""
    found = PaymentEvent.objects.filter(pk__in=list(event_ids))
    ids = list(found.order_by("pk").values_list("pk", flat=True))
    found.update(state=State.RECEIVED, next_attempt_at=now, attempts=0)
    return ids


def _claim(event_id: int, now: datetime) -> bool:
    """Take an event for a while. The attempt counts from here: one that kills its worker
    must not come back for ever."""
    claimed = PaymentEvent.objects.filter(
        pk=event_id, state=State.RECEIVED, next_attempt_at__lte=now
    ).update(next_attempt_at=now + retrying.LEASE, attempts=F("attempts") + 1)
    return claimed == 1


def _process(row: PaymentEvent, now: datetime) -> str:
    provider: PaymentProvider = registry.get(row.provider)
    for _ in range(FETCHES_MAX):
        subject = provider.subject(row.kind, row.body)
        generation = generation_of(row.provider, subject) if subject else 0
        fetched = provider.fetch(row.kind, row.body)
        try:
            organization, note = acting.act(
                fetched, provider=row.provider, generation=generation, now=now
            )
        except Outdated:
            continue
        for fact in fetched.facts:
            if isinstance(fact, SubscriptionChanged):
                overage_items.ensure(provider, fact.subscription_id)
                whole_periods.ensure(provider, fact.subscription_id)
        row.organization = organization
        state = State.PROCESSED if fetched.facts else State.IGNORED
        return _close(row, state, now, note=note)
    raise Outdated


def _close(row: PaymentEvent, state: str, now: datetime, *, note: str) -> str:
    row.state, row.error, row.processed_at = state, note, now
    row.next_attempt_at = None
    row.save(
        update_fields=["state", "error", "processed_at", "next_attempt_at", "organization"]
    )
    return state


def _note_failure(row: PaymentEvent, error: Exception, now: datetime) -> str:
    wait = retrying.wait_after(row.attempts)
    row.error = retrying.told(error)
    row.state = State.PARKED if wait is None else State.RECEIVED
    row.next_attempt_at = None if wait is None else now + wait
    row.save(update_fields=["error", "state", "next_attempt_at"])
    return row.state
