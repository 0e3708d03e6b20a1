"""Money into a wallet once it has really come: what was verified, and that once."""

from datetime import datetime
from uuid import UUID

from django.db import transaction

from accounts import audit
from billing import payments, unserved
from billing.events import Failed, Paid, PaidAgain
from billing.models import AutoTopUp, Payment, TopUp
from billing.topups import declines
from metering.balances import ledger
from metering.models import Wallet
from servicebilling.lib import money

State = TopUp.State
CLOSED_FOR_GOOD = (State.CREDITED, State.MISMATCHED)


def is_top_up(reference: UUID) -> bool:
    """Return whether a reference is a top-up's; ids are unique over all kinds of rows."""
    return TopUp.objects.filter(pk=reference).exists()


@transaction.atomic
def credit(fact: Paid, *, now: datetime) -> str:
    """Put a paid top-up into the wallet.

    Returns `credited`, `already`, `unknown`, or `mismatched`: less than was asked for, or
    another currency than was, or than the wallet has by now; nothing is credited then. Of
    more than was asked for, what was asked for is credited; the payment keeps the rest for
    staff to see. A late payment of an expired top-up still counts. Raises `PaidAgain`.
    """
    known = TopUp.objects.filter(pk=fact.purchase_id, provider=fact.provider).first()
    if known is None:
        return "unknown"
    with ledger.opened_one(known.organization_id, now=now):
        """Takes the allowance's lock first, as everybody does."""
    if payments.is_counted(fact.provider, fact.payment_id):
        return "already"
    top_up = TopUp.objects.select_for_update().get(pk=known.pk)
    if top_up.state in CLOSED_FOR_GOOD:
        raise PaidAgain(f"top-up {top_up.pk} was paid again by {fact.payment_id}")
    payment = Payment.objects.create(
        organization_id=top_up.organization_id,
        provider=fact.provider,
        provider_payment_id=fact.payment_id,
        top_up=top_up,
        amount=fact.amount,
        tax=fact.tax,
        currency=fact.currency,
        paid_at=fact.paid_at,
        created_at=now,
    )
    unserved.notice_if_closed(payment, now=now)
    wallet = Wallet.objects.get(organization_id=top_up.organization_id)
    is_other = {fact.currency, wallet.currency} != {top_up.currency}
    if is_other or fact.amount < top_up.amount:
        return _close(top_up, State.MISMATCHED, now=now)
    _credit(top_up, now)
    return _close(top_up, State.CREDITED, now=now)


@transaction.atomic
def give_up(
    *,
    top_up_id: UUID,
    provider: str,
    state: TopUp.State,
    now: datetime,
    failure: str = "",
) -> str:
    """Close a top-up that will not be paid. Returns `closed`, `already` or `unknown`."""
    top_up = (
        TopUp.objects.select_for_update().filter(pk=top_up_id, provider=provider).first()
    )
    if top_up is None:
        return "unknown"
    if top_up.state != State.PENDING:
        return "already"
    _close(top_up, state, now=now, failure=failure)
    if top_up.is_automatic and state == State.FAILED:
        declines.count(top_up, now=now)
    return "closed"


def fail(fact: Failed, *, now: datetime) -> str:
    """`give_up` by a provider's word."""
    return give_up(
        top_up_id=fact.purchase_id,
        provider=fact.provider,
        state=State(fact.reason),
        now=now,
    )


def _credit(top_up: TopUp, now: datetime) -> None:
    how = "Automatic top-up" if top_up.is_automatic else "Top-up"
    ledger.move_money(
        organization_id=top_up.organization_id,
        amount=top_up.amount,
        kind="top_up",
        reference=f"top_up:{top_up.pk}",
        reason=f"{how} by {top_up.provider.capitalize()}",
        now=now,
        actor_id=top_up.started_by_id,
    )
    if top_up.is_automatic:
        AutoTopUp.objects.filter(organization_id=top_up.organization_id).update(
            declines_in_a_row=0
        )


def _close(top_up: TopUp, state: TopUp.State, *, now: datetime, failure: str = "") -> str:
    top_up.state, top_up.closed_at, top_up.failure = state, now, failure[:200]
    top_up.save(update_fields=["state", "closed_at", "failure"])
    audit.record(
        organization=top_up.organization,
        actor="payments",
        action=f"top_up.{state.value}",
        detail={
            "top_up": str(top_up.pk),
            "amount": money.shown(top_up.amount, top_up.currency),
        },
        now=now,
    )
    return state.value
