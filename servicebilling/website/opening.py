"""How a person who signed up gets an organization: named, and with empty balances."""

from datetime import datetime

from django.db import transaction

from accounts import organizations
from accounts.models import Organization, User
from metering.balances import cycles
from metering.models import Allowance, RateCard

# What is in force without a plan; the catalogue has one for each currency it sells in.
CARD_WITHOUT_PLAN = "none"


def cards_without_plan() -> dict[str, RateCard]:
    """Return the card that is in force without a plan, by currency; USD first."""
    cards = RateCard.objects.filter(code__startswith=CARD_WITHOUT_PLAN, included_minutes=0)
    ordered = sorted(cards, key=lambda card: (card.currency != "USD", card.currency))
    return {card.currency: card for card in ordered}


def open_organization(
    *, name: str, owner: User, timezone: str, card: RateCard, now: datetime
) -> Organization:
    """Return a new organization with its first cycle, allowance and wallet, all empty.

    Raises `accounts.errors.InvalidDetail`.
    """
    with transaction.atomic():
        organization = organizations.create(
            name=name, owner=owner, now=now, timezone=timezone, currency=card.currency
        )
        cycles.begin(
            organization_id=organization.pk,
            card_id=card.pk,
            now=now,
            standing=Allowance.Standing.NO_PLAN,
        )
    return organization
