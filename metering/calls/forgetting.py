"""Takes the texts out of stored messages once their time is over; the row itself stays, so
that a message that comes once more is still known."""

from datetime import datetime, timedelta

from metering.models import InboundMessage
from servicebilling.lib import forgetting
from servicebilling.lib.forgetting import Progress
from servicebilling.lib.inbox import DONE, UNDONE_KEPT


def redact_messages(
    *, now: datetime, kept: timedelta, dry_run: bool, progress: Progress
) -> int:
    """Empty the bodies of messages that are older than `kept` and done, and of those that
    nobody could use for a quarter of a year; returns how many."""
    whole = InboundMessage.objects.filter(redacted_at=None)
    done = whole.filter(state__in=DONE, received_at__lt=now - kept)
    undone = whole.exclude(state__in=DONE).filter(
        received_at__lt=now - max(kept, UNDONE_KEPT)
    )
    return sum(
        forgetting.in_pieces(
            rows,
            lambda piece: piece.update(body={}, redacted_at=now, next_attempt_at=None),
            dry_run=dry_run,
            progress=progress,
        )
        for rows in (done, undone)
    )
