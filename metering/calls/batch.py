"""Reports that arrive together share a transaction.

The first thread to come leads: it takes whatever has queued up meanwhile and settles it in
one batch. There is no timer, so a lone report is not delayed. Whoever stops leading, for
whatever reason, hands over to one that still waits: exactly one leads while any wait.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from metering.calls.settle import Settled, settle
from metering.providers.base import CallReport
from servicebilling.lib import deadline

BATCH_MAX = 64
# A leader holds the batch no longer than the database's own time-outs allow.
WAIT_SECONDS_MAX = 60.0


@dataclass(slots=True, eq=False)
class _Waiting:
    report: CallReport
    now: datetime
    wake: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    settled: Settled | None = None
    error: Exception | None = None


_lock = threading.Lock()
_queue: list[_Waiting] = []
_is_led = False


def settle_together(report: CallReport, *, now: datetime) -> Settled:
    """Settle a report in a batch with those of other threads; returns after the commit.

    A report that cannot be settled fails alone, with its own exception. Raises
    `OperationalError` if the database, or the batch, did not end in time: whether the report
    was charged is unknown then, and sending it again is safe.
    """
    if connection.in_atomic_block:
        return settle([report], now=now)[0]
    entry = _Waiting(report, now)
    try:
        if not _may_lead(entry):
            entry.wake.wait(_patience())
        if entry.leads:
            _lead()
    finally:
        _leave(entry)
    if entry.error is not None:
        raise entry.error
    if entry.settled is None:
        raise OperationalError("the batch that took this report did not end in time")
    return entry.settled


def _patience() -> float:
    remaining = deadline.remaining_seconds()
    return WAIT_SECONDS_MAX if remaining is None else min(remaining, WAIT_SECONDS_MAX)


def _may_lead(entry: _Waiting) -> bool:
    global _is_led
    with _lock:
        _queue.append(entry)
        if not _is_led:
            _is_led = entry.leads = True
        return entry.leads


def _leave(entry: _Waiting) -> None:
    """Forget one that will not wait any longer; a leader hands over.

    The next leader is the newest of the next batch: its deadline, which the whole batch
    shares, is the last to come.
    """
    global _is_led
    with _lock:
        if entry in _queue:
            _queue.remove(entry)
        if not entry.leads:
            return
        entry.leads = False
        _is_led = bool(_queue)
        if _queue:
            following = _queue[:BATCH_MAX][-1]
            following.leads = True
            following.wake.set()


def _lead() -> None:
    with _lock:
        batch = _queue[:BATCH_MAX]
        del _queue[:BATCH_MAX]
    try:
        _settle_all(batch)
    except BaseException:
        # Such as the end of the process: others must not die of it, only send again.
        for entry in batch:
            if entry.settled is None and entry.error is None:
                entry.error = OperationalError(
                    "the batch that took this report was cut off"
                )
        raise
    finally:
        for entry in batch:
            entry.wake.set()


def _settle_all(batch: list[_Waiting]) -> None:
    now = max(entry.now for entry in batch)
    try:
        results = settle([entry.report for entry in batch], now=now)
    except Exception as error:
        if len(batch) == 1 or isinstance(error, OperationalError | InterfaceError):
            for entry in batch:
                entry.error = error
            return
        for entry in batch:
            _settle_all([entry])
        return
    for entry, result in zip(batch, results, strict=True):
        entry.settled = result
