"""What an organization is served by now, with or without a subscription."""

from dataclasses import dataclass

from django.db.models import OuterRef, Subquery

from accounts.models import Organization
from billing import plan_versions
from billing.models import Plan
from metering.balances import cards
from metering.errors import NoBalances
from metering.models import Allowance
from metering.rating import Card


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """`name` is the card's code where no plan was ever sold on these terms."""

    name: str
    card: Card


def plan_in_force(organization: Organization) -> PlanInForce:
    """Return the terms that the next cycle opens with.

    Raises `NoBalances` for an organization that never got balances.
    """
    plan_name = (
        Plan.objects.filter(plan_versions.with_card(OuterRef("plan_card_id")))
        .order_by("order")
        .values("name")[:1]
    )
    allowances = Allowance.objects.filter(organization=organization)
    found = allowances.values_list("plan_card_id", Subquery(plan_name)).first()
    if found is None:
        raise NoBalances
    card_id, name = found
    card = cards.get([card_id])[card_id]
    return PlanInForce(name or card.code, card)
