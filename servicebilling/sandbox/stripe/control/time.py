"""The main clock: read it, move it, stop it, let it run."""

from servicebilling.sandbox.stripe import clock, deliveries, events, idempotency, periods
from servicebilling.sandbox.stripe.box import Box, Row, refused
from servicebilling.sandbox.stripe.control.routes import does
from servicebilling.sandbox.stripe.parameters import MOMENT, Choice, Flag, Hash, Whole

WAIT_SECONDS_MAX = 60
MOVE = Hash(
    days=Whole(least=0),
    frozen=Flag(),
    hours=Whole(least=0),
    months=Whole(least=0),
    seconds=Whole(least=0),
    to=MOMENT,
    # Wait for the webhooks: at the end, or after each moment at which something falls due,
    # so that whoever listens sees things when they happen.
    wait=Choice("each", "end", "no"),
)


@does("GET", "clock")
def show(box: Box, params: Row) -> Row:
    return {"now": box.now(), "frozen_at": box.frozen_at, "next_due": clock.next_due(box)}


@does("POST", "clock", MOVE, is_locked=False)
def move(box: Box, params: Row) -> Row:
    """Move forward and do what falls due on the way."""
    with box.lock:
        to = _target(box, params)
    wait = params.get("wait", "end")
    count = 0
    is_settled = True
    while wait == "each":
        with box.lock:
            due = clock.next_due(box)
            if due is None or due > to:
                break
            count += clock.advance(box, max(due, box.now()))
        box.changed()
        is_settled &= deliveries.settle(box, seconds_max=WAIT_SECONDS_MAX)
    with box.lock:
        count += clock.advance(box, to)
        if "frozen" in params:
            _freeze(box, params["frozen"])
        events.forget_old(box)
        idempotency.forget_old(box)
    box.changed()
    if wait == "end":
        is_settled = deliveries.settle(box, seconds_max=WAIT_SECONDS_MAX)
    return {"now": box.now(), "jobs": count, "webhooks_taken": is_settled}


def _target(box: Box, params: Row) -> int:
    now = box.now()
    if "to" in params:
        to: int = params["to"]
    else:
        to = periods.step(now, interval="month", count=params.get("months", 0))
        to += params.get("days", 0) * 86_400
        to += params.get("hours", 0) * 3600 + params.get("seconds", 0)
    if to < now:
        raise refused("The clock only moves forward; a reset can set it back.", param="to")
    return to


def _freeze(box: Box, is_frozen: bool) -> None:
    now = box.now()
    box.frozen_at = now if is_frozen else None
    if not is_frozen:
        box.ahead_seconds += now - box.now()
