"""Messages of telephony providers: kept, processed, retried, replayed.

A message that cannot be processed is kept with its error; nothing that was acknowledged is
ever lost. What is kept is an allow-list of fields, so it can be processed again as it is.
"""

import logging
import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta

from django.db import connection, transaction
from django.db.models import F, Q, QuerySet

from metering.calls import batch, journal, placements, statuses, vapi
from metering.models import InboundMessage
from metering.providers.base import CallReport, CallStatus, Message
from metering.providers.vapi import messages
from metering.providers.vapi.messages import Incoming
from servicebilling.lib import retrying
from servicebilling.lib.logs import context

State = InboundMessage.State

UNREADABLE_KEPT = timedelta(days=7)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Replayed:
    """What came of processing a stored message again: an outcome, or `failed`."""

    message_id: int
    outcome: str
    error: str = ""


def take(incoming: Incoming, *, now: datetime) -> str:
    """Store a message and process it; returns what came of it.

    A processing error is stored with the message, to be retried. Raises `django.db.Error`
    if nothing could be stored: then the sender must repeat it.
    """
    kind = incoming.message.kind
    if incoming.problem:
        log.error("a message was quarantined (%s): %s", kind, incoming.problem)
        _keep(incoming.message, State.QUARANTINED, error=incoming.problem)
        return State.QUARANTINED
    if not isinstance(incoming.meaning, CallStatus | CallReport):
        _keep(incoming.message, State.IGNORED)
        return State.IGNORED
    try:
        return process(incoming.meaning, now=now)
    except Exception as error:
        log.exception("a message could not be processed (%s)", kind)
        if not connection.in_atomic_block:
            # A connection that broke is no way to tell whether the database did.
            connection.close_if_unusable_or_obsolete()
        _keep(
            incoming.message,
            State.RECEIVED,
            error=retrying.told(error),
            attempts=1,
            next_attempt_at=now + retrying.BACKOFF_FIRST,
        )
        return State.RECEIVED


