"""Corrections by hand: a ledger row and an audit row, together or not at all."""

from dataclasses import dataclass
from datetime import datetime

from django.db import transaction

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization, User
from metering.balances import ledger
from metering.balances.models import Allowance
from servicebilling.lib.ids import new_id

REASON_LENGTH_MIN = 3
# More is a slip of the keyboard.
MINUTES_MAX = 1_000_000


@dataclass(frozen=True, slots=True)
class Adjusted:
    """The counters before and after, and the reference of the ledger row."""

    reference: str
    credit_minutes_before: int
    credit_minutes: int
    minutes_used_before: int
    minutes_used_this_cycle: int


@transaction.atomic
def adjust_minutes(
    *,
    organization: Organization,
    reason: str,
    actor: Actor,
    now: datetime,
    credit: int = 0,
    used: int = 0,
    dry_run: bool = False,
) -> Adjusted:
    """Change the credit minutes, or the minutes used in this cycle, by a signed number.

    Raises `NotAvailable` for taking more than is free, `LedgerError` without a reason or for
    a change of nothing. A dry run returns the effect and keeps nothing.
    """
    if len(reason.strip()) < REASON_LENGTH_MIN:
        raise ledger.LedgerError("An adjustment needs a reason.")
    if bool(credit) == bool(used):
        raise ledger.LedgerError("Adjust either the credit or the minutes used.")
    if abs(credit or used) > MINUTES_MAX:
        raise ledger.LedgerError(f"An adjustment is of at most {MINUTES_MAX:,} minutes.")
    reference = f"adjustment:{new_id()}"
    change = ledger.adjust_credit if credit else ledger.adjust_used
    change(
        organization_id=organization.pk,
        minutes=credit or used,
        reference=reference,
        reason=reason,
        now=now,
        actor_id=actor.pk if isinstance(actor, User) else None,
    )
    audit.record(
        organization=organization,
        actor=actor,
        action="minutes.adjusted",
        detail={"credit": credit, "used": used, "reference": reference},
        now=now,
    )
    # Locked by us, so nothing else has moved the counters since.
    after = Allowance.objects.get(organization=organization)
    if dry_run:
        transaction.set_rollback(True)
    return Adjusted(
        reference=reference,
        credit_minutes_before=after.credit_minutes - credit,
        credit_minutes=after.credit_minutes,
        minutes_used_before=after.minutes_used_this_cycle - used,
        minutes_used_this_cycle=after.minutes_used_this_cycle,
    )
