"""What is forgotten about people, and after how long. Balances and ledgers never change by it.

Retention is the setting `retention_days`. Shortening it takes effect with the next run;
lengthening it brings nothing back.
"""

import logging
from collections.abc import Callable
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta

from django.contrib.sessions.models import Session

from accounts import settings_history
from accounts.models import Invitation
from billing.models import Letter, PaymentEvent
from metering.calls import forgetting as calls
from servicebilling.lib.forgetting import Progress, in_pieces
from servicebilling.lib.inbox import DONE, UNDONE_KEPT
from servicebilling.lib.logs import events

# Longer than anything that must not be written twice is news (a month), and long enough to
# answer "did you tell us?".
LETTERS_KEPT = timedelta(days=180)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Forgotten:
    """How many rows of each kind were emptied or deleted, or would be."""

    call_messages: int
    payment_events: int
    letters: int
    invitations: int
    sessions: int


def forget(
    *,
    now: datetime,
    dry_run: bool = False,
    progress: Callable[[str], Progress] = lambda kind: lambda done: None,
) -> Forgotten:
    """Forget whatever is over its time; `progress(kind)` returns what hears of each piece."""
    days = settings_history.value_at("retention_days", None, now)
    kept = timedelta(days=days)
    forgotten = Forgotten(
        call_messages=calls.redact_messages(
            now=now, kept=kept, dry_run=dry_run, progress=progress("messages about calls")
        ),
        payment_events=_redact_events(now, kept, dry_run, progress("payment events")),
        letters=_delete_letters(now, dry_run, progress("letters")),
        invitations=_delete_invitations(now, kept, dry_run, progress("invitations")),
        sessions=_delete_sessions(now, dry_run, progress("sessions")),
    )
    if not dry_run:
        events.tell(log, "personal_data_purged", **asdict(forgotten))
    return forgotten


def _redact_events(
    now: datetime, kept: timedelta, dry_run: bool, progress: Progress
) -> int:
    whole = PaymentEvent.objects.filter(redacted_at=None)
    done = whole.filter(state__in=DONE, received_at__lt=now - kept)
    undone = whole.exclude(state__in=DONE).filter(
        received_at__lt=now - max(kept, UNDONE_KEPT)
    )
    return sum(
        in_pieces(
            rows,
            lambda piece: piece.update(body={}, redacted_at=now, next_attempt_at=None),
            dry_run=dry_run,
            progress=progress,
        )
        for rows in (done, undone)
    )


def _delete_letters(now: datetime, dry_run: bool, progress: Progress) -> int:
    old = Letter.objects.filter(created_at__lt=now - LETTERS_KEPT).exclude(
        state=Letter.State.WAITING
    )
    return in_pieces(
        old, lambda piece: piece.delete()[0], dry_run=dry_run, progress=progress
    )


def _delete_invitations(
    now: datetime, kept: timedelta, dry_run: bool, progress: Progress
) -> int:
    """Of people who never came: an address that nobody has a reason to keep."""
    old = Invitation.objects.filter(accepted_at=None, expires_at__lt=now - kept)
    return in_pieces(
        old, lambda piece: piece.delete()[0], dry_run=dry_run, progress=progress
    )


def _delete_sessions(now: datetime, dry_run: bool, progress: Progress) -> int:
    over = Session.objects.filter(expire_date__lt=now)
    return in_pieces(
        over, lambda piece: piece.delete()[0], dry_run=dry_run, progress=progress
    )
