"""What the provider's meter has counted, against what it was told."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal
from uuid import UUID

from django.db.models import Sum

from billing import discrepancies, provider_runs
from billing.models import Discrepancy, OverageDelivery, ProviderRun, SubscriptionItem
from billing.models.subscriptions import LIVING
from billing.overage import payers
from billing.overage.payers import Payer
from billing.overage.routes import METER_LAGS, MeterPeriod
from billing.provider_runs import Tally
from billing.providers import registry
from billing.providers.base import ProviderError

Route, State = OverageDelivery.Route, OverageDelivery.State

MINUTE = timedelta(minutes=1)


Verdict = Literal["taken", "absent", "unclear"]


@dataclass(frozen=True, slots=True)
class Found:
    """What the meter says about a row in doubt; `ours` and `theirs` in words."""

    verdict: Verdict
    ours: str
    theirs: str


def resolve_uncertain(*, now: datetime, limit: int = 200) -> dict[str, int]:
    """Ask the provider about rows that may or may not have been taken; counts by outcome:
    `taken`, `resent` (it has none of that minute), `unclear` (left to staff).

    The minute of the call is compared, so the answer is nearly always about one row.
    """
    counts = {"taken": 0, "resent": 0, "unclear": 0}
    rows = OverageDelivery.objects.filter(state=State.UNCERTAIN, route=Route.METER).exclude(
        next_attempt_at__gt=now
    )
    for row in rows.order_by("organization_id", "id")[:limit]:
        payer = payers.of([row.organization_id]).get(row.organization_id)
        if payer is None or row.occurred_at < payer.since:
            # Its subscription has ended: what that one's invoices say decides.
            continue
        try:
            outcome = _resolve(row, payer, now)
        except ProviderError:
            continue
        counts[outcome] += 1
    return counts


def compare_all(*, now: datetime) -> int:
    """Compare each running metered period with the provider's sum; differences become rows
    for staff and go when they are gone. Kept as a run; returns how many differ."""
    items = SubscriptionItem.objects.filter(
        is_metered=True, subscription__status__in=LIVING
    ).select_related("subscription")
    with provider_runs.compared(ProviderRun.Kind.OVERAGE, provider="", now=now) as tally:
        for item in items:
            organization_id = item.subscription.organization_id
            payer = payers.of([organization_id]).get(organization_id)
            if payer is not None and payer.period is not None:
                _compare(organization_id, payer, payer.period, tally, now)
    return tally.found


def found_at_meter(row: OverageDelivery, payer: Payer) -> Found:
    """Return what the meter's sum of a row's minute says about it. Raises `ProviderError`.

    Others of the same minute may be in doubt with it: only a sum that has all of them, or
    none, says something.
    """
    starts_at = row.occurred_at.replace(second=0, microsecond=0)
    theirs = registry.billing_usage(payer.provider).usage_total(
        payer.customer_id, starts_at=starts_at, ends_at=starts_at + MINUTE
    )
    certain = told_minutes(row.organization_id, starts_at, starts_at + MINUTE)
    in_doubt = _sum(row.organization_id, starts_at, starts_at + MINUTE, State.UNCERTAIN)
    ours = f"{certain} minutes delivered, {in_doubt} in doubt"
    if theirs == certain + in_doubt:
        # Doubtful minutes that add up to nothing tell nothing.
        verdict: Verdict = "taken" if in_doubt else "unclear"
    else:
        verdict = "absent" if theirs == certain else "unclear"
    return Found(verdict, ours, f"{theirs} minutes")


def _resolve(row: OverageDelivery, payer: Payer, now: datetime) -> str:
    found = found_at_meter(row, payer)
    if found.verdict == "taken":
        row.note_delivered(now=now)
        return "taken"
    if found.verdict == "unclear":
        discrepancies.open_one(
            kind=Discrepancy.Kind.USAGE_DIFFERS,
            provider=payer.provider,
            subject=row.key,
            organization_id=row.organization_id,
            ours=found.ours,
            theirs=found.theirs,
            now=now,
        )
        return "unclear"
    row.state, row.route = State.WAITING, payer.route(row, now=now)
    row.first_attempt_at, row.next_attempt_at, row.attempts = None, now, 0
    row.save(
        update_fields=["state", "route", "first_attempt_at", "next_attempt_at", "attempts"]
    )
    return "resent"


def _compare(
    organization_id: UUID, payer: Payer, period: MeterPeriod, tally: Tally, now: datetime
) -> None:
    starts_at = period.starts_at.replace(second=0, microsecond=0)
    ends_at = (now - METER_LAGS).replace(second=0, microsecond=0)
    if ends_at <= starts_at:
        return
    ours = told_minutes(organization_id, starts_at, ends_at)
    try:
        theirs = registry.billing_usage(payer.provider).usage_total(
            payer.customer_id, starts_at=starts_at, ends_at=ends_at
        )
    except ProviderError as error:
        tally.error = f"{payer.customer_id} was not compared: {error}"
        return
    tally.looked_at += 1
    which = {
        "kind": Discrepancy.Kind.USAGE_DIFFERS,
        "provider": payer.provider,
        "subject": f"{payer.customer_id} from {starts_at:%Y-%m-%d}",
    }
    before = discrepancies.last_accepted(**which)
    accepted = int(before.apart_by or 0) if before else 0
    if ours - theirs in (0, accepted):
        discrepancies.settle(**which, settlement="gone at the next look", now=now)
        return
    row = discrepancies.open_one(
        **which,
        organization_id=organization_id,
        ours=f"{ours} minutes",
        theirs=f"{theirs} minutes"
        + (f"; {accepted:+d} between them was accepted" if accepted else ""),
        apart_by=ours - theirs,
        now=now,
    )
    tally.note(row.pk)


def told_minutes(organization_id: UUID, starts_at: datetime, ends_at: datetime) -> int:
    """Return the minutes that the meter has certainly taken of a period."""
    return _sum(organization_id, starts_at, ends_at, State.DELIVERED)


def _sum(organization_id: UUID, starts_at: datetime, ends_at: datetime, state: str) -> int:
    rows = OverageDelivery.objects.filter(
        organization_id=organization_id,
        route=Route.METER,
        state=state,
        occurred_at__gte=starts_at,
        occurred_at__lt=ends_at,
    )
    return rows.aggregate(sum=Sum("minutes"))["sum"] or 0
