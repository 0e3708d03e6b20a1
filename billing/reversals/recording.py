"""A refund or a dispute as a row, and what it moves: once, however often it is told, and
back again if the money comes back after all."""

from datetime import datetime
from typing import Any

from django.db import transaction

from accounts import audit
from billing.events import Disputed, Refunded
from billing.models import Dispute, Payment, Refund
from billing.reversals import given, parts
from billing.reversals.parts import Given
from metering.balances import ledger


class UnknownPayment(Exception):
    """The payment that goes back is not known here yet; its own news must come first."""


Reversal = Refund | Dispute


# A refund may still fail after it has succeeded, and a lost dispute may be won on appeal.
_LATER_THAN = {
    "succeeded": {"pending", "requires_action"},
    "failed": {"pending", "requires_action", "succeeded"},
    "canceled": {"pending", "requires_action", "succeeded"},
    **dict.fromkeys(
        ("won", "lost", "prevented"),
        {
            "warning_needs_response",
            "warning_under_review",
            "needs_response",
            "under_review",
        },
    ),
}


@transaction.atomic
def record(fact: Refunded | Disputed, *, now: datetime) -> str:
    """Take over a refund or dispute as it is now, unless more is known of it already; returns
    what the ledgers did about it:
    `taken`, `returned` or `nothing moved`.

    Raises `UnknownPayment`.
    """
    payment = _locked_payment(fact, now)
    row = _row(fact, payment, now)
    if not _is_old_news(row.status, fact.status):
        row.status, row.is_effective = fact.status, fact.is_effective
        row.amount, row.updated_at = fact.amount, now
        row.save(update_fields=["status", "is_effective", "amount", "updated_at"])
    return align(payment, now=now)


@transaction.atomic
def align(payment: Payment, *, now: datetime) -> str:
    """Make the ledgers take what the reversals of a payment say; quiet if they do.

    The first reversals take first. What was used of it becomes debt.
    """
    with ledger.opened_one(payment.organization_id, now=now):
        """Takes the allowance's lock first, and opens the month that is due."""
    rows = _rows_of(payment)
    effective = [row for row in rows if row.is_effective]
    shares = parts.shares(
        given.by(payment),
        [row.amount for row in effective],
        paid=payment.amount + payment.tax,
        currency=payment.currency,
    )
    due = dict(zip((row.pk for row in effective), shares, strict=True))
    changes = [_move(row, due.get(row.pk, Given()), now) for row in rows]
    if not any(changes):
        return "nothing moved"
    return "taken" if sum(changes) > 0 else "returned"


def align_running(*, now: datetime) -> int:
    """Let refunds of periods that still run take their part of months begun since; returns
    how many were looked at."""
    refunded = Payment.objects.filter(
        subscription__isnull=False, period_ends_at__gt=now
    ).filter(pk__in=_effective_payment_ids())
    for payment in refunded:
        align(payment, now=now)
    return len(refunded)


def _effective_payment_ids() -> list[Any]:
    of_refunds = Refund.objects.filter(is_effective=True).values_list("payment_id")
    of_disputes = Dispute.objects.filter(is_effective=True).values_list("payment_id")
    return [key for (key,) in of_refunds.union(of_disputes)]


def _is_old_news(known: str, told: str) -> bool:
    """Return whether what is told was fetched before what is known: of two workers the one
    that asked first may come last."""
    return told in _LATER_THAN.get(known, ())


def _locked_payment(fact: Refunded | Disputed, now: datetime) -> Payment:
    known = Payment.objects.filter(
        provider=fact.provider, provider_payment_id__in=fact.payment_ids
    ).first()
    if known is None:
        raise UnknownPayment(", ".join(fact.payment_ids))
    with ledger.opened_one(known.organization_id, now=now):
        """Takes the allowance's lock first, as everybody does."""
    return Payment.objects.select_for_update(of=("self",)).get(pk=known.pk)


def _row(fact: Refunded | Disputed, payment: Payment, now: datetime) -> Reversal:
    model, provider_id = (
        (Refund, fact.refund_id)
        if isinstance(fact, Refunded)
        else (Dispute, fact.dispute_id)
    )
    row, is_new = model._default_manager.select_for_update().get_or_create(
        provider=fact.provider,
        provider_id=provider_id,
        defaults={
            "organization_id": payment.organization_id,
            "payment": payment,
            "amount": fact.amount,
            "currency": fact.currency,
            "status": fact.status,
            "reason": fact.reason[:60],
            "created_at": fact.created_at,
            "updated_at": now,
        },
    )
    if is_new:
        audit.record(
            organization=payment.organization,
            actor="payments",
            action=f"{model._meta.model_name}.{fact.status}",
            detail={
                "payment": str(payment.pk),
                "amount": str(fact.amount),
                "currency": fact.currency,
            },
            now=now,
        )
    return row


def _rows_of(payment: Payment) -> list[Reversal]:
    rows: list[Reversal] = [
        *payment.refunds.select_for_update().order_by("id"),
        *payment.disputes.select_for_update().order_by("id"),
    ]
    return sorted(rows, key=lambda row: (row.created_at, row.provider_id))


def _move(row: Reversal, due: Given, now: datetime) -> int:
    """Post what is missing to what a row should have taken; returns 1, -1 or 0."""
    minutes = due.minutes - row.minutes
    amount = due.wallet - row.wallet_amount
    if not minutes and not amount:
        return 0
    kind = "refund" if isinstance(row, Refund) else "dispute"
    posted: dict[str, Any] = {
        "organization_id": row.organization_id,
        "kind": kind,
        "reference": f"{kind}:{row.provider}:{row.provider_id}:{row.movements}",
        "reason": f"{kind} of {row.amount.normalize():f} {row.currency}",
        "now": now,
    }
    if minutes:
        ledger.add_credit_minutes(minutes=-minutes, **posted)
    if amount:
        ledger.move_money(amount=-amount, **posted)
    row.minutes, row.wallet_amount = due.minutes, due.wallet
    row.movements += 1
    row.save(update_fields=["minutes", "wallet_amount", "movements"])
    return 1 if (minutes or amount) > 0 else -1