def retry_due(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """Process stored messages whose time has come; returns the count of each outcome.

    One that fails waits longer each time and is parked after ten attempts.
    """
    return _counted(_attempt(one, now=now) for one in _claim(now, limit))


def settle_unmatched(*, now: datetime) -> int:
    """Process what nobody owned, after a number or assistant was mapped; returns how many
    found their owner."""
    unmatched = InboundMessage.objects.filter(state=State.UNMATCHED, redacted_at=None)
    # Reports first: what has ended already needs no hold.
    ids = list(unmatched.order_by("kind", "id").values_list("id", flat=True))
    counts = _counted(_attempt(one, now=now) for one in ids)
    return len(ids) - counts.get(State.UNMATCHED, 0) - counts.get("failed", 0)


def selected(
    *,
    ids: Iterable[int] = (),
    since: datetime | None = None,
    states: Iterable[str] = (),
) -> QuerySet[InboundMessage]:
    """The messages to replay: by id, or by time and state; oldest first. Those whose text is
    forgotten are never among them."""
    found = InboundMessage.objects.exclude(kind=messages.UNREADABLE)
    found = found.filter(redacted_at=None)
    if ids:
        found = found.filter(id__in=list(ids))
    if since:
        found = found.filter(received_at__gte=since)
    if states:
        found = found.filter(state__in=list(states))
    return found.order_by("id")


def replay(
    message_ids: Iterable[int], *, now: datetime, dry_run: bool = False
) -> Iterator[Replayed]:
    """Process stored messages again, one by one as the result is read. What was charged is
    not charged twice. A dry run tells the outcomes and keeps nothing."""
    for message_id in message_ids:
        if not dry_run:
            yield _attempt(message_id, now=now)
            continue
        with transaction.atomic():
            replayed = _attempt(message_id, now=now)
            transaction.set_rollback(True)
        yield replayed


def purge(*, now: datetime) -> int:
    """Forget unreadable bodies after a week; returns how many."""
    old = InboundMessage.objects.filter(
        kind=messages.UNREADABLE, received_at__lt=now - UNREADABLE_KEPT
    )
    return old.delete()[0]


def process(meaning: CallStatus | CallReport, *, now: datetime) -> str:
    """Act on what was told of a call; its message is kept in the same transaction.

    Returns the outcome of settling, or of `statuses.apply`. Raises `django.db.Error`.
    """
    placements.recognize(meaning.ref, now=now)
    if isinstance(meaning, CallReport):
        since = time.perf_counter()
        settled = batch.settle_together(meaning, now=now)
        return journal.settled(settled, meaning.ref, since=since).outcome
    return statuses.apply(meaning, now=now)


def _keep(
    message: Message,
    state: str,
    *,
    error: str = "",
    attempts: int = 0,
    next_attempt_at: datetime | None = None,
) -> None:
    """Store a message by itself; the same one again changes nothing."""
    InboundMessage.objects.bulk_create(
        [
            InboundMessage(
                provider=message.provider,
                kind=message.kind,
                external_id=message.external_id,
                body=message.body,
                provider_call_id=message.call_id,
                state=state,
                error=error,
                attempts=attempts,
                next_attempt_at=next_attempt_at,
                received_at=message.received_at,
            )
        ],
        ignore_conflicts=True,
    )


def _claim(now: datetime, limit: int) -> list[int]:
    """Take due messages for a while and count the attempt, so that one that kills its
    worker is parked, too.

    The rows are not kept locked: settling locks allowances first, and a second delivery of
    the same message would wait for us crosswise.
    """
    due = InboundMessage.objects.filter(state=State.RECEIVED, next_attempt_at__lte=now)
    with transaction.atomic():
        locked = due.select_for_update(skip_locked=True).order_by("next_attempt_at")
        ids = list(locked.values_list("id", flat=True)[:limit])
        InboundMessage.objects.filter(id__in=ids).update(
            attempts=F("attempts") + 1, next_attempt_at=now + retrying.LEASE
        )
    return ids


def _attempt(message_id: int, *, now: datetime) -> Replayed:
    """Process a row; an error stays with it."""
    row = InboundMessage.objects.get(pk=message_id)
    with context.also(call_id=row.provider_call_id):
        try:
            with transaction.atomic():
                return Replayed(message_id, _process_row(row, now))
        except Exception as error:
            log.exception("message %s could not be processed", message_id)
            _note_failure(row, error, now)
            return Replayed(message_id, "failed", str(error))


def _process_row(row: InboundMessage, now: datetime) -> str:
    # The row's own name, so that the outcome is written to this row.
    message = Message(
        provider=row.provider,
        kind=row.kind,
        external_id=row.external_id,
        body=row.body,
        received_at=row.received_at,
        call_id=row.provider_call_id,
    )
    incoming = messages.reread(message, vapi.config())
    if incoming.problem:
        _put(row, State.QUARANTINED, error=incoming.problem)
        return State.QUARANTINED
    if not isinstance(incoming.meaning, CallStatus | CallReport):
        _put(row, State.IGNORED)
        return State.IGNORED
    outcome = process(incoming.meaning, now=now)
    InboundMessage.objects.filter(pk=row.pk).update(error="", next_attempt_at=None)
    return outcome


def _put(row: InboundMessage, state: str, *, error: str = "") -> None:
    InboundMessage.objects.filter(pk=row.pk).update(
        state=state, error=error, next_attempt_at=None
    )


def _note_failure(row: InboundMessage, error: Exception, now: datetime) -> None:
    """Wait longer before each attempt; park what failed too often. A message that was
    processed before stays so: what it did is not undone by a failing replay."""
    wait = retrying.wait_after(row.attempts)
    if wait is None:
        log.error("message %s is parked after %s attempts", row.pk, row.attempts)
    InboundMessage.objects.filter(~Q(state=State.PROCESSED), pk=row.pk).update(
        state=State.PARKED if wait is None else State.RECEIVED,
        next_attempt_at=None if wait is None else now + wait,
        error=retrying.told(error),
    )


def _counted(replayed: Iterable[Replayed]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for one in replayed:
        counts[one.outcome] = counts.get(one.outcome, 0) + 1
    return counts
