"""What staff see of money before they decide about it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from billing.models import Document, Payment
from billing.reversals import refunding
from billing.reversals.refunding import Refunding


@dataclass(frozen=True, slots=True)
class WentBack:
    """A refund, one that was asked for, or a dispute. `note` is the provider's refusal or
    why it was asked for; `minutes` and `wallet` what it took back."""

    at: datetime
    what: str
    amount: Decimal
    state: str
    minutes: int
    wallet: Decimal
    by: str
    note: str


@dataclass(frozen=True, slots=True)
class PaymentSheet:
    payment: Payment
    what_for: str
    document: Document | None
    money: Refunding
    went_back: list[WentBack]
    can_give_back: bool


def payment_sheet(payment_id: UUID) -> PaymentSheet:
    """Return a payment with all that went back of it. Raises `Payment.DoesNotExist`."""
    payment = Payment.objects.select_related(
        "organization", "purchase", "top_up", "subscription__plan", "invoice", "document"
    ).get(pk=payment_id)
    return PaymentSheet(
        payment=payment,
        what_for=_what_for(payment),
        document=getattr(payment, "document", None) or payment.invoice,
        money=refunding.left_of(payment),
        went_back=sorted(_went_back(payment), key=lambda row: row.at, reverse=True),
        can_give_back=refunding.can_give_back(payment),
    )


def _what_for(payment: Payment) -> str:
    if payment.purchase is not None:
        return f"{payment.purchase.minutes:,} minutes"
    if payment.top_up is not None:
        return "Wallet top-up"
    if payment.subscription is not None:
        return f"{payment.subscription.plan.name}, {payment.subscription.billing_period}"
    return f"Invoice {payment.invoice.number}" if payment.invoice else "Invoice"


def _went_back(payment: Payment) -> list[WentBack]:
    rows = [
        WentBack(
            at=row.created_at,
            what="Refund",
            amount=row.amount,
            state=row.status,
            minutes=row.minutes,
            wallet=row.wallet_amount,
            by=str(row.asked_by) if row.asked_by else "at the provider",
            note=row.reason,
        )
        for row in payment.refunds.select_related("asked_by")
    ]
    rows += [
        WentBack(
            at=row.created_at,
            what="Dispute",
            amount=row.amount,
            state=row.status,
            minutes=row.minutes,
            wallet=row.wallet_amount,
            by="the bank",
            note=row.reason,
        )
        for row in payment.disputes.all()
    ]
    rows += [
        WentBack(
            at=row.created_at,
            what="Refund asked for",
            amount=row.amount,
            state=row.state,
            minutes=0,
            wallet=Decimal(0),
            by=str(row.asked_by),
            note=row.error or row.reason,
        )
        for row in payment.refund_orders.filter(refund=None).select_related("asked_by")
    ]
    return rows
