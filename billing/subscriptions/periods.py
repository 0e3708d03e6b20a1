"""A paid period opens its cycle, or vouches for the one that runs; each period once."""

from datetime import datetime

from django.db import transaction

from billing import payments, plans, unserved
from billing.events import PeriodPaid, PeriodUnpaid
from billing.invoices import overdue
from billing.models import Payment, Subscription
from billing.models.subscriptions import ENDED
from billing.subscriptions import standing, trials
from metering.balances import cycles, ledger
from metering.models import Allowance


class UnknownSubscription(Exception):
    """The subscription has not been heard of yet; its own news must come first."""


@transaction.atomic
def pay(fact: PeriodPaid, *, now: datetime) -> str:
    """Count a paid period. Returns `opened`, `vouched`, `already`, or `ended`: what was paid
    is kept, but a subscription that is over serves nobody any more.

    Raises `UnknownSubscription`, and `OtherCurrency` if the organization's money is in
    another currency.
    """
    subscription = _locked(fact.provider, fact.subscription_id, now)
    if _is_paid(subscription, fact):
        return "already"
    begins = not subscription.payments.exists() or _follows_trial(subscription, fact)
    payment = Payment.objects.create(
        organization_id=subscription.organization_id,
        provider=fact.provider,
        provider_payment_id=fact.invoice_id,
        subscription=subscription,
        plan=subscription.plan,
        period_starts_at=fact.starts_at,
        period_ends_at=fact.ends_at,
        amount=fact.amount,
        currency=fact.currency,
        paid_at=fact.paid_at,
        created_at=now,
    )
    if subscription.status in ENDED:
        _note_after_end(subscription, payment, now)
        return "ended"
    unserved.notice_if_closed(payment, now=now)
    _serve(subscription, fact, begins=begins, now=now)
    if subscription.monthly_wallet_grant and not _is_trial(subscription, fact):
        ledger.move_money(
            organization_id=subscription.organization_id,
            amount=subscription.monthly_wallet_grant,
            kind="monthly_grant",
            reference=f"grant:{payment.pk}",
            reason=f"Wallet grant of {subscription.plan.name}",
            now=now,
        )
    return "opened" if begins else "vouched"


@transaction.atomic
def note_unpaid(fact: PeriodUnpaid, *, now: datetime) -> str:
    """Remember since when a renewal has failed, and where the customer can confirm it.

    Returns `noted` or `already`. The status itself comes with the subscription's own news.
    """
    subscription = _locked(fact.provider, fact.subscription_id, now)
    is_paid = payments.is_counted(fact.provider, fact.invoice_id)
    if is_paid or subscription.action_url == fact.action_url != "":
        return "already"
    subscription.action_url = fact.action_url
    subscription.save(update_fields=["action_url"])
    return "noted"


def _locked(provider: str, subscription_id: str, now: datetime) -> Subscription:
    known = Subscription.objects.filter(
        provider=provider, provider_subscription_id=subscription_id
    ).first()
    if known is None:
        raise UnknownSubscription(subscription_id)
    with ledger.opened_one(known.organization_id, now=now):
        """Takes the allowance's lock first, as everybody does."""
    return (
        Subscription.objects.select_for_update(of=("self",))
        .select_related("plan", "organization")
        .get(pk=known.pk)
    )


def _is_paid(subscription: Subscription, fact: PeriodPaid) -> bool:
    same_invoice = payments.named(fact.provider, fact.invoice_id)
    same_period = subscription.payments.filter(period_starts_at=fact.starts_at)
    return same_invoice.exists() or same_period.exists()


def _note_after_end(subscription: Subscription, payment: Payment, now: datetime) -> None:
    """Who paid and then left needs no look; who left and was charged all the same does."""
    ended_at = subscription.ended_at
    if ended_at is not None and payment.paid_at > ended_at and payment.amount:
        because = f"its subscription had ended on {ended_at:%Y-%m-%d}"
        unserved.notice(payment, because=because, now=now)


def _is_trial(subscription: Subscription, fact: PeriodPaid) -> bool:
    ends_at = subscription.trial_ends_at
    return ends_at is not None and fact.starts_at < ends_at


def _follows_trial(subscription: Subscription, fact: PeriodPaid) -> bool:
    """What was tried is over: the first month that is paid counts from its own start."""
    return fact.starts_at == subscription.trial_ends_at


def _serve(
    subscription: Subscription, fact: PeriodPaid, *, begins: bool, now: datetime
) -> None:
    organization_id = subscription.organization_id
    rolls_until = fact.ends_at + standing.GRACE
    if begins:
        is_trial = _is_trial(subscription, fact)
        card = trials.card_for(subscription) if is_trial else subscription.rate_card
        trial_minutes = subscription.plan.trial_minutes or None
        plans.adopt_currency(subscription.organization, subscription.currency)
        cycles.start_period(
            organization_id=organization_id,
            card_id=card.pk,
            starts_at=fact.starts_at,
            rolls_until=rolls_until,
            included_minutes=trial_minutes if is_trial else None,
            now=now,
        )
    else:
        cycles.vouch(
            organization_id=organization_id,
            period_starts_at=fact.starts_at,
            rolls_until=rolls_until,
            now=now,
        )
    subscription.past_due_since = None
    subscription.action_url = ""
    subscription.save(update_fields=["past_due_since", "action_url"])
    behind = overdue.is_behind(organization_id, now=now)
    cycles.set_standing(
        organization_id=organization_id,
        standing=Allowance.Standing.PAST_DUE if behind else Allowance.Standing.GOOD,
        now=now,
    )
