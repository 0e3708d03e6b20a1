"""What staff weigh before they enforce an organization's limits, or only watch them."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from accounts.models import AuditEntry
from metering.models import Allowance, Hold

SWITCHES_LISTED_MAX = 20


@dataclass(frozen=True, slots=True)
class Now:
    """How an organization stands; `free` minutes may be claimed by the next call."""

    enforcement: str
    standing: str
    when_exhausted: str
    free: int
    held: int
    debt: int
    wallet: Decimal
    currency: str
    # Calls against a rule that run, with nothing held for them.
    running: int
    has_own_cap: bool

    @property
    def is_watched(self) -> bool:
        return self.enforcement == Allowance.Enforcement.SHADOW

    @property
    def is_refused(self) -> bool:
        """Whether the next call would be refused, were the limits enforced."""
        return self.free < 1 or self.standing == Allowance.Standing.PAST_DUE


@dataclass(frozen=True, slots=True)
class Switch:
    at: datetime
    to: str
    reason: str
    by: str


def now_of(organization_id: UUID) -> Now | None:
    """None: it was never given any balances."""
    found = (
        Allowance.objects.select_related("rate_card", "organization__wallet")
        .filter(pk=organization_id)
        .first()
    )
    if found is None:
        return None
    covered = found.minutes_used_this_cycle - found.minutes_paid_otherwise
    wallet = getattr(found.organization, "wallet", None)
    return Now(
        enforcement=found.enforcement,
        standing=found.standing,
        when_exhausted=found.rate_card.when_exhausted,
        free=found.minutes_ceiling - found.minutes_held,
        held=found.minutes_held,
        debt=max(0, covered - found.plan_minutes - found.credit_minutes),
        wallet=wallet.balance if wallet else Decimal(0),
        currency=found.organization.currency,
        running=Hold.objects.filter(
            organization_id=organization_id, state=Hold.State.OPEN, minutes=0
        ).count(),
        has_own_cap=found.overage_limit_minutes is not None,
    )


def switches(organization_id: UUID) -> tuple[Switch, ...]:
    """Return who switched when and why, newest first."""
    rows = AuditEntry.objects.filter(
        organization_id=organization_id, action="enforcement.set"
    ).select_related("actor")
    return tuple(
        Switch(
            row.created_at,
            row.detail["to"],
            row.detail["reason"],
            str(row.actor or row.actor_label),
        )
        for row in rows.order_by("-id")[:SWITCHES_LISTED_MAX]
    )
