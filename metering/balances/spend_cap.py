"""How many minutes beyond its own an organization lets itself pay for in a cycle."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from metering import rating
from metering.balances import cards, cycles
from metering.balances.models import Allowance
from metering.errors import CapRefused, NoBalances


@dataclass(frozen=True, slots=True)
class SpendCap:
    """`own_minutes` is the organization's choice; None: only the plan's limit holds."""

    plan_minutes: int
    own_minutes: int | None
    currency: str
    # Of the first minute beyond the pools.
    unit_price: Decimal
    # The most that a whole cycle can cost beyond the plan: under the plan's limit, and
    # under the one in force.
    amount_of_plan: Decimal
    amount_max: Decimal

    @property
    def minutes(self) -> int:
        if self.own_minutes is None:
            return self.plan_minutes
        return min(self.own_minutes, self.plan_minutes)


def cap_of(organization: Organization) -> SpendCap | None:
    """Return what bounds overage in the running cycle; None where there is no overage.

    One statement, or two for a card that this process has not seen. Raises `NoBalances`.
    """
    allowance = Allowance.objects.filter(organization=organization).first()
    if allowance is None:
        raise NoBalances
    card = cards.get([allowance.rate_card_id])[allowance.rate_card_id]
    if card.when_exhausted != rating.OVERAGE:
        return None
    own = allowance.overage_limit_minutes
    limit = card.overage_limit_minutes
    return SpendCap(
        plan_minutes=limit,
        own_minutes=own,
        currency=card.currency,
        unit_price=card.tiers[0].unit_price if card.tiers else Decimal(0),
        amount_of_plan=rating.price(60 * limit, card),
        amount_max=rating.price(60 * (limit if own is None else min(own, limit)), card),
    )


@transaction.atomic
def set_cap(
    organization: Organization, *, minutes: int | None, actor: Actor, now: datetime
) -> None:
    """Bound overage by fewer minutes than the plan does; None: by the plan alone. It holds
    at once, and what is used already stays used; quiet if it is so already.

    Raises `CapRefused`, also for more than the plan allows.
    """
    cap = cap_of(organization)
    if cap is None:
        raise CapRefused("This plan has no overage to bound.")
    if minutes is not None and not 0 <= minutes <= cap.plan_minutes:
        raise CapRefused(f"The plan allows from 0 to {cap.plan_minutes:,} minutes.")
    if minutes == cap.own_minutes:
        return
    cycles.set_overage_limit(organization_id=organization.pk, minutes=minutes, now=now)
    audit.record(
        organization=organization,
        actor=actor,
        action="spend_cap.set",
        detail={"minutes": minutes, "before": cap.own_minutes},
        now=now,
    )
