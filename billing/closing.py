"""Closing an organization: only once nothing is paid for it any more."""

from datetime import datetime

from django.db import transaction

from accounts import organizations
from accounts.models import Organization, User
from billing.errors import StillSubscribed
from billing.models import Subscription
from billing.models.subscriptions import LIVING


@transaction.atomic
def close(organization: Organization, *, actor: User, now: datetime) -> Organization:
    """Close an organization for good; what is in its wallet stays in the books.

    Raises `StillSubscribed`, and `OnlyTheOwner` of accounts.
    """
    locked = organizations.lock(organization, even_closed=True)
    if Subscription.objects.filter(organization=locked, status__in=LIVING).exists():
        raise StillSubscribed
    return organizations.close(locked, actor=actor, now=now)
