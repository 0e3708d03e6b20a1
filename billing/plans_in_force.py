"""What an organization is served by now, with or without a subscription."""

from dataclasses import dataclass

from accounts.models import Organization
from billing.models import Plan
from metering.balances import cards
from metering.errors import NoBalances
from metering.models import Allowance
from metering.rating import Card


@dataclass(frozen=True, slots=True)
class PlanInForce:
    """`name` is the card's code where no plan of the catalogue has these terms any more."""

    name: str
    card: Card


def plan_in_force(organization: Organization) -> PlanInForce:
    """Return the terms that the next cycle opens with.

    Raises `NoBalances` for an organization that never got balances.
    """
    allowances = Allowance.objects.filter(organization=organization)
    card_id = allowances.values_list("plan_card_id", flat=True).first()
    if card_id is None:
        raise NoBalances
    card = cards.get([card_id])[card_id]
    plan = Plan.objects.filter(rate_card=card_id).first()
    return PlanInForce(plan.name if plan else card.code, card)
