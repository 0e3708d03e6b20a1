"""Letting go of what is held for a call that never came about."""

from datetime import datetime

from metering.balances import book_rows, ledger
from metering.models import Call, Hold


def release(hold: Hold, *, flag: str, now: datetime) -> str:
    """Let the minutes go and mark the call as failed; returns the state the hold is in.

    A call that was seen running, or is settled, is not touched: its hold stays open, or is
    settled. Locks the organization's allowance.
    """
    with ledger.opened([hold.organization_id], now=now, cycles=[hold.cycle_id]) as books:
        hold.refresh_from_db()
        if hold.state != Hold.State.OPEN or hold.in_progress_at is not None:
            return hold.state
        call = call_of(hold)
        state = Hold.State.SETTLED if call.revision else Hold.State.RELEASED
        held = book_rows.held_call(_row(hold))
        books[hold.organization_id].close_hold(held, state=state, now=now)
        if call.status == Call.Status.ACTIVE:
            call.status, call.flags = Call.Status.FAILED, [*call.flags, flag]
            call.save(update_fields=["status", "flags"])
    return str(state)


def call_of(hold: Hold) -> Call:
    """The call that a hold was granted for."""
    provider, call_id = hold.reference.split(":", 1)
    return Call.objects.get(
        provider=provider, provider_call_id=call_id, organization_id=hold.organization_id
    )


def _row(hold: Hold) -> book_rows.Json:
    return {
        "id": str(hold.id),
        "minutes": hold.minutes,
        "seconds_max": hold.seconds_max,
        "card_id": str(hold.rate_card_id),
        "cycle_id": str(hold.cycle_id),
        "state": hold.state,
    }
