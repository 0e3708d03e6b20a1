"""The last thing that gave minutes or money: while it is the same, a threshold is told once."""

from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from django.db import connection

from metering.notices.levels import Crossing, Level

# Both look along an index of rows that are no usage, newest first, so a long history of
# calls costs nothing.
_LAST = """
    SELECT a.organization_id,
      coalesce((
        SELECT m.id FROM minute_transactions m
        WHERE m.organization_id = a.organization_id AND m.created_at >= c.starts_at
          AND m.kind <> 'usage' AND m.kind <> 'cycle_close' AND m.cycle_id = a.cycle_id
          AND (m.credit_change > 0 OR m.used_change < 0)
        ORDER BY m.created_at DESC, m.id DESC LIMIT 1), 0),
      coalesce((
        SELECT w.id FROM wallet_transactions w
        WHERE w.organization_id = a.organization_id AND w.kind <> 'usage' AND w.amount > 0
        ORDER BY w.created_at DESC, w.id DESC LIMIT 1), 0)
    FROM allowances a JOIN billing_cycles c ON c.id = a.cycle_id
    WHERE a.organization_id = ANY (%s)
"""


@dataclass(frozen=True, slots=True)
class Refills:
    """Ids of the last ledger rows that gave something; 0 where there is none."""

    # Of the running cycle: bought, granted, or counted minutes taken back by hand.
    minutes: int = 0
    wallet: int = 0

    def name(self, crossing: Crossing, level: Level) -> str:
        """Return what a notice remembers; plan minutes that grew change it, too."""
        if crossing.kind == "wallet_left":
            return f"wallet {self.wallet}"
        if crossing.kind == "overage_left":
            # Another cap is to be told again; more minutes come before it.
            return f"overage {level.overage_limit} after {self.minutes}"
        if crossing.kind == "postpaid_used":
            # Once a cycle, and again under another limit.
            return f"postpaid {level.postpaid_limit:f}"
        return f"minutes {level.minutes_pool} after {self.minutes}"


def last_of(organization_ids: Iterable[UUID]) -> dict[UUID, Refills]:
    """Return the last refills of organizations; one statement."""
    with connection.cursor() as cursor:
        cursor.execute(_LAST, [list(organization_ids)])
        return {owner: Refills(*last) for owner, *last in cursor.fetchall()}
