"""A plan ends with what is paid for it, never with the month of its overage.

A yearly plan has two periods: its own, and the month by which overage is billed. Whoever
cancels on a provider's page may be given the one that ends first, and so does who is moved
from months to a year after cancelling. That is noticed here, and the end moved.
"""

from typing import cast

from django.db.models import F

from billing.models import Subscription
from billing.models.subscriptions import SERVED
from billing.providers.base import PaymentProvider, SubscriptionProvider


def ensure(provider: PaymentProvider, subscription_id: str) -> bool:
    """Move an end that would cut the paid period short to where that ends.

    Any other date was set by somebody who meant it, and stays. Returns whether the provider
    was asked; asking twice changes nothing there. Raises `ProviderError`. Calls the
    provider: never inside a transaction.
    """
    found = Subscription.objects.filter(
        provider=provider.name,
        provider_subscription_id=subscription_id,
        status__in=SERVED,
        cancel_at__lt=F("period_ends_at"),
        items__is_metered=True,
        items__period_ends_at=F("cancel_at"),
    ).first()
    if found is None:
        return False
    cast(SubscriptionProvider, provider).cancel_at_end(
        subscription_id, key=f"whole-period:{found.pk}:{found.generation}"
    )
    return True
