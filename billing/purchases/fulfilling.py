"""Minutes for money that has really come: once, after amount and currency match."""

from datetime import datetime

from django.db import transaction

from accounts import audit
from billing import payments, unserved
from billing.events import Failed, Paid, PaidAgain
from billing.models import Payment, Purchase
from metering.balances import ledger


@transaction.atomic
def fulfil(fact: Paid, *, now: datetime) -> str:
    """Credit the minutes of a paid purchase.

    Returns `fulfilled`, `already`, `unknown`, or `mismatched`: paid, but another amount or
    currency than was asked for, which staff must look at; nothing is credited then. A late
    payment of an expired purchase still counts: the money is there. Raises `PaidAgain`.
    """
    known = Purchase.objects.filter(pk=fact.purchase_id, provider=fact.provider).first()
    if known is None:
        return "unknown"
    with ledger.opened_one(known.organization_id, now=now):
        """Takes the allowance's lock first, as everybody does."""
    purchase = Purchase.objects.select_for_update().get(pk=known.pk)
    if payments.is_counted(fact.provider, fact.payment_id):
        return "already"
    if purchase.state in (Purchase.State.FULFILLED, Purchase.State.MISMATCHED):
        raise PaidAgain(f"purchase {purchase.pk} was paid again by {fact.payment_id}")
    payment = Payment.objects.create(
        organization_id=purchase.organization_id,
        provider=fact.provider,
        provider_payment_id=fact.payment_id,
        purchase=purchase,
        amount=fact.amount,
        tax=fact.tax,
        currency=fact.currency,
        paid_at=fact.paid_at,
        created_at=now,
    )
    unserved.notice_if_closed(payment, now=now)
    if (fact.amount, fact.currency) != (purchase.price, purchase.currency):
        return _close(purchase, Purchase.State.MISMATCHED, now)
    ledger.add_credit_minutes(
        organization_id=purchase.organization_id,
        minutes=purchase.minutes,
        kind="purchase",
        reference=f"purchase:{purchase.pk}",
        reason=f"{purchase.minutes} minutes bought",
        now=now,
        actor_id=purchase.started_by_id,
    )
    return _close(purchase, Purchase.State.FULFILLED, now)


@transaction.atomic
def give_up(fact: Failed, *, now: datetime) -> str:
    """Close a purchase that will not be paid. Returns `closed`, `already` or `unknown`."""
    purchase = (
        Purchase.objects.select_for_update()
        .filter(pk=fact.purchase_id, provider=fact.provider)
        .first()
    )
    if purchase is None:
        return "unknown"
    if purchase.state != Purchase.State.PENDING:
        return "already"
    _close(purchase, Purchase.State(fact.reason), now)
    return "closed"


def _close(purchase: Purchase, state: Purchase.State, now: datetime) -> str:
    purchase.state = state
    if state == Purchase.State.FULFILLED:
        purchase.fulfilled_at = now
    purchase.save(update_fields=["state", "fulfilled_at"])
    audit.record(
        organization=purchase.organization,
        actor="payments",
        action=f"purchase.{state.value}",
        detail={"purchase": str(purchase.pk), "minutes": purchase.minutes},
        now=now,
    )
    return state.value
