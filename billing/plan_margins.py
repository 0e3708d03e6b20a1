"""Which plan loses money: what those on it paid in a month, less what their calls cost us."""

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Decimal

from django.core.cache import cache
from django.db import connection

from billing.losses import MOVED, SPAN, rates_at

KEPT_SECONDS = 300

# Everybody on any version of a plan, in dollars. A currency without a rate is counted apart.
_BY_PLAN = (
    """
  WITH rate AS (
    SELECT r.key AS currency, r.value::numeric AS rate
    FROM jsonb_each_text(%(rates)s::jsonb) r),
  used AS (
    SELECT organization_id, sum(cost) AS cost, sum(quantity) AS minutes
    FROM daily_usage WHERE day >= %(day)s AND meter = 'voice_minute'
    GROUP BY organization_id),
  """
    + MOVED
    + """,
  paid AS (
    SELECT organization_id, currency, sum(amount) AS amount FROM moved
    GROUP BY organization_id, currency)
  SELECT regexp_replace(c.code, '-[0-9]+$', '') AS plan,
    count(*), coalesce(sum(u.minutes) FILTER (WHERE rate.rate IS NOT NULL), 0)::bigint,
    coalesce(sum(round(p.amount / rate.rate, 6)), 0),
    coalesce(sum(u.cost) FILTER (WHERE rate.rate IS NOT NULL), 0),
    count(*) FILTER (WHERE rate.rate IS NULL)
  FROM allowances a
  JOIN rate_cards c ON c.id = a.plan_card_id
  JOIN organizations o ON o.id = a.organization_id
  LEFT JOIN rate ON rate.currency = o.currency
  LEFT JOIN used u ON u.organization_id = o.id
  LEFT JOIN paid p ON p.organization_id = o.id AND p.currency = o.currency
  GROUP BY 1
"""
)


@dataclass(frozen=True, slots=True)
class PlanMargin:
    """Sums leave out `without_rate`, of whose currency nobody entered a rate."""

    plan: str
    organizations: int
    minutes: int
    paid_usd: Decimal
    cost_usd: Decimal
    without_rate: int

    @property
    def margin_usd(self) -> Decimal:
        return self.paid_usd - self.cost_usd

    @property
    def cost_of_a_minute_usd(self) -> Decimal | None:
        return round(self.cost_usd / self.minutes, 4) if self.minutes else None

    @property
    def paid_for_a_minute_usd(self) -> Decimal | None:
        return round(self.paid_usd / self.minutes, 4) if self.minutes else None


def lately(*, now: datetime) -> list[PlanMargin]:
    """Return what `of_all` said at most five minutes ago."""
    kept: list[PlanMargin] | None = cache.get("plan_margins")
    if kept is None:
        kept = of_all(now=now)
        cache.set("plan_margins", kept, KEPT_SECONDS)
    return kept


def of_all(*, now: datetime) -> list[PlanMargin]:
    """Return the plans that somebody is on, those that lose most first; one statement beside
    the exchange rates."""
    since = now - SPAN
    values: dict[str, str | date | datetime] = {
        "rates": json.dumps({code: str(rate) for code, rate in rates_at(now).items()}),
        "since": since,
        "now": now,
        "day": since.astimezone(UTC).date(),
    }
    with connection.cursor() as cursor:
        cursor.execute(_BY_PLAN, values)
        found = [PlanMargin(*row) for row in cursor.fetchall()]
    return sorted(found, key=lambda one: (one.margin_usd, one.plan))
