"""Finds what metering has charged beyond plans and nobody was told of yet."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

from django.db.models import Max, Sum

from billing.models import OverageDelivery
from billing.overage import payers
from metering.models import BillingCycle, OverageCharge, UsageCharge
from servicebilling.lib import money

Route, State = OverageDelivery.Route, OverageDelivery.State

# Rows are numbered before they are committed, so a lower one may still appear for a while.
COMMITTED_AFTER = timedelta(hours=1)
# Changes of closed months are followed for as long as reports can come late.
MONTHS_FOLLOWED = timedelta(days=70)


def collect(*, now: datetime, limit: int = 1000) -> int:
    """Put new overage into the outbox; returns how many rows. Each charge has one row, for
    ever under the same key."""
    charges = list(
        OverageCharge.objects.filter(id__gt=_collected_up_to(now), delivery=None)
        .select_related("organization")
        .order_by("id")[:limit]
    )
    made = OverageDelivery.objects.bulk_create(
        [_of_charge(charge, now) for charge in charges], ignore_conflicts=True
    )
    route_waiting(now=now)
    return len(made)


def collect_meters(*, now: datetime) -> int:
    """Put what other meters charged in closed months into the outbox: a row per month and
    meter, and one for the difference if the month changes later. Returns how many."""
    sums = (
        UsageCharge.objects.filter(
            cycle__state=BillingCycle.State.CLOSED,
            cycle__ends_at__gt=now - MONTHS_FOLLOWED,
        )
        .values("organization_id", "cycle_id", "cycle__ends_at", "meter", "currency")
        .annotate(total=Sum("amount"))
        .order_by("cycle_id", "meter")
    )
    made = 0
    for row in sums:
        told = OverageDelivery.objects.filter(
            cycle_id=row["cycle_id"], meter=row["meter"]
        ).aggregate(sum=Sum("amount"), last=Max("sequence"))
        missing = money.rounded(row["total"], row["currency"]) - (told["sum"] or Decimal(0))
        if missing:
            number = 0 if told["last"] is None else told["last"] + 1
            made += _add_meter(row, missing, number, now)
    if made:
        route_waiting(now=now)
    return made


def route_waiting(*, now: datetime) -> int:
    """Send on what nobody could bill, where somebody can now; returns how many."""
    waiting = OverageDelivery.objects.filter(route=Route.NONE, state=State.WAITING)
    rows = list(waiting.select_related("organization").order_by("id")[:1000])
    found = payers.of({row.organization_id for row in rows})
    routed = [row for row in rows if row.organization_id in found]
    for row in routed:
        payer = found[row.organization_id]
        row.provider = payer.provider
        row.route = payer.route(row, now=now)
        row.next_attempt_at = now
    OverageDelivery.objects.bulk_update(routed, ["provider", "route", "next_attempt_at"])
    return len(routed)


def _collected_up_to(now: datetime) -> int:
    """Return the charge below which every one has its row."""
    settled = OverageDelivery.objects.filter(
        charge__isnull=False, created_at__lte=now - COMMITTED_AFTER
    )
    return settled.aggregate(last=Max("charge_id"))["last"] or 0


def _of_charge(charge: OverageCharge, now: datetime) -> OverageDelivery:
    whose = charge.call_id or charge.organization_id
    return OverageDelivery(
        key=f"overage:{whose}:{charge.pk}",
        organization=charge.organization,
        cycle_id=charge.cycle_id,
        charge=charge,
        minutes=charge.minutes,
        amount=charge.amount,
        currency=charge.currency,
        occurred_at=charge.occurred_at,
        created_at=now,
    )


def _add_meter(row: Any, amount: Decimal, number: int, now: datetime) -> int:
    _, is_new = OverageDelivery.objects.get_or_create(
        cycle_id=row["cycle_id"],
        meter=row["meter"],
        sequence=number,
        charge=None,
        defaults={
            "key": f"usage:{row['cycle_id']}:{row['meter']}:{number}",
            "organization_id": row["organization_id"],
            "amount": amount,
            "currency": row["currency"],
            "occurred_at": row["cycle__ends_at"],
            "created_at": now,
        },
    )
    return int(is_new)
