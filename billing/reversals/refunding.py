"""Staff give money back: through the provider, which tells us what came of it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction
from django.db.models import Sum

from accounts import audit
from accounts.models import User
from billing.documents import credit_notes
from billing.errors import NotRefundable, ProviderUnavailable
from billing.events import Refunded
from billing.models import Payment, Refund
from billing.overage.payers import BILL_USAGE
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.reversals import recording


@dataclass(frozen=True, slots=True)
class Refunding:
    """How much of a payment can still be given back."""

    paid: Decimal
    refunded: Decimal

    @property
    def left(self) -> Decimal:
        return self.paid - self.refunded


def left_of(payment: Payment) -> Refunding:
    refunded = payment.refunds.filter(is_effective=True).aggregate(sum=Sum("amount"))
    return Refunding(payment.amount + payment.tax, refunded["sum"] or Decimal(0))


def refund(
    payment: Payment, *, amount: Decimal, reason: str, actor: User, now: datetime
) -> Refund:
    """Give money of a payment back and take back what it gave, in the same part.

    The same amount asked again before the first is known is the same refund. Raises
    `NotRefundable` for more than is left, `ProviderUnavailable` when nobody answered.
    """
    before = left_of(payment)
    if not Decimal(0) < amount <= before.left or payment.provider not in BILL_USAGE:
        raise NotRefundable
    # What was refunded before is part of the key: two clicks are one refund, a second
    # refund of the same amount is another.
    key = f"refund:{payment.pk}:{before.refunded.normalize():f}:{amount.normalize():f}"
    try:
        fact = registry.billing_usage(payment.provider).refund(
            payment.provider_payment_id, amount=amount, currency=payment.currency, key=key
        )
    except ProviderError as error:
        raise ProviderUnavailable from error
    return _keep(fact, reason=reason, actor=actor, now=now)


@transaction.atomic
def _keep(fact: Refunded, *, reason: str, actor: User, now: datetime) -> Refund:
    recording.record(fact, now=now)
    credit_notes.issue(fact, now=now)
    row = Refund.objects.get(provider=fact.provider, provider_id=fact.refund_id)
    if row.asked_by_id is None:
        row.reason, row.asked_by = reason[:300], actor
        row.save(update_fields=["reason", "asked_by"])
        audit.record(
            organization=row.organization,
            actor=actor,
            action="refund.asked",
            detail={"refund": str(row.pk), "amount": str(row.amount), "reason": reason},
            now=now,
        )
    return row
