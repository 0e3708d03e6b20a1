"""How a person who signed up gets an organization: named, and with empty balances."""

from datetime import datetime

from django.db import transaction

from accounts import organizations
from accounts.models import Organization, User
from billing import plans
from metering.balances import cycles
from metering.models import Allowance, RateCard

# `none`, `none-eur`, and their later versions: what is in force without a plan.
_CARD_CODES = rf"^{plans.WITHOUT_PLAN}(-[a-z]{{3}})?(-[0-9]+)?$"


def cards_without_plan() -> dict[str, RateCard]:
    """Return the newest card that is in force without a plan, by currency; USD first."""
    cards = RateCard.objects.filter(code__regex=_CARD_CODES).order_by("created_at")
    newest = {card.currency: card for card in cards}
    return {code: newest[code] for code in sorted(newest, key=lambda c: (c != "USD", c))}


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
