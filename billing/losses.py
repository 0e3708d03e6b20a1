"""Who costs us more than they bring: calls of the last day, and organizations and agents by
what was paid in the last month. Read by an alert, so it is computed once in a while.

An organization's margin is what it paid, less what was given back and what its calls cost us.
An agent's is its share of that payment, by billed minutes, less what its own calls cost. A
call's is its price less its cost; minutes that were paid for before stand against it.
"""

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from django.core.cache import cache
from django.db import connection

from billing.errors import NoRate
from billing.exchange import Rates
from metering.models import Wallet

# Longer than any month, so each holds a renewal of whoever pays monthly.
SPAN = timedelta(days=31)
CALLS_SPAN = timedelta(days=1)
LISTED_MAX = 5
KEPT_SECONDS = 900
_KEY = "losses"

# Who pays for a year at once pays for each month of it: what is counted is the part of the
# time looked at.
MOVED = """
  moved AS (
    SELECT organization_id, currency, amount FROM payments
      WHERE paid_at >= %(since)s
        AND (period_ends_at - period_starts_at > interval '32 days') IS NOT TRUE
    UNION ALL SELECT organization_id, currency, round(amount
        * extract(epoch FROM least(period_ends_at, %(now)s)
          - greatest(period_starts_at, %(since)s))
        / extract(epoch FROM period_ends_at - period_starts_at), 6) FROM payments
      WHERE period_ends_at > %(since)s AND period_starts_at < %(now)s
        AND period_ends_at - period_starts_at > interval '32 days'
    UNION ALL SELECT organization_id, currency, -amount FROM refunds
      WHERE is_effective AND created_at >= %(since)s
    UNION ALL SELECT organization_id, currency, -amount FROM disputes
      WHERE is_effective AND created_at >= %(since)s)
"""

# What a dollar is worth comes from outside: a currency without a rate is left out, for
# nothing can be said of it. Losses are compared in dollars.
_MONEY = (
    """
  WITH rate AS (
    SELECT r.key AS currency, r.value::numeric AS rate
    FROM jsonb_each_text(%(rates)s::jsonb) r),
  used AS (
    SELECT organization_id, agent_id, sum(cost) AS cost, sum(quantity) AS minutes
    FROM daily_usage WHERE day >= %(day)s AND meter = 'voice_minute'
    GROUP BY organization_id, agent_id),
  costly AS (
    SELECT organization_id, sum(cost) AS cost, sum(minutes) AS minutes FROM used
    GROUP BY organization_id HAVING sum(cost) > 0),
  """
    + MOVED
    + """,
  brought AS (
    SELECT c.organization_id, o.name, o.currency, rate.rate, c.cost, c.minutes,
      coalesce((SELECT sum(m.amount) FROM moved m WHERE m.currency = o.currency
        AND m.organization_id = c.organization_id), 0) AS amount
    FROM costly c JOIN organizations o ON o.id = c.organization_id
    JOIN rate ON rate.currency = o.currency)
"""
)
_ORGANIZATIONS = (
    _MONEY
    + """
  SELECT organization_id, name, '' AS agent, currency,
    round(amount - cost * rate, 6) AS margin, count(*) OVER () AS found
  FROM brought WHERE amount < cost * rate
  ORDER BY (amount - cost * rate) / rate LIMIT %(most)s
"""
)
_AGENTS = (
    _MONEY
    + """
  , shared AS (
    SELECT b.organization_id, b.name, a.name AS agent, b.currency, b.rate,
      b.amount * u.minutes / nullif(b.minutes, 0) - u.cost * b.rate AS margin
    FROM brought b JOIN used u ON u.organization_id = b.organization_id
    JOIN agents a ON a.id = u.agent_id)
  SELECT organization_id, name, agent, currency, round(margin, 6) AS margin,
    count(*) OVER () AS found
  FROM shared WHERE margin < 0 ORDER BY margin / rate LIMIT %(most)s
"""
)
_CALLS = """
  SELECT count(*) AS found,
    coalesce(round(sum(c.price / r.value::numeric - c.cost), 6), 0) AS margin
  FROM calls c JOIN jsonb_each_text(%(rates)s::jsonb) r ON r.key = c.currency
  WHERE c.occurred_at >= %(since)s AND c.occurred_at <= %(now)s AND c.cost > 0
    AND c.minutes_from_plan + c.minutes_from_credit = 0
    AND c.price < c.cost * r.value::numeric
"""


@dataclass(frozen=True, slots=True)
class Loss:
    """`agent` is empty for an organization as a whole; `margin` is negative, in its currency."""

    organization_id: UUID
    name: str
    agent: str
    currency: str
    margin: Decimal


@dataclass(frozen=True, slots=True)
class Losses:
    """How many of each, and the worst. `calls_margin_usd` is of all those calls."""

    organizations: int
    agents: int
    calls: int
    calls_margin_usd: Decimal
    worst_organizations: tuple[Loss, ...]
    worst_agents: tuple[Loss, ...]

    @property
    def are_any(self) -> bool:
        return bool(self.organizations or self.agents or self.calls)


def lately(*, now: datetime) -> Losses:
    """Return what `find` said at most a quarter of an hour ago."""
    return kept() or look(now=now)


def kept() -> Losses | None:
    """Return what was found last, if it is not old; asks no table."""
    found: Losses | None = cache.get(_KEY)
    return found


def look(*, now: datetime) -> Losses:
    """Find and keep it, for whoever asks often; beat does so every ten minutes."""
    found = find(now=now)
    cache.set(_KEY, found, KEPT_SECONDS)
    return found


def find(*, now: datetime) -> Losses:
    """Return what loses money now; five statements, however many organizations there are."""
    rates = json.dumps({code: str(rate) for code, rate in rates_at(now).items()})
    since = now - SPAN
    month = {
        "rates": rates,
        "since": since,
        "now": now,
        "day": since.astimezone(UTC).date(),
        "most": LISTED_MAX,
    }
    organizations = _rows(_ORGANIZATIONS, month)
    agents = _rows(_AGENTS, month)
    (calls,) = _rows(_CALLS, {"rates": rates, "since": now - CALLS_SPAN, "now": now})
    return Losses(
        organizations=_found(organizations),
        agents=_found(agents),
        calls=calls["found"],
        calls_margin_usd=calls["margin"],
        worst_organizations=_losses(organizations),
        worst_agents=_losses(agents),
    )


def rates_at(now: datetime) -> dict[str, Decimal]:
    """What a dollar is worth in each currency that an organization has."""
    currencies = set(
        Wallet.objects.order_by().values_list("currency", flat=True).distinct()
    )
    read, rates = Rates.of(currencies), {}
    for currency in currencies:
        try:
            rates[currency] = read.cost_in(currency, Decimal(1), at=now)
        except NoRate:
            continue
    return rates


def _found(rows: list[dict[str, Any]]) -> int:
    return rows[0]["found"] if rows else 0


def _losses(rows: list[dict[str, Any]]) -> tuple[Loss, ...]:
    named = ("organization_id", "name", "agent", "currency", "margin")
    return tuple(Loss(**{name: row[name] for name in named}) for row in rows)


def _rows(statement: str, values: dict[str, Any]) -> list[dict[str, Any]]:
    with connection.cursor() as cursor:
        cursor.execute(statement, values)
        names = [column.name for column in cursor.description]
        return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]
