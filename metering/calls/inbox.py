"""Messages of telephony providers: kept, processed, retried, replayed.

A message that cannot be processed is kept with its error; nothing that was acknowledged is
ever lost. What is kept is an allow-list of fields, so it can be processed again as it is.
"""

import logging
import traceback
from collections.abc import Iterable
from datetime import datetime, timedelta

from django.db import InterfaceError, OperationalError, transaction
from django.db.models import Q, QuerySet

from metering.calls import batch, statuses, vapi
from metering.models import InboundMessage
from metering.providers.base import CallReport, CallStatus, Message
from metering.providers.vapi import messages
from metering.providers.vapi.messages import Incoming

State = InboundMessage.State

ATTEMPTS_MAX = 10
BACKOFF_FIRST = timedelta(seconds=30)
BACKOFF_MAX = timedelta(hours=2)
LEASE = timedelta(minutes=10)
UNREADABLE_KEPT = timedelta(days=7)
ERROR_LENGTH_MAX = 4000

log = logging.getLogger(__name__)


def take(incoming: Incoming, *, now: datetime) -> str:
    """Store a message and process it; returns what came of it.

    A processing error is stored with the message, to be retried. Raises `OperationalError`
    or `InterfaceError` if nothing could be stored: then the sender must repeat it.
    """
    if incoming.problem:
        log.error("quarantined a %s: %s", incoming.message.kind, incoming.problem)
        keep(incoming.message, State.QUARANTINED, error=incoming.problem)
        return State.QUARANTINED
    if not isinstance(incoming.meaning, CallStatus | CallReport):
        keep(incoming.message, State.IGNORED)
        return State.IGNORED
    try:
        return process(incoming.meaning, now=now)
    except (OperationalError, InterfaceError):
        raise
    except Exception as error:
        log.exception("a %s could not be processed", incoming.message.kind)
        keep(
            incoming.message,
            State.RECEIVED,
            error=_told(error),
            attempts=1,
            next_attempt_at=now + BACKOFF_FIRST,
        )
        return State.RECEIVED


def process(meaning: CallStatus | CallReport, *, now: datetime) -> str:
    """Act on a message; its row is written in the same transaction."""
    if isinstance(meaning, CallReport):
        return batch.settle_together(meaning, now=now).outcome
    return statuses.apply(meaning, now=now)


def keep(
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
                error=error[:ERROR_LENGTH_MAX],
                attempts=attempts,
                next_attempt_at=next_attempt_at,
                received_at=message.received_at,
            )
        ],
        ignore_conflicts=True,
    )


def retry_due(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """Process stored messages whose time has come; parked after ten failures."""
    due = InboundMessage.objects.filter(state=State.RECEIVED, next_attempt_at__lte=now)
    ids = due.order_by("next_attempt_at").values_list("id", flat=True)[:limit]
    return _process_all([one for one in ids if _claim(one, now)], now)


def _claim(message_id: int, now: datetime) -> bool:
    """Take a message for a while. Not by a row lock: settling locks allowances first, and
    a second delivery of the same message would wait for us crosswise."""
    mine = InboundMessage.objects.filter(
        pk=message_id, state=State.RECEIVED, next_attempt_at__lte=now
    ).update(next_attempt_at=now + LEASE)
    return mine == 1


def settle_unmatched(*, now: datetime) -> int:
    """Process what nobody owned, after a number or assistant was mapped; returns how many
    found their owner."""
    unmatched = InboundMessage.objects.filter(state=State.UNMATCHED)
    counts = _process_all(list(unmatched.order_by("id").values_list("id", flat=True)), now)
    return sum(counts.values()) - counts.get("unmatched", 0) - counts.get("failed", 0)


def selected(
    *,
    ids: Iterable[int] = (),
    since: datetime | None = None,
    states: Iterable[str] = (),
) -> QuerySet[InboundMessage]:
    """The messages to replay: by id, or by time and state; oldest first."""
    found = InboundMessage.objects.exclude(kind="unreadable")
    if ids:
        found = found.filter(id__in=list(ids))
    if since:
        found = found.filter(received_at__gte=since)
    if states:
        found = found.filter(state__in=list(states))
    return found.order_by("id")


def replay(message_id: int, *, now: datetime, dry_run: bool = False) -> str:
    """Process one stored message again. What was charged is not charged twice.

    A dry run returns the outcome and keeps nothing.
    """
    with transaction.atomic():
        outcome = _process_row(InboundMessage.objects.get(pk=message_id), now)
        if dry_run:
            transaction.set_rollback(True)
    return outcome


def purge(*, now: datetime) -> int:
    """Forget unreadable bodies after a week; returns how many."""
    old = InboundMessage.objects.filter(
        Q(kind="unreadable") | Q(state=State.QUARANTINED),
        received_at__lt=now - UNREADABLE_KEPT,
    )
    return old.delete()[0]


def _process_all(ids: list[int], now: datetime) -> dict[str, int]:
    counts: dict[str, int] = {}
    for message_id in ids:
        outcome = _process_one(message_id, now)
        counts[outcome] = counts.get(outcome, 0) + 1
    return counts


def _process_one(message_id: int, now: datetime) -> str:
    """Process a row; an error stays with it."""
    try:
        return _process_row(InboundMessage.objects.get(pk=message_id), now)
    except Exception as error:
        log.exception("message %s could not be processed", message_id)
        _note_failure(message_id, error, now)
        return "failed"


def _process_row(row: InboundMessage, now: datetime) -> str:
    incoming = messages.read(row.body.get("message", {}), vapi.config(), now=now)
    meaning = incoming.meaning
    if not isinstance(meaning, CallStatus | CallReport):
        row.state, row.error = State.IGNORED, incoming.problem
        row.save(update_fields=["state", "error"])
        return State.IGNORED
    # The row's own name, so that the outcome is written to this row.
    message = Message(
        provider=row.provider,
        kind=row.kind,
        external_id=row.external_id,
        body=row.body,
        received_at=row.received_at,
        call_id=row.provider_call_id,
    )
    return process(messages.told_by(meaning, message), now=now)


def _note_failure(message_id: int, error: Exception, now: datetime) -> None:
    row = InboundMessage.objects.get(pk=message_id)
    row.attempts += 1
    row.error = _told(error)[:ERROR_LENGTH_MAX]
    if row.attempts >= ATTEMPTS_MAX:
        row.state, row.next_attempt_at = State.PARKED, None
    else:
        wait = min(BACKOFF_FIRST * 2 ** (row.attempts - 1), BACKOFF_MAX)
        row.next_attempt_at = now + wait
    row.save(update_fields=["attempts", "error", "state", "next_attempt_at"])


def _told(error: Exception) -> str:
    return "".join(traceback.format_exception(error))[-ERROR_LENGTH_MAX:]
