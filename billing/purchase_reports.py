"""How far a purchase has come, and what was paid: for whoever waits for it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from accounts.models import Organization
from billing.models import Payment, Purchase, TopUp

PAYMENTS_SHOWN = 12


@dataclass(frozen=True, slots=True)
class PurchaseReport:
    """`state` is pending, fulfilled, expired, failed or mismatched. A top-up of the wallet
    has no minutes."""

    id: UUID
    minutes: int
    price: Decimal
    currency: str
    state: str
    created_at: datetime
    fulfilled_at: datetime | None
    # The provider's page, while the purchase waits for its payment.
    checkout_url: str


@dataclass(frozen=True, slots=True)
class PaymentLine:
    """Money that came. `what` is the plan's name, how many minutes were bought, the invoice's
    number, or the wallet that it filled."""

    paid_at: datetime
    what: str
    amount: Decimal
    currency: str
    provider: str
    period_starts_at: datetime | None
    period_ends_at: datetime | None


def purchase_of(
    organization: Organization, purchase_id: UUID | None = None
) -> PurchaseReport | None:
    """Return that purchase of the organization, or its newest; None if there is none."""
    rows = Purchase.objects.filter(organization=organization)
    if purchase_id is not None:
        rows = rows.filter(pk=purchase_id)
    found = rows.order_by("-created_at", "-id").first()
    if found is None:
        return None
    is_open = found.state == Purchase.State.PENDING
    return PurchaseReport(
        id=found.pk,
        minutes=found.minutes,
        price=found.price,
        currency=found.currency,
        state=found.state,
        created_at=found.created_at,
        fulfilled_at=found.fulfilled_at,
        checkout_url=found.checkout_url if is_open else "",
    )


def top_up_of(organization: Organization, top_up_id: UUID) -> PurchaseReport | None:
    """Return that top-up of the organization's wallet, None if it has none such."""
    found = TopUp.objects.filter(organization=organization, pk=top_up_id).first()
    if found is None:
        return None
    is_open = found.state == TopUp.State.PENDING
    is_credited = found.state == TopUp.State.CREDITED
    return PurchaseReport(
        id=found.pk,
        minutes=0,
        price=found.amount,
        currency=found.currency,
        state="fulfilled" if is_credited else found.state,
        created_at=found.created_at,
        fulfilled_at=found.closed_at,
        checkout_url=found.checkout_url if is_open else "",
    )


def newest_payments(
    organization: Organization, *, limit: int = PAYMENTS_SHOWN
) -> list[PaymentLine]:
    """Return what was paid, newest first, with one statement."""
    rows = (
        Payment.objects.filter(organization=organization)
        .select_related("purchase", "plan", "subscription__plan", "invoice")
        .order_by("-paid_at", "-id")
    )
    return [
        PaymentLine(
            paid_at=row.paid_at,
            what=_what(row),
            amount=row.amount + row.tax,
            currency=row.currency,
            provider=row.provider,
            period_starts_at=row.period_starts_at,
            period_ends_at=row.period_ends_at,
        )
        for row in rows[:limit]
    ]


def _what(payment: Payment) -> str:
    if payment.purchase is not None:
        return f"{payment.purchase.minutes:,} minutes"
    if payment.subscription is not None:
        # What it was when it was paid; it may have been changed since.
        return (payment.plan or payment.subscription.plan).name
    return f"Invoice {payment.invoice.number}" if payment.invoice else "Wallet"
