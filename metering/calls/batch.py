"""Reports that arrive together share a transaction.

The first thread to come leads: it takes whatever has queued up meanwhile and settles it in
one batch. There is no timer, so a lone report is not delayed. Afterwards the first one
still waiting leads in turn.
"""

import threading
from dataclasses import dataclass, field
from datetime import datetime

from django.db import InterfaceError, OperationalError, connection

from metering.calls.settle import Settled, settle
from metering.providers.base import CallReport

BATCH_MAX = 64
# A leader holds the batch no longer than the database's own time-outs allow.
WAIT_SECONDS_MAX = 60


@dataclass(slots=True, eq=False)
class _Waiting:
    report: CallReport
    now: datetime
    wake: threading.Event = field(default_factory=threading.Event)
    leads: bool = False
    settled: Settled | None = None
    error: BaseException | None = None


_lock = threading.Lock()
_queue: list[_Waiting] = []
_is_led = False


def settle_together(report: CallReport, *, now: datetime) -> Settled:
    """Settle a report in a batch with those of other threads; returns after the commit.

    A report that cannot be settled fails alone, with its own exception.
    """
    if connection.in_atomic_block:
        return settle([report], now=now)[0]
    entry = _Waiting(report, now)
    if not _may_lead(entry):
        entry.wake.wait(WAIT_SECONDS_MAX)
        if not entry.leads and entry.settled is None and entry.error is None:
            raise OperationalError("the batch that took this report did not end in time")
    if entry.settled is None and entry.error is None:
        _lead()
    if entry.error is not None:
        raise entry.error
    assert entry.settled is not None  # noqa: S101
    return entry.settled


def _may_lead(entry: _Waiting) -> bool:
    global _is_led
    with _lock:
        _queue.append(entry)
        if _is_led:
            return False
        _is_led = True
        return True


def _lead() -> None:
    with _lock:
        batch = _queue[:BATCH_MAX]
        del _queue[:BATCH_MAX]
    try:
        _settle_all(batch)
    except BaseException as error:
        for entry in batch:
            entry.error = entry.error or error
        raise
    finally:
        _pass_on()
        for entry in batch:
            entry.wake.set()


def _pass_on() -> None:
    global _is_led
    with _lock:
        if _queue:
            _queue[0].leads = True
            _queue[0].wake.set()
        else:
            _is_led = False


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
