"""Usage that a provider took and threw away, or never will take."""

from datetime import datetime

from django.db import transaction

from billing import discrepancies
from billing.events import UsageRefused
from billing.models import Discrepancy, OverageDelivery

Route, State = OverageDelivery.Route, OverageDelivery.State


@transaction.atomic
def mark(fact: UsageRefused, *, now: datetime) -> int:
    """Mark reports as refused, with a difference for staff each; returns how many were not
    marked before. One that has gone another way since is left alone."""
    rows = OverageDelivery.objects.select_for_update().filter(
        key__in=fact.keys, provider=fact.provider, route=Route.METER
    )
    fresh = [row for row in rows if row.state != State.REFUSED]
    for row in fresh:
        row.state, row.next_attempt_at = State.REFUSED, None
        row.error = fact.reason
        row.save(update_fields=["state", "next_attempt_at", "error"])
        discrepancies.open_one(
            kind=Discrepancy.Kind.USAGE_REFUSED,
            provider=fact.provider,
            subject=row.key,
            organization_id=row.organization_id,
            ours=f"{row.minutes} minutes",
            theirs=fact.reason,
            now=now,
        )
    return len(fresh)


@transaction.atomic
def put_on_invoice(row_id: int, *, now: datetime) -> bool:
    """Let refused minutes go on the next invoice instead: the meter would take their key for
    known and count nothing. False if the row is not refused."""
    row = OverageDelivery.objects.select_for_update().get(pk=row_id)
    if row.state != State.REFUSED:
        return False
    become_item(row, now=now)
    discrepancies.settle(
        kind=Discrepancy.Kind.USAGE_REFUSED,
        provider=row.provider,
        subject=row.key,
        settlement="put on the next invoice",
        now=now,
    )
    return True


def become_item(row: OverageDelivery, *, now: datetime) -> None:
    """Let a locked row wait for the next invoice, as if nothing had been tried."""
    row.route, row.state, row.next_attempt_at = Route.ITEM, State.WAITING, now
    row.attempts, row.first_attempt_at = 0, None
    row.save(
        update_fields=["route", "state", "next_attempt_at", "attempts", "first_attempt_at"]
    )
