"""What is known of a row that the meter may or may not have taken, before staff decide."""

from datetime import datetime

from django.db import transaction

from billing.errors import CountedAlready, MayBeCounted
from billing.models import OverageDelivery
from billing.overage import comparing, payers
from billing.overage.comparing import Found
from billing.providers.base import ProviderError

Route, State = OverageDelivery.Route, OverageDelivery.State


def found(row: OverageDelivery, *, now: datetime) -> Found | None:
    """Return what the meter says about a row in doubt; None for one that is in none. Calls
    the provider: never inside a transaction."""
    if row.state != State.UNCERTAIN or row.route != Route.METER:
        return None
    payer = payers.of([row.organization_id]).get(row.organization_id)
    if payer is None or row.occurred_at < payer.since:
        return Found("unclear", "", "Its subscription has ended.")
    if row.next_attempt_at is not None and now < row.next_attempt_at:
        when = f"{row.next_attempt_at:%H:%M}"
        return Found("unclear", "", f"The meter's sum is not complete before {when} UTC.")
    try:
        return comparing.found_at_meter(row, payer)
    except ProviderError as error:
        return Found("unclear", "", str(error))


def demand_absence(row_id: int, *, is_known: bool, now: datetime) -> None:
    """Let go on only what the meter has not counted, or what staff want although it may
    have: `is_known` says that they were told so.

    Raises `CountedAlready` and notes the delivery; raises `MayBeCounted`.
    """
    row = OverageDelivery.objects.get(pk=row_id)
    said = found(row, now=now)
    if said is None or said.verdict == "absent":
        return
    if said.verdict == "taken":
        _note_taken(row_id, now=now)
        raise CountedAlready
    if not is_known:
        raise MayBeCounted


@transaction.atomic
def _note_taken(row_id: int, *, now: datetime) -> None:
    row = OverageDelivery.objects.select_for_update().get(pk=row_id)
    if row.state == State.UNCERTAIN:
        row.note_delivered(now=now)
