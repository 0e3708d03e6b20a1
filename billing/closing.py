"""Closing an organization: only once nothing is paid for it any more."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from accounts import organizations
from accounts.models import ApiKey, Invitation, Organization, User
from billing.errors import StillSubscribed
from billing.models import Subscription
from billing.models.subscriptions import LIVING
from billing.topups import standing_orders
from metering.models import Allowance, PhoneNumber, Wallet


@dataclass(frozen=True, slots=True)
class Facts:
    """What becomes of things when an organization is closed, to be said before it is."""

    # The plan that must be cancelled first; empty: nothing is in the way.
    plan_paid: str
    # Of that plan, once it is cancelled: until when it runs.
    plan_ends_at: datetime | None
    credit_minutes: int
    wallet_balance: Decimal
    currency: str
    numbers: int
    keys: int
    invitations: int


def facts_of(organization: Organization) -> Facts:
    living = (
        Subscription.objects.filter(organization=organization, status__in=LIVING)
        .select_related("plan")
        .first()
    )
    mine = {"organization": organization}
    credit = Allowance.objects.filter(**mine).values_list("credit_minutes", flat=True)
    balance = Wallet.objects.filter(**mine).values_list("balance", flat=True)
    invited = Invitation.objects.filter(accepted_at=None, revoked_at=None, **mine)
    return Facts(
        plan_paid=living.plan.name if living else "",
        plan_ends_at=living.cancel_at if living else None,
        credit_minutes=max(credit.first() or 0, 0),
        wallet_balance=balance.first() or Decimal(0),
        currency=organization.currency,
        numbers=PhoneNumber.objects.filter(valid_to=None, **mine).count(),
        keys=ApiKey.objects.filter(revoked=False, **mine).count(),
        invitations=invited.count(),
    )


@transaction.atomic
def close(organization: Organization, *, actor: User, now: datetime) -> Organization:
    """Close an organization for good; what is in its wallet stays in the books, and nothing
    fills it any more.

    Raises `StillSubscribed`, and `OnlyTheOwner` of accounts.
    """
    locked = organizations.lock(organization, even_closed=True)
    if Subscription.objects.filter(organization=locked, status__in=LIVING).exists():
        raise StillSubscribed
    closed = organizations.close(locked, actor=actor, now=now)
    standing_orders.turn_off(closed, by=actor, now=now)
    return closed
