"""The calls of a simulation: how each goes, and in what order its messages come.

Messages come as a telephony provider's do on a bad day: some twice, some out of order.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from random import Random
from uuid import uuid4

from metering.simulation import messages, talk
from metering.simulation.messages import Call, Json, Line
from metering.simulation.talk import Talk

RINGS = timedelta(seconds=2)
DOUBLED = 0.12
REORDERED = 0.12
UNANSWERED = 0.08
# Kept for fiction: nobody has them.
CALLERS = "+120255501"


@dataclass(frozen=True, slots=True)
class Story:
    """One inbound call. Doubled: its question and its report come twice."""

    call_id: str
    line: Line
    customer: str
    talk: Talk
    is_doubled: bool
    is_reordered: bool

    def question(self, now: datetime) -> Json:
        """The request that comes before the call connects."""
        return messages.assistant_request(self._call(now))

    def after_refusal(self, now: datetime) -> list[Json]:
        """What is told of a call that was turned away."""
        return self._told(talk.REFUSED, now, token="")

    def after_admission(self, now: datetime, *, seconds_max: int, token: str) -> list[Json]:
        """What is told of a call that was let through, which has just ended."""
        return self._told(self.talk.capped(seconds_max), now, token=token)

    def _told(self, told: Talk, now: datetime, *, token: str) -> list[Json]:
        lasted = timedelta(milliseconds=told.milliseconds or 0)
        started_at = now - lasted
        call = replace(self._call(started_at - RINGS), token=token)
        report = messages.end_of_call_report(call, told, started_at=started_at)
        ended = messages.status_update(
            call, status="ended", at=now, reason=told.ended_reason
        )
        if not told.is_answered:
            return [ended, report]
        running = messages.status_update(call, status="in-progress", at=started_at)
        order = [report, running, ended] if self.is_reordered else [running, ended, report]
        return [*order, report] if self.is_doubled else order

    def _call(self, created_at: datetime) -> Call:
        return Call(self.call_id, "inbound", self.line, self.customer, created_at)


def draw(rng: Random, *, count: int, lines: Sequence[Line]) -> list[Story]:
    """Return that many calls to these lines; never one that was drawn before."""
    return [_story(rng, lines) for _ in range(count)]


def _story(rng: Random, lines: Sequence[Line]) -> Story:
    is_unanswered = rng.random() < UNANSWERED
    return Story(
        call_id=str(uuid4()),
        line=rng.choice(lines),
        customer=f"{CALLERS}{rng.randrange(100):02}",
        talk=talk.unanswered(rng, direction="inbound")
        if is_unanswered
        else talk.answered(rng),
        is_doubled=rng.random() < DOUBLED,
        is_reordered=rng.random() < REORDERED,
    )
