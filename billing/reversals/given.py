"""What a payment has given so far."""

from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Sum

from billing.models import Payment, Purchase, TopUp
from billing.reversals.parts import Given
from metering.balances.cycles import SAME_START_WITHIN
from metering.models import BillingCycle, WalletTransaction


def by(payment: Payment) -> Given:
    """Return the minutes and the money of the wallet that a payment gave.

    Of a subscription's period: the plan minutes of its months that have begun (a yearly one
    gives them month by month) and the wallet grant. An invoice of usage gives nothing.
    """
    if payment.purchase is not None:
        is_given = payment.purchase.state == Purchase.State.FULFILLED
        return Given(minutes=payment.purchase.minutes if is_given else 0)
    if payment.top_up is not None:
        is_given = payment.top_up.state == TopUp.State.CREDITED
        return Given(wallet=payment.top_up.amount if is_given else Decimal(0))
    if payment.period_starts_at is not None and payment.period_ends_at is not None:
        months = _minutes_of_months(
            payment.organization_id,
            payment.period_starts_at,
            payment.period_ends_at,
            served_until=payment.subscription.ended_at if payment.subscription else None,
        )
        return Given(months, _grant(payment))
    return Given()


def _minutes_of_months(
    organization_id: UUID,
    starts_at: datetime,
    ends_at: datetime,
    *,
    served_until: datetime | None,
) -> int:
    """What begins after a subscription has ended is the next one's, in whose period ever."""
    begun = BillingCycle.objects.filter(
        organization_id=organization_id,
        starts_at__gte=starts_at - SAME_START_WITHIN,
        starts_at__lt=ends_at - SAME_START_WITHIN,
        is_paid=True,
    )
    if served_until is not None:
        begun = begun.filter(starts_at__lt=served_until)
    return begun.aggregate(sum=Sum("included_minutes"))["sum"] or 0


def _grant(payment: Payment) -> Decimal:
    granted = WalletTransaction.objects.filter(
        organization_id=payment.organization_id, reference=f"grant:{payment.pk}"
    )
    return granted.aggregate(sum=Sum("amount"))["sum"] or Decimal(0)
