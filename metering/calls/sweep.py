"""Holds whose report never came: no lost report may lock minutes for ever.

A missing report is unknown, never zero. If the call was seen running, what is known of it
is charged as an estimate, which a late report supersedes; else the hold is let go.
"""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta

from metering.calls import releasing
from metering.calls.settle import settle
from metering.models import Hold
from metering.providers.base import CallRef, CallReport

# Since the end of the cap: 15 minutes until a hold expires, and then silence.
SILENCE = timedelta(minutes=45)

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    estimated: int = 0
    released: int = 0
    # Its report came after all, or had come before the hold.
    settled: int = 0
    failed: int = 0


def run(*, now: datetime, limit: int = 500) -> Swept:
    """Estimate or release holds that have been silent for an hour past their cap.

    One that cannot be closed is logged and does not keep the others waiting.
    """
    due = Hold.objects.filter(
        state=Hold.State.OPEN, kind=Hold.Kind.CALL, expires_at__lte=now - SILENCE
    ).order_by("expires_at")[:limit]
    counts = {"estimated": 0, "released": 0, "settled": 0, "failed": 0}
    for hold in due:
        try:
            counts[_close(hold, now)] += 1
        except Exception:
            log.exception("hold %s could not be closed", hold.id)
            counts["failed"] += 1
    return Swept(**counts)


def _close(hold: Hold, now: datetime) -> str:
    if hold.in_progress_at is None:
        state = releasing.release(hold, flag="no_report", now=now)
        return "released" if state == Hold.State.RELEASED else "settled"
    (settled,) = settle([_estimate(hold, hold.in_progress_at)], now=now)
    return "settled" if settled.outcome == "already" else "estimated"


def _estimate(hold: Hold, started_at: datetime) -> CallReport:
    """The longest that the call can have lasted by all we know: until the end that was
    reported, else until its cap."""
    call = releasing.call_of(hold)
    cap_at = started_at + timedelta(seconds=hold.seconds_max)
    ended_at = max(started_at, min(call.ended_at or cap_at, cap_at))
    lasted = ended_at - started_at
    return CallReport(
        ref=CallRef(
            provider=call.provider,
            call_id=call.provider_call_id,
            trusted_organization_id=hold.organization_id,
            direction=call.direction,
            call_from=call.call_from,
            call_to=call.call_to,
        ),
        at=ended_at,
        started_at=started_at,
        ended_at=ended_at,
        duration_seconds=lasted.days * 86400 + lasted.seconds + bool(lasted.microseconds),
        ended_reason=call.ended_reason,
        is_estimate=True,
    )
