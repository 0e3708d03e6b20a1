"""Staff give money back: written down first, then asked of the provider, once."""

import logging
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import transaction
from django.db.models import QuerySet, Sum

from accounts import audit
from accounts.models import User
from billing.documents import credit_notes
from billing.errors import NotRefundable, ReasonMissing
from billing.events import Refunded
from billing.models import Payment, Refund, RefundOrder
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.reversals import recording
from servicebilling.lib import money

# Providers that give money back when they are asked.
GIVE_BACK = ("stripe", "flutterwave")
REASON_LENGTH_MIN = 3
# A request that nobody answered may still be carried out for a while.
WAIT_FIRST = timedelta(minutes=10)
WAIT_MAX = timedelta(hours=2)
# News of a refund may never come; it is asked for as long as banks take.
FOLLOWED_FOR = timedelta(days=30)

State = RefundOrder.State

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Refunding:
    """How much of a payment is still there to be given back. `refunded` counts what is on
    its way, `disputed` what the bank has taken."""

    paid: Decimal
    refunded: Decimal
    disputed: Decimal

    @property
    def left(self) -> Decimal:
        return max(Decimal(0), self.paid - self.refunded - self.disputed)


def left_of(payment: Payment) -> Refunding:
    gone = payment.refunds.exclude(
        status__in=[Refund.Status.FAILED, Refund.Status.CANCELED]
    )
    under_way = payment.refund_orders.filter(refund=None).exclude(state=State.REFUSED)
    return Refunding(
        paid=payment.amount + payment.tax,
        refunded=_sum(gone) + _sum(under_way),
        disputed=_sum(payment.disputes.filter(is_effective=True)),
    )


def can_give_back(payment: Payment) -> bool:
    """Return whether a payment's provider can be asked for money at all."""
    return payment.provider in GIVE_BACK


def is_ordered(payment: Payment, attempt: UUID) -> bool:
    """Return whether a click has become an order already."""
    return payment.refund_orders.filter(key=_key(attempt)).exists()


@transaction.atomic
def order(
    payment: Payment,
    *,
    amount: Decimal,
    reason: str,
    actor: User,
    attempt: UUID,
    now: datetime,
) -> RefundOrder:
    """Write down that money of a payment is to go back; `attempt` names one click, and the
    same one again is the same order.

    Raises `NotRefundable` for more than is left and for what cannot be paid in this
    currency, `ReasonMissing`.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ReasonMissing
    Payment.objects.select_for_update(of=("self",)).get(pk=payment.pk)
    known = payment.refund_orders.filter(key=_key(attempt)).first()
    if known is not None:
        return known
    if not can_give_back(payment) or not Decimal(0) < amount <= left_of(payment).left:
        raise NotRefundable
    if amount != money.rounded(amount, payment.currency):
        raise NotRefundable("This currency has no such fraction.")
    made = RefundOrder.objects.create(
        key=_key(attempt),
        organization_id=payment.organization_id,
        payment=payment,
        amount=amount,
        currency=payment.currency,
        reason=reason.strip()[:300],
        asked_by=actor,
        created_at=now,
        next_attempt_at=now,
    )
    audit.record(
        organization=payment.organization,
        actor=actor,
        action="refund.asked",
        detail={
            "payment": str(payment.pk),
            "amount": str(amount),
            "currency": payment.currency,
            "reason": made.reason,
        },
        now=now,
    )
    return made


def give(order_id: int, *, now: datetime) -> RefundOrder:
    """Ask the provider for an ordered refund, unless somebody does right now or has done;
    returns the order as it is then. What nobody answered is asked again by the worker."""
    if RefundOrder.claim(order_id, now=now):
        row = RefundOrder.objects.select_related("payment").get(pk=order_id)
        try:
            fact = _asked(row)
        except ProviderError as error:
            _note_failure(row, error, now)
        else:
            keep(row, fact, now=now)
    return RefundOrder.objects.select_related("refund").get(pk=order_id)


def give_due(*, now: datetime, limit: int = 100) -> int:
    """Ask for the ordered refunds whose time has come; returns how many."""
    due = RefundOrder.objects.filter(state=State.WAITING, next_attempt_at__lte=now)
    ids = list(due.order_by("id").values_list("id", flat=True)[:limit])
    for order_id in ids:
        give(order_id, now=now)
    return len(ids)


def follow(*, now: datetime) -> int:
    """Ask what became of ordered refunds that were on their way, where news may stay away;
    returns how many moved."""
    pending = RefundOrder.objects.filter(
        state=State.DELIVERED,
        created_at__gt=now - FOLLOWED_FOR,
        refund__status__in=[Refund.Status.PENDING, Refund.Status.REQUIRES_ACTION],
    ).select_related("payment", "refund")
    moved = 0
    for row in pending.order_by("id"):
        try:
            fact = _asked(row)
        except ProviderError:
            continue
        if row.refund is not None and fact.status != row.refund.status:
            take(fact, now=now)
            moved += 1
    return moved


@transaction.atomic
def take(fact: Refunded, *, now: datetime) -> Refund:
    """Take over a refund as it is, with its credit note."""
    recording.record(fact, now=now)
    credit_notes.issue(fact, now=now)
    return Refund.objects.get(provider=fact.provider, provider_id=fact.refund_id)


def _asked(row: RefundOrder) -> Refunded:
    return registry.refunding(row.payment.provider).refund(
        row.payment.provider_payment_id,
        amount=row.amount,
        currency=row.currency,
        key=row.key,
    )


@transaction.atomic
def keep(row: RefundOrder, fact: Refunded, *, now: datetime) -> None:
    """Take over what the provider made of an order."""
    refund = take(fact, now=now)
    refund.reason, refund.asked_by_id = row.reason, row.asked_by_id
    refund.save(update_fields=["reason", "asked_by"])
    row.refund = refund
    row.state, row.delivered_at, row.next_attempt_at = State.DELIVERED, now, None
    row.error = ""
    row.save(update_fields=["refund", "state", "delivered_at", "next_attempt_at", "error"])


def _note_failure(row: RefundOrder, error: ProviderError, now: datetime) -> None:
    row.error = str(error)[:1000]
    if error.retry:
        row.next_attempt_at = now + min(
            WAIT_FIRST * 2 ** min(row.attempts - 1, 10), WAIT_MAX
        )
    else:
        log.warning("refund %s was refused: %s", row.key, error)
        row.state, row.next_attempt_at = State.REFUSED, None
    row.save(update_fields=["error", "state", "next_attempt_at"])


def _key(attempt: UUID) -> str:
    return f"refund:{attempt}"


def _sum(rows: QuerySet[Any]) -> Decimal:
    found: Decimal | None = rows.aggregate(sum=Sum("amount"))["sum"]
    return found or Decimal(0)
