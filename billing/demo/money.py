"""What comes into the demo's balances beside its plans, and what happens to who stops paying.

No payment stands behind these rows; each says so in its reason.
"""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal

from accounts.models import Organization, User
from billing.demo import cast
from billing.demo.cast import Credit
from billing.demo.months import cycle_start
from billing.subscriptions.standing import GRACE
from metering.balances import adjustments, cycles, ledger
from metering.balances.models import Allowance


@dataclass(frozen=True, slots=True)
class Due:
    """At `at`, a credit comes in, or else a standing is put in force."""

    at: datetime
    organization: Organization
    credit: Credit | None = None
    standing: str = ""


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
