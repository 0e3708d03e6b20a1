"""Whether limits are enforced or only watched: shadow mode, by organization."""

from datetime import datetime

from accounts import audit
from accounts.audit import Actor
from accounts.models import Organization
from metering.balances import ledger


def switch(
    organization: Organization,
    enforcement: str,
    *,
    reason: str,
    actor: Actor,
    now: datetime,
) -> bool:
    """Enforce an organization's limits, or only watch them, from the next question on; False
    if it stands so already.

    Calls that run go on as they were admitted. Waits for a gate that is just deciding.
    """
    with ledger.opened_one(organization.pk, now=now) as book:
        before = book.enforcement
        if before == enforcement:
            return False
        book.enforcement = enforcement
        audit.record(
            organization=organization,
            actor=actor,
            action="enforcement.set",
            detail={"from": before, "to": enforcement, "reason": reason},
            now=now,
        )
    return True
