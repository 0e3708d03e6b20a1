"""How a person who signed up gets an organization: named, and with empty balances."""

from datetime import datetime

from django.db import transaction

from accounts import organizations
from accounts.models import Organization, User
from metering.balances import cycles
from metering.models import Allowance, RateCard


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
