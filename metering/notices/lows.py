"""Who runs low now: all organizations, a page at a time, whatever crossed a threshold when."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Case, Value, When

from accounts import settings_history
from accounts.models import Organization
from metering.balances import running_charges
from metering.balances.models import Allowance, WhenExhausted
from metering.notices import levels, refills, thresholds
from metering.notices.levels import Crossing, Level, reached
from metering.notices.refills import Refills

PAGE_SIZE = 500


@dataclass(frozen=True, slots=True)
class Low:
    """An organization at or below one of its thresholds: the most urgent one."""

    organization: Organization
    cycle_id: UUID
    level: Level
    crossing: Crossing
    currency: str
    # Of the last refill: a new one arms the threshold again. Unlike for notices, minutes that
    # were taken back by hand are none: nobody wants "half is used" after "nine tenths are".
    refill: str


def find(*, now: datetime) -> Iterator[Low]:
    """Yield them in order of id, in bounded memory: two statements for 500 organizations.

    Closed, suspended and those whose month is about to roll over are left out.
    """
    after = UUID(int=0)
    while page := _page(after, now):
        after = page[-1].organization_id
        values = settings_history.values_of(
            thresholds.KEYS, [one.organization_id for one in page], now
        )
        found = [
            (allowance, level, crossing)
            for allowance in page
            for level in [level_of(allowance)]
            for crossing in [
                reached(level, thresholds.from_values(values[allowance.organization_id]))
            ]
            if crossing is not None
        ]
        last = (
            refills.last_of([one.organization_id for one, _, _ in found]) if found else {}
        )
        for allowance, level, crossing in found:
            yield Low(
                organization=allowance.organization,
                cycle_id=allowance.cycle_id,
                level=level,
                crossing=crossing,
                currency=allowance.organization.wallet.currency,
                refill=_refill(level, crossing, last[allowance.organization_id]),
            )


def _refill(level: Level, crossing: Crossing, last: Refills) -> str:
    if crossing.kind == "minutes_left" or crossing.kind == "percent_used":
        return f"minutes {level.minutes_pool}"
    return last.name(crossing, level)


def level_of(allowance: Allowance) -> Level:
    """Return how low an allowance stands, read with its card, cycle and wallet."""
    covered = allowance.minutes_used_this_cycle - allowance.minutes_paid_otherwise
    pool = max(0, allowance.plan_minutes + allowance.credit_minutes)
    remaining = allowance.plan_minutes + allowance.credit_minutes - covered
    left = max(0, min(pool, remaining))
    pays_on = allowance.rate_card.when_exhausted == WhenExhausted.WALLET
    card, limit = allowance.rate_card, None
    if card.when_exhausted == WhenExhausted.POSTPAID and allowance.cycle.is_paid:
        limit = levels.postpaid_of(
            card.postpaid_limit_amount or Decimal(0),
            allowance.charged_on_limit,  # type: ignore[attr-defined]
            pays_on=allowance.minutes_ceiling > max(0, remaining),
        )
    postpaid_limit, postpaid_left, postpaid_percent = limit or (None, None, None)
    return Level(
        minutes_pool=pool,
        minutes_left=left,
        percent_used=(pool - left) * 100 // pool if pool else 0,
        wallet=allowance.organization.wallet.balance,
        pays_from_wallet=pays_on and allowance.cycle.is_paid,
        postpaid_limit=postpaid_limit,
        postpaid_left=postpaid_left,
        postpaid_percent=postpaid_percent,
    )


def _page(after: UUID, now: datetime) -> list[Allowance]:
    return list(
        Allowance.objects.filter(
            organization_id__gt=after,
            organization__status=Organization.Status.ACTIVE,
            cycle_ends_at__gt=now,
        )
        .annotate(
            charged_on_limit=Case(
                When(
                    rate_card__when_exhausted=WhenExhausted.POSTPAID,
                    then=running_charges.of_calls() + running_charges.of_other_meters(),
                ),
                default=Value(Decimal(0)),
            )
        )
        .select_related("rate_card", "cycle", "organization__wallet")
        .order_by("organization_id")[:PAGE_SIZE]
    )
