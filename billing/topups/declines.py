"""Declined automatic top-ups: counted, and after too many nothing more is charged."""

from datetime import datetime, timedelta

from accounts import audit
from billing.models import AutoTopUp, AutoTopUpPause, TopUp
from metering.balances import top_ups_due

DECLINES_MAX = 3
# Banks dislike being asked again at once; each decline makes the pause longer.
WAIT_AFTER_DECLINE = timedelta(minutes=30)


def count(top_up: TopUp, *, now: datetime) -> None:
    """Count one, in the transaction that closes the top-up; the third pauses the standing
    order and leaves a row that a letter is made from."""
    order = AutoTopUp.objects.select_for_update().get(
        organization_id=top_up.organization_id
    )
    order.declines_in_a_row += 1
    if order.declines_in_a_row >= DECLINES_MAX and order.paused_at is None:
        order.paused_at = now
        AutoTopUpPause.objects.create(
            organization_id=top_up.organization_id,
            top_up=top_up,
            declines=order.declines_in_a_row,
            card_label=order.card_label,
            created_at=now,
        )
        top_ups_due.watch_no_more(top_up.organization_id)
        audit.record(
            organization=top_up.organization,
            actor="payments",
            action="auto_top_up.paused",
            detail={"declines": order.declines_in_a_row},
            now=now,
        )
    order.save(update_fields=["declines_in_a_row", "paused_at"])


def may_ask_again(order: AutoTopUp, *, now: datetime) -> bool:
    """Return whether the last decline is long enough ago."""
    if not order.declines_in_a_row:
        return True
    wait = WAIT_AFTER_DECLINE * order.declines_in_a_row
    return not TopUp.objects.filter(
        organization_id=order.organization_id,
        is_automatic=True,
        state=TopUp.State.FAILED,
        closed_at__gt=now - wait,
    ).exists()
