"""Subscriptions that have ended at their provider while nobody listened.

A provider lists those that live, and keeps its events for a month. One of ours that is not
listed any more is fetched and followed, as its event would have been: until then its overage
would go on to a meter that no invoice asks.
"""

from collections.abc import Container
from datetime import datetime

from billing.handlers import acting
from billing.models import Subscription
from billing.models.subscriptions import ENDED
from billing.providers.base import ListingProvider, ProviderError
from billing.subscriptions import transitions


def learn(provider: ListingProvider, *, living: Container[str], now: datetime) -> int:
    """Follow the subscriptions of ours that are not among the living; returns how many were
    fetched. What cannot be fetched or is nobody's stays a difference."""
    rows = Subscription.objects.filter(provider=provider.name).exclude(status__in=ENDED)
    gone = [row for row in rows if row.provider_subscription_id not in living]
    return sum(_follow(provider, row.provider_subscription_id, now) for row in gone)


def _follow(provider: ListingProvider, subscription_id: str, now: datetime) -> bool:
    generation = transitions.generation_of(provider.name, subscription_id)
    try:
        fetched = provider.fetch_subscription(subscription_id)
        acting.act(fetched, provider=provider.name, generation=generation, now=now)
    except (ProviderError, acting.Mismatch, acting.NotYet, transitions.Outdated):
        return False
    return bool(fetched.facts)
