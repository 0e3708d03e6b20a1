"""Tells the log and the counters what was decided about a call, and what it cost.

Ids, rules and figures alone: no number, no word of anybody's.
"""

import logging
import time

from metering.calls.gate import Admission
from metering.calls.settle import Settled
from metering.providers.base import CallRef
from servicebilling.lib import metrics
from servicebilling.lib.logs import context, events

log = logging.getLogger(__name__)

# What was charged now; all other outcomes change nothing.
_CHARGED = frozenset({"charged", "superseded"})


def decided(admission: Admission, ref: CallRef, *, since: float) -> Admission:
    """Tell `call_admitted` or `call_refused`; returns the admission. `since` is of
    `time.perf_counter`."""
    context.bind(organization_id=admission.organization_id, call_id=ref.call_id)
    if not admission.admitted:
        metrics.CALLS_REFUSED.labels(admission.rule).inc()
    events.tell(
        log,
        "call_admitted" if admission.admitted else "call_refused",
        rule=admission.rule,
        direction=ref.direction,
        minutes=admission.minutes or None,
        seconds_max=admission.seconds_max or None,
        would_refuse=admission.would_refuse or None,
        is_replay=admission.is_replay or None,
        milliseconds=_milliseconds(since),
    )
    return admission


def answered(*, is_decided: bool, since: float) -> None:
    """Count how long a provider waited for an answer, and those that were no decision."""
    outcome = "decided" if is_decided else "unavailable"
    metrics.ADMISSION_SECONDS.labels(outcome).observe(time.perf_counter() - since)
    if not is_decided:
        metrics.CALLS_REFUSED.labels("unavailable").inc()
        events.tell(
            log, "call_refused", rule="unavailable", milliseconds=_milliseconds(since)
        )


def settled(result: Settled, ref: CallRef, *, since: float) -> Settled:
    """Tell `call_settled`, or `call_not_charged` with the reason; returns the result."""
    metrics.SETTLE_SECONDS.observe(time.perf_counter() - since)
    context.bind(organization_id=result.organization_id, call_id=ref.call_id)
    events.tell(
        log,
        "call_settled" if result.outcome in _CHARGED else "call_not_charged",
        outcome=result.outcome,
        duration_seconds=result.duration_seconds,
        billed_minutes=result.billed_minutes if result.call_id else None,
        price=result.price if result.call_id else None,
        currency=result.currency or None,
        milliseconds=_milliseconds(since),
    )
    return result


def _milliseconds(since: float) -> float:
    return round((time.perf_counter() - since) * 1000, 1)
