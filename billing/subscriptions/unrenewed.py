"""Subscriptions of providers that tell of no period's end: what was not renewed is noticed by
the clock here."""

from datetime import datetime

from django.db import transaction

from billing.events import SubscriptionStopped
from billing.models import Subscription, SubscriptionStatus
from billing.subscriptions import standing, transitions
from metering.balances import ledger

Status = SubscriptionStatus
# They say neither that a period ended nor that a renewal failed.
SILENT_PROVIDERS = ("flutterwave",)


@transaction.atomic
def stop(fact: SubscriptionStopped, *, now: datetime) -> str:
    """Note that no period will follow the paid one. Returns `stops`, `already` or `unknown`."""
    subscription = _locked(fact.provider, fact.subscription_id, now)
    if subscription is None:
        return "unknown"
    if subscription.cancel_at is not None or subscription.status == Status.CANCELED:
        return "already"
    subscription.cancel_at = subscription.period_ends_at or now
    subscription.canceled_at = now
    subscription.save(update_fields=["cancel_at", "canceled_at"])
    return "stops"


@transaction.atomic
def go_on(subscription_id: str, *, provider: str, now: datetime) -> str:
    """Note that it will be renewed after all. Returns `goes on`, `already` or `unknown`."""
    subscription = _locked(provider, subscription_id, now)
    if subscription is None:
        return "unknown"
    if subscription.cancel_at is None or subscription.status == Status.CANCELED:
        return "already"
    subscription.cancel_at = subscription.canceled_at = None
    subscription.save(update_fields=["cancel_at", "canceled_at"])
    return "goes on"


def notice(*, now: datetime) -> int:
    """Move on subscriptions whose paid period is over; returns how many.

    One that was stopped ends. Any other is past due: its renewal may come late, and calls go
    on for the grace; if none has come by then it ends, too.
    """
    over = Subscription.objects.filter(
        provider__in=SILENT_PROVIDERS,
        status__in=[Status.ACTIVE, Status.PAST_DUE],
        period_ends_at__lte=now,
    )
    return sum(_move_on(subscription, now) for subscription in over)


@transaction.atomic
def _move_on(known: Subscription, now: datetime) -> bool:
    subscription = _locked(known.provider, known.provider_subscription_id, now)
    if subscription is None:
        return False
    ends_at = subscription.period_ends_at
    if ends_at is None or ends_at > now:
        return False
    is_stopped = subscription.cancel_at is not None and subscription.cancel_at <= now
    if is_stopped and (
        subscription.status == Status.ACTIVE or now >= ends_at + standing.GRACE
    ):
        subscription.status, subscription.ended_at = Status.CANCELED, now
    elif subscription.status == Status.ACTIVE:
        subscription.status, subscription.past_due_since = Status.PAST_DUE, ends_at
    elif now >= ends_at + standing.GRACE:
        subscription.status, subscription.ended_at = Status.CANCELED, now
    else:
        return False
    subscription.save(update_fields=["status", "ended_at", "past_due_since"])
    transitions.push(subscription, now=now)
    return True


def _locked(provider: str, subscription_id: str, now: datetime) -> Subscription | None:
    known = Subscription.objects.filter(
        provider=provider, provider_subscription_id=subscription_id
    ).first()
    if known is None:
        return None
    with ledger.opened_one(known.organization_id, now=now):
        """Takes the allowance's lock first, as everybody does."""
    return Subscription.objects.select_for_update().get(pk=known.pk)
