"""A subscription follows its provider: what was fetched last is what is so.

Events come late, twice and in any order, so they carry nothing but a hint: the subscription
is fetched and its snapshot applied here. A snapshot fetched before another one was applied
is `Outdated` and must be fetched again, so an older one never undoes a newer one.
"""

from datetime import datetime

from django.db import transaction

from accounts.models import Organization
from billing import plan_versions, plans
from billing.events import SubscriptionChanged
from billing.models import Plan, Subscription, SubscriptionItem, SubscriptionStatus
from billing.models.subscriptions import ENDED, SERVED
from billing.subscriptions import standing, trials
from metering.balances import cycles, ledger


class Outdated(Exception):
    """Another snapshot was applied since this one was fetched: fetch again."""


def generation_of(provider: str, subscription_id: str) -> int:
    """Read this before fetching, and hand it to `follow` with what was fetched."""
    found = Subscription.objects.filter(
        provider=provider, provider_subscription_id=subscription_id
    ).values_list("generation", flat=True)
    return found.first() or 0


@transaction.atomic
def follow(
    fact: SubscriptionChanged, *, organization: Organization, generation: int, now: datetime
) -> Subscription:
    """Apply a snapshot; the end of a subscription is final.

    Raises `Outdated`, and `NotSold` for a plan that is not in the catalogue.
    """
    with ledger.opened_one(organization.pk, now=now):
        """Takes the allowance's lock first, as everybody does."""
    subscription = _locked(fact, organization)
    if subscription.generation != generation:
        raise Outdated
    if subscription.status in ENDED and not subscription._state.adding:
        return subscription
    plan = plan_versions.of_code(fact.plan_code)
    is_new = subscription._state.adding
    if is_new:
        _begin(subscription, plan, fact)
    was_period, began_at = subscription.billing_period, subscription.period_starts_at
    _take_over(subscription, fact, now)
    subscription.generation += 1
    subscription.save()
    _take_over_items(subscription, fact)
    if not is_new and (plan, fact.billing_period) != (subscription.plan, was_period):
        _change_plan(subscription, plan, fact, began_at=began_at, now=now)
    push(subscription, now=now)
    return subscription


def push(subscription: Subscription, *, now: datetime) -> None:
    """Tell metering what the subscription's status means; quiet if it says so already."""
    organization_id = subscription.organization_id
    if subscription.status in ENDED:
        _end_plan(subscription, now)
        return
    said = standing.beside_debts(subscription, now=now)
    if said is not None and subscription.payments.exists():
        cycles.set_standing(organization_id=organization_id, standing=said, now=now)


def push_overdue(*, now: datetime) -> int:
    """End the grace of those whose renewal failed too long ago; returns how many."""
    late = Subscription.objects.filter(
        status=SubscriptionStatus.PAST_DUE, past_due_since__lte=now - standing.GRACE
    )
    for subscription in late:
        push(subscription, now=now)
    return len(late)


def _locked(fact: SubscriptionChanged, organization: Organization) -> Subscription:
    known = (
        Subscription.objects.select_for_update()
        .filter(provider=fact.provider, provider_subscription_id=fact.subscription_id)
        .first()
    )
    return known or Subscription(
        organization=organization,
        provider=fact.provider,
        provider_subscription_id=fact.subscription_id,
    )


def _begin(subscription: Subscription, plan: Plan, fact: SubscriptionChanged) -> None:
    """The card and the price that it begins with are kept, whatever becomes of the plan."""
    subscription.billing_period = fact.billing_period
    _take_terms(subscription, plan, fact)
    subscription.currency = plan.currency
    subscription.created_at = fact.created_at


def _take_over(
    subscription: Subscription, fact: SubscriptionChanged, now: datetime
) -> None:
    subscription.status = fact.status
    subscription.billing_period = fact.billing_period
    subscription.next_plan = (
        plan_versions.of_code(fact.next_plan_code) if fact.next_plan_code else None
    )
    subscription.next_billing_period = fact.next_billing_period
    subscription.trial_ends_at = fact.trial_ends_at
    subscription.cancel_at = fact.cancel_at
    subscription.canceled_at = fact.canceled_at
    subscription.ended_at = fact.ended_at
    flat = [item for item in fact.items if not item.is_metered]
    if flat:
        subscription.period_starts_at = flat[0].period_starts_at
        subscription.period_ends_at = flat[0].period_ends_at
    if fact.status == SubscriptionStatus.PAST_DUE:
        subscription.past_due_since = subscription.past_due_since or now
    elif fact.status in SERVED:
        subscription.past_due_since = None
        subscription.action_url = ""


def _take_over_items(subscription: Subscription, fact: SubscriptionChanged) -> None:
    subscription.items.exclude(
        provider_item_id__in=[item.id for item in fact.items]
    ).delete()
    SubscriptionItem.objects.bulk_create(
        [
            SubscriptionItem(
                subscription=subscription,
                provider_item_id=item.id,
                provider_price_id=item.price_id,
                is_metered=item.is_metered,
                period_starts_at=item.period_starts_at,
                period_ends_at=item.period_ends_at,
            )
            for item in fact.items
        ],
        update_conflicts=True,
        unique_fields=["subscription", "provider_item_id"],
        update_fields=[
            "provider_price_id",
            "is_metered",
            "period_starts_at",
            "period_ends_at",
        ],
    )


def _change_plan(
    subscription: Subscription,
    plan: Plan,
    fact: SubscriptionChanged,
    *,
    began_at: datetime | None,
    now: datetime,
) -> None:
    """The provider moved it to another plan: more minutes count at once, pro rata; fewer
    with the period that was renewed."""
    minutes_before = subscription.rate_card.included_minutes
    starts_at = subscription.period_starts_at
    _take_terms(subscription, plan, fact)
    subscription.save(update_fields=["plan", "rate_card", "price", "monthly_wallet_grant"])
    fewer = subscription.rate_card.included_minutes < minutes_before
    is_trial = subscription.status == SubscriptionStatus.TRIALING
    card = trials.card_for(subscription) if is_trial else subscription.rate_card
    organization_id, card_id = subscription.organization_id, card.pk
    if fewer and began_at and starts_at and starts_at > began_at:
        cycles.change_card_with_period(
            organization_id=organization_id,
            card_id=card_id,
            period_starts_at=starts_at,
            now=now,
        )
    else:
        cycles.change_card_pro_rata(
            organization_id=organization_id, card_id=card_id, now=now
        )


def _take_terms(subscription: Subscription, plan: Plan, fact: SubscriptionChanged) -> None:
    """The plan may have changed while the customer was at the checkout: what the price that
    is paid stood for counts."""
    flat = [item.price_id for item in fact.items if not item.is_metered]
    terms = plan_versions.sold_as(
        plan, provider=fact.provider, price_id=flat[0] if flat else ""
    )
    yearly = subscription.billing_period == Subscription.BillingPeriod.YEARLY
    subscription.plan = plan
    subscription.rate_card = terms.rate_card
    subscription.price = (terms.price_yearly if yearly else terms.price_monthly) or 0
    subscription.monthly_wallet_grant = terms.monthly_wallet_grant


def _end_plan(subscription: Subscription, now: datetime) -> None:
    """Plan minutes end with the plan; bought minutes and the wallet stay usable."""
    others = Subscription.objects.filter(
        organization_id=subscription.organization_id, status__in=SERVED
    )
    if others.exists() or not subscription.payments.exists():
        return
    cycles.end_plan(
        organization_id=subscription.organization_id,
        card_id=plans.card_without_plan(subscription.currency).pk,
        now=now,
    )
