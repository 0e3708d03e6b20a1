"""What comes into the demo's balances beside its plans, and what happens to who stops paying.

What is bought is paid for, with receipt and credit note, at a provider that does not exist:
nobody is ever asked about it. What is granted says in its reason that it is a demo.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from uuid import UUID

from accounts.models import Organization, User
from billing import exchange
from billing.demo import cast
from billing.demo.cast import Credit
from billing.demo.months import cycle_start
from billing.documents import receipts
from billing.events import Paid, Refunded
from billing.models import Payment, Refund
from billing.purchases import fulfilling, starting
from billing.reversals import refunding
from billing.subscriptions.standing import GRACE
from billing.topups import fulfilling as crediting
from billing.topups import starting as filling
from metering.balances import adjustments, cycles, ledger
from metering.balances.models import Allowance

PROVIDER = "demo"
# What a dollar is worth, so that margins are known in every currency of the demo.
RATES = {"EUR": Decimal("0.92"), "NGN": Decimal("1480")}


@dataclass(frozen=True, slots=True)
class Due:
    """At `at`, a credit comes in, or else a standing is put in force."""

    at: datetime
    organization: Organization
    credit: Credit | None = None
    standing: str = ""


def enter_rates(*, staff: User, now: datetime) -> None:
    for currency, rate in RATES.items():
        exchange.enter(base=exchange.USD, quote=currency, rate=rate, actor=staff, now=now)


def due(demo: cast.Organization, organization: Organization, *, now: datetime) -> list[Due]:
    """Return all that happens to an organization's money from its first day until now."""
    found = []
    for credit in demo.credits:
        began = cycle_start(demo, months_ago=credit.months_ago, now=now)
        at = began + timedelta(days=credit.day, hours=5)
        found.append(Due(at, organization, credit))
    if demo.unpaid_since_months_ago is not None:
        at = cycle_start(demo, months_ago=demo.unpaid_since_months_ago, now=now)
        found.append(Due(at, organization, standing=Allowance.Standing.GRACE))
        found.append(Due(at + GRACE, organization, standing=Allowance.Standing.PAST_DUE))
    return [one for one in found if one.at < now]


def limit_what_is_paid(
    demo: cast.Organization,
    organization: Organization,
    *,
    opened_at: datetime,
    now: datetime,
) -> None:
    """Let a plan that will not be renewed run until then, with the grace of renewal."""
    if demo.unpaid_since_months_ago is None:
        return
    unpaid_at = cycle_start(demo, months_ago=demo.unpaid_since_months_ago, now=now)
    cycles.vouch(
        organization_id=organization.pk,
        period_starts_at=opened_at,
        rolls_until=unpaid_at + GRACE,
        now=opened_at,
    )


def happen(one: Due, *, number: int, staff: User) -> None:
    """Let it happen. `number` tells apart what comes to one organization."""
    organization, credit = one.organization, one.credit
    if credit is None:
        cycles.set_standing(
            organization_id=organization.pk, standing=one.standing, now=one.at
        )
    elif credit.kind == "adjustment":
        adjustments.adjust(
            "credit_minutes",
            credit.minutes,
            organization=organization,
            reason=f"Demo: {credit.reason}",
            actor=staff,
            now=one.at,
        )
    elif credit.kind == "purchase":
        _buy(credit, organization, number=number, at=one.at)
    elif credit.kind == "top_up":
        _fill(credit, organization, number=number, at=one.at)
    elif credit.minutes:
        ledger.add_credit_minutes(
            organization_id=organization.pk,
            minutes=credit.minutes,
            kind=credit.kind,
            reference=f"demo:{credit.kind}:{number}",
            reason=f"Demo: {credit.reason}",
            now=one.at,
        )
    else:
        ledger.move_money(
            organization_id=organization.pk,
            amount=Decimal(credit.amount),
            kind=credit.kind,
            reference=f"demo:{credit.kind}:{number}",
            reason=f"Demo: {credit.reason}",
            now=one.at,
        )


def _buy(credit: Credit, organization: Organization, *, number: int, at: datetime) -> None:
    """Let the owner buy minutes and pay for them."""
    purchase = starting.start(
        organization=organization,
        bundle_code=f"minutes-{credit.minutes}-{organization.currency.lower()}",
        provider=PROVIDER,
        started_by=organization.owner,
        now=at,
    )
    paid = _paid(organization, purchase.pk, purchase.price, number=number, at=at)
    fulfilling.fulfil(paid, now=at)
    receipts.issue(Payment.objects.get(purchase=purchase), now=at)
    if credit.given_back:
        back = Refunded(
            provider=PROVIDER,
            refund_id=f"back-{paid.payment_id}",
            payment_ids=(paid.payment_id,),
            amount=Decimal(credit.given_back),
            currency=organization.currency,
            status=Refund.Status.SUCCEEDED,
            is_effective=True,
            created_at=at,
            reason="Demo: not all of them were wanted",
        )
        refunding.take(back, now=at)


def _fill(credit: Credit, organization: Organization, *, number: int, at: datetime) -> None:
    """Let the owner pay money into the wallet."""
    top_up = filling.start(
        organization=organization,
        amount=Decimal(credit.amount),
        currency=organization.currency,
        provider=PROVIDER,
        started_by=organization.owner,
        now=at,
    )
    paid = _paid(organization, top_up.pk, top_up.amount, number=number, at=at)
    crediting.credit(paid, now=at)
    receipts.issue(Payment.objects.get(top_up=top_up), now=at)


def _paid(
    organization: Organization, what: UUID, amount: Decimal, *, number: int, at: datetime
) -> Paid:
    return Paid(
        provider=PROVIDER,
        purchase_id=what,
        payment_id=f"{organization.slug}-{number}",
        amount=amount,
        currency=organization.currency,
        paid_at=at,
    )
