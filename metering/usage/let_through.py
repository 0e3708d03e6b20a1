"""What shadow mode let through: calls and usage that enforcing would have refused or cut."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.db import connection

ZERO = Decimal(0)
CALLS_LISTED_MAX = 50

# Enforced, a call ends at its grant. Its price and cost are taken to be spread evenly over
# its minutes. Calls that never asked are not counted: no answer would have stopped them.
_CUT = """
  SELECT CASE WHEN d.would_refuse THEN d.rule ELSE 'cut_short' END AS rule, d.created_at,
    c.id, c.status, c.duration_seconds, c.billed_minutes, c.price, c.cost, d.would_refuse,
    CASE WHEN d.would_refuse THEN c.billed_minutes
      ELSE greatest(0, c.billed_minutes - d.minutes) END AS minutes
  FROM decisions d
  JOIN holds h ON h.id = d.hold_id
  JOIN calls c ON c.organization_id = d.organization_id AND c.provider = d.provider
    AND c.provider_call_id = substr(h.reference, length(d.provider) + 2)
  WHERE d.organization_id = %s AND d.inputs -> 'enforcement' = '"shadow"'
    AND d.created_at >= %s AND d.created_at < %s AND NOT c.is_unadmitted
"""


@dataclass(frozen=True, slots=True)
class Part:
    """What one rule would have saved; `cut_short` are calls that outlasted their grant.

    `price` is what the customer pays for it, `cost_usd` what the provider charges us."""

    rule: str
    calls: int
    minutes: int
    price: Decimal
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class LetThrough:
    """A call; `minutes` of its `billed_minutes` would not have been."""

    call_id: UUID
    at: datetime
    rule: str
    minutes: int
    billed_minutes: int
    price: Decimal
    cost_usd: Decimal


@dataclass(frozen=True, slots=True)
class OtherUse:
    meter: str
    events: int
    quantity: Decimal
    total: Decimal


@dataclass(frozen=True, slots=True)
class Report:
    """A time in shadow mode. `asked` counts all calls that asked meanwhile."""

    asked: int
    parts: tuple[Part, ...]
    usage: tuple[OtherUse, ...]

    @property
    def calls(self) -> int:
        return sum(part.calls for part in self.parts)

    @property
    def minutes(self) -> int:
        return sum(part.minutes for part in self.parts)

    @property
    def price(self) -> Decimal:
        of_calls = sum((part.price for part in self.parts), ZERO)
        return of_calls + sum((one.total for one in self.usage), ZERO)

    @property
    def cost_usd(self) -> Decimal:
        return sum((part.cost_usd for part in self.parts), ZERO)


def report(organization_id: UUID, *, start: datetime, end: datetime) -> Report:
    """Return what shadow mode let through in that time, by rule, the dearest first."""
    rows = _rows(
        f"""
        SELECT rule, count(*) AS calls, coalesce(sum(minutes), 0)::int AS minutes,
          coalesce(sum(round(price * minutes / nullif(billed_minutes, 0), 6)), 0) AS price,
          coalesce(sum(round(cost * minutes / nullif(billed_minutes, 0), 6)), 0) AS cost_usd
        FROM ({_CUT}) cut WHERE would_refuse OR minutes > 0
        GROUP BY rule ORDER BY minutes DESC, rule
        """,  # noqa: S608
        [organization_id, start, end],
    )
    (asked,) = _rows(
        """
        SELECT count(*) AS asked FROM decisions
        WHERE organization_id = %s AND inputs -> 'enforcement' = '"shadow"'
          AND created_at >= %s AND created_at < %s
        """,
        [organization_id, start, end],
    )
    return Report(
        asked=asked["asked"],
        parts=tuple(Part(**row) for row in rows),
        usage=_usage(organization_id, start=start, end=end),
    )


def newest_calls(
    organization_id: UUID, *, start: datetime, end: datetime
) -> tuple[LetThrough, ...]:
    """Return the newest calls that enforcing would have refused or cut."""
    rows = _rows(
        f"""
        SELECT id AS call_id, created_at AS at, rule, minutes, billed_minutes,
          coalesce(round(price * minutes / nullif(billed_minutes, 0), 6), 0) AS price,
          coalesce(round(cost * minutes / nullif(billed_minutes, 0), 6), 0) AS cost_usd
        FROM ({_CUT}) cut WHERE would_refuse OR minutes > 0
        ORDER BY created_at DESC LIMIT %s
        """,  # noqa: S608
        [organization_id, start, end, CALLS_LISTED_MAX],
    )
    return tuple(LetThrough(**row) for row in rows)


def _usage(
    organization_id: UUID, *, start: datetime, end: datetime
) -> tuple[OtherUse, ...]:
    """Other meters, with what was corrected or voided since taken off."""
    rows = _rows(
        """
        SELECT meter, sum(events)::int AS events, sum(quantity) AS quantity,
          sum(total) AS total
        FROM (
          SELECT u.meter, 1 AS events, u.quantity + coalesce(c.quantity, 0) AS quantity,
            u.total + coalesce(c.total, 0) AS total
          FROM usage_events u LEFT JOIN LATERAL (
            SELECT sum(quantity) AS quantity, sum(total) AS total FROM usage_events
            WHERE corrects_id = u.id) c ON true
          WHERE u.organization_id = %s AND u.metadata ? 'would_refuse'
            AND u.occurred_at >= %s AND u.occurred_at < %s) used
        GROUP BY meter ORDER BY meter
        """,
        [organization_id, start, end],
    )
    return tuple(OtherUse(**row) for row in rows)


def _rows(statement: str, values: list[Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
