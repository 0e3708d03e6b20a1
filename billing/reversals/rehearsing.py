"""What a refund would do to an organization's balances, before anybody asks for it."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db import transaction

from billing.events import Refunded
from billing.models import Payment, Refund
from billing.reversals import recording
from metering.models import Allowance, Wallet
from servicebilling.lib.ids import new_id


@dataclass(frozen=True, slots=True)
class Standing:
    """What an organization may still use: minutes below zero are debt."""

    minutes: int
    wallet: Decimal


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """Minutes and money of the wallet that a refund takes back, and what is left."""

    minutes: int
    wallet: Decimal
    before: Standing
    after: Standing

    @property
    def is_debt(self) -> bool:
        return self.after.minutes < 0 or self.after.wallet < 0


@transaction.atomic
def rehearse(payment: Payment, *, amount: Decimal, now: datetime) -> Rehearsed:
    """Do all that a refund of this amount does, tell it, and undo it.

    Waits for nobody outside; holds the organization's lock meanwhile.
    """
    fact = Refunded(
        provider=payment.provider,
        refund_id=f"rehearsed:{new_id()}",
        payment_ids=(payment.provider_payment_id,),
        amount=amount,
        currency=payment.currency,
        status=Refund.Status.SUCCEEDED,
        is_effective=True,
        created_at=now,
    )
    before = _standing(payment)
    recording.record(fact, now=now)
    row = Refund.objects.get(provider=fact.provider, provider_id=fact.refund_id)
    after = _standing(payment)
    transaction.set_rollback(True)
    return Rehearsed(row.minutes, row.wallet_amount, before, after)


def _standing(payment: Payment) -> Standing:
    found = Allowance.objects.get(organization_id=payment.organization_id)
    covered = found.minutes_used_this_cycle - found.minutes_paid_otherwise
    wallet = Wallet.objects.get(organization_id=payment.organization_id)
    return Standing(found.plan_minutes + found.credit_minutes - covered, wallet.balance)
