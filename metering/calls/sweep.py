"""Holds whose report never came: no lost report may lock minutes for ever.

A missing report is unknown, never zero: the provider is asked, outside of any transaction,
and its answer is settled like a report. If it has none and the call was seen running, what
is known of it is charged as an estimate, which a late report supersedes; else the hold is
let go.
"""

import logging
import time
from dataclasses import dataclass
from datetime import datetime, timedelta

from metering.calls import asking, journal, placements, releasing, vapi
from metering.calls.settle import settle
from metering.errors import ProviderNotSetUp
from metering.models import Hold, Placement
from metering.providers.base import CallRef, CallReport, ProviderError
from servicebilling.lib.logs import context

# Since the end of the cap: 15 minutes until a hold expires, and then silence.
SILENCE = timedelta(minutes=45)
# Asked in one run; a provider that does not answer is not asked for the others.
ASKED_MAX = 50

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Swept:
    estimated: int = 0
    released: int = 0
    # Its report came after all, had come before the hold, or the provider told the end.
    settled: int = 0
    failed: int = 0


def run(*, now: datetime, limit: int = 500) -> Swept:
    """Ask the provider about holds whose call should be over, and settle by its answer.

    Where it does not know the call, or an hour has passed since the cap in silence, the call
    is estimated if it was seen running, else let go. One hold that cannot be closed is logged
    and does not keep the others waiting.
    """
    due = Hold.objects.filter(
        state=Hold.State.OPEN, kind=Hold.Kind.CALL, expires_at__lte=now
    )
    counts = {"estimated": 0, "released": 0, "settled": 0, "failed": 0}
    provider = _Provider(now)
    for hold in due.select_related("placement").order_by("expires_at")[:limit]:
        outcome = _sweep(hold, provider, now)
        if outcome in counts:
            counts[outcome] += 1
    return Swept(**counts)


def _sweep(hold: Hold, provider: "_Provider", now: datetime) -> str:
    is_silent = hold.expires_at <= now - SILENCE
    call_id = hold.reference.partition(":")[2]
    with context.also(organization_id=hold.organization_id, call_id=call_id):
        try:
            outcome = provider.settle(hold)
            if outcome == "unknown" or (outcome == "open" and is_silent):
                hold.refresh_from_db()
                outcome = _close(hold, now)
        except Exception:
            log.exception("hold %s could not be closed", hold.id)
            return "failed"
    return outcome


class _Provider:
    """Asks about one hold after the other, as long as there is an answer."""

    def __init__(self, now: datetime) -> None:
        self.now = now
        self.asks_left = ASKED_MAX

    def settle(self, hold: Hold) -> str:
        """Return `settled` if the provider told how it ended, `unknown` if it knows no such
        call, `open` if nothing more is known."""
        if self.asks_left <= 0 or not asking.is_possible(hold):
            # Calls of other backends cannot be asked about: they report or stay silent.
            return "open"
        self.asks_left -= 1
        try:
            told = asking.about(hold, now=self.now)
        except ProviderNotSetUp:
            self.asks_left = 0
            return "open"
        except ProviderError as error:
            log.warning("the provider was asked about %s in vain: %s", hold.id, error)
            self.asks_left = 0
            return "open"
        if told is None:
            is_invented = vapi.is_stand_in() and getattr(hold, "placement", None) is None
            return "open" if is_invented else "unknown"
        asking.act_on(told, now=self.now)
        return "settled" if told.report is not None else "open"


def _close(hold: Hold, now: datetime) -> str:
    """By what we know: nobody tells us more."""
    placement = getattr(hold, "placement", None)
    if placement is not None and placement.state == Placement.State.PLACING:
        placements.fail(placement, error="nothing was ever heard of it", now=now)
        return "released"
    if hold.in_progress_at is None:
        state = releasing.release(hold, flag="no_report", now=now)
        return "released" if state == Hold.State.RELEASED else "settled"
    since, estimate = time.perf_counter(), _estimate(hold, hold.in_progress_at)
    (settled,) = settle([estimate], now=now)
    journal.settled(settled, estimate.ref, since=since)
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
