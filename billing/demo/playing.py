"""Lets planned calls happen, one after another, at the times when they would have.

Each asks the gate and ends with a report, read from a message in the provider's own shape.
Reports that come soon after one another are settled in one batch, as in a busy hour.
"""

import heapq
import json
from datetime import UTC, datetime, timedelta
from itertools import count

from billing.demo.traffic import Planned
from metering.calls import gate, statuses, sweep, vapi
from metering.calls.settle import settle
from metering.providers.base import CallRef, CallReport, CallRequest, CallStatus
from metering.providers.vapi import messages as vapi_messages
from metering.simulation import messages, talk
from metering.simulation.messages import Json

BATCH_MAX = 64
# No report waits longer for others.
TOGETHER_WITHIN = timedelta(hours=3)


class Player:
    """The calls that are under way at one moment of the demo's past."""

    def __init__(self) -> None:
        self.config = vapi.config()
        self.calls = 0
        self._due: list[tuple[datetime, int, CallReport]] = []
        self._order = count()

    def ring(self, planned: Planned) -> None:
        """Let a call ask, be answered or refused, and end; its report comes later."""
        now = planned.at
        self.settle_due(now)
        self.calls += 1
        told = planned.talk
        if not planned.is_unadmitted:
            admission = gate.admit(self._request(planned), now=now)
            told = (
                told.capped(admission.seconds_max) if admission.admitted else talk.REFUSED
            )
        self._await_report(
            messages.end_of_call_report(planned.call, told, started_at=now + planned.rings)
        )

    def ring_and_run(self, planned: Planned) -> bool:
        """Let a call ask and be answered, and leave it running; False: it was refused."""
        self.settle_due(planned.at)
        self.calls += 1
        if not gate.admit(self._request(planned), now=planned.at).admitted:
            return False
        started_at = planned.at + planned.rings
        status = self._read(
            messages.status_update(planned.call, status="in-progress", at=started_at),
            now=started_at,
        )
        if not isinstance(status, CallStatus):
            raise TypeError("a status update was not understood")
        statuses.apply(status, now=started_at)
        return True

    def give_up_lost_reports(self, now: datetime) -> None:
        """Estimate calls whose report never came, as the clock does it."""
        self.settle_due(now)
        sweep.run(now=now)

    def settle_due(self, now: datetime) -> None:
        """Settle what has come, if there is enough of it or the first has waited."""
        if self._due and self._due[0][0] + TOGETHER_WITHIN <= now:
            self.settle_all(now)

    def settle_all(self, now: datetime) -> None:
        """Settle every report that has come by now."""
        while self._due and self._due[0][0] <= now:
            batch: list[tuple[datetime, int, CallReport]] = []
            while self._due and self._due[0][0] <= now and len(batch) < BATCH_MAX:
                batch.append(heapq.heappop(self._due))
            settle([report for _, _, report in batch], now=batch[-1][0])

    def _request(self, planned: Planned) -> CallRequest:
        call = planned.call
        line, is_outbound = call.line, call.direction == "outbound"
        ref = CallRef(
            provider=vapi_messages.PROVIDER,
            call_id=call.id,
            number_id=line.number_id,
            assistant_id="" if call.direction == "inbound" else line.assistant_id,
            direction=call.direction,
            call_from=line.number if is_outbound else call.customer,
            call_to=call.customer if is_outbound else line.number,
        )
        return CallRequest(ref, planned.at)

    def _await_report(self, message: Json) -> None:
        came_at = datetime.fromtimestamp(message["message"]["timestamp"] / 1000, UTC)
        report = self._read(message, now=came_at)
        if not isinstance(report, CallReport):
            raise TypeError("a report was not understood")
        heapq.heappush(self._due, (came_at, next(self._order), report))

    def _read(self, message: Json, *, now: datetime) -> vapi_messages.Meaning | None:
        body = json.dumps(message).encode()
        return vapi_messages.parse(body, self.config, now=now).meaning
