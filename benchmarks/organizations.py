"""What the operator's list of organizations costs with many of them.

    DATABASE_URL=postgresql://… python benchmarks/organizations.py [--organizations 100000]

Makes a database of its own on the server of DATABASE_URL and drops it again; the database
that is named there is not touched. Organizations with balances are made by plain SQL: first
a hundred, then all, so each list is measured twice. Times are medians; blocks are the buffers
that the statement which finds the page touches, counted by the server.
"""

import argparse
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from measuring import Read, blocks, milliseconds, own_database

FEW = 100
ROW = "{:<30}{:>10}{:>10}{:>9}{:>9}"

FILL = """
WITH made AS (
  INSERT INTO organizations (id, name, slug, billing_email, timezone, currency,
    stripe_customer_id, status, created_at, owner_id, timezones_before)
  SELECT gen_random_uuid(), 'Shop ' || lpad((n * 7919 %% 1000003)::text, 7, '0') || ' ' || n,
    'shop-' || n, 'shop' || n || '@example.com', 'UTC', 'USD', '', 'active',
    %(now)s::timestamptz - n * interval '1 minute', %(owner)s, '[]'
  FROM generate_series(%(first)s, %(count)s) n RETURNING id, slug),
numbered AS (SELECT id, substr(slug, 6)::int AS n, gen_random_uuid() AS cycle FROM made),
cycles AS (
  INSERT INTO billing_cycles (id, starts_at, ends_at, included_minutes, minutes_used,
    overage_minutes, credit_taken_minutes, debt_repaid_minutes, minutes_held, state, is_paid,
    invoice_reference, organization_id, rate_card_id)
  SELECT cycle, %(now)s, %(now)s::timestamptz + interval '30 days', 100, 0, 0, 0, 0, 0,
    'active', true, '', id, %(card)s FROM numbered),
wallets AS (
  INSERT INTO wallets (organization_id, balance, currency)
  SELECT id, n * 37 %% 1000, 'USD' FROM numbered)
INSERT INTO allowances (organization_id, minutes_used_this_cycle, credit_minutes,
  minutes_paid_otherwise, minutes_ceiling, minutes_held, plan_minutes, cycle_ends_at,
  anchor_at, standing, enforcement, cycle_id, plan_card_id, rate_card_id)
SELECT id, n * 13 %% 130, n * 17 %% 60 - 10, 0, 100, 0, 100,
  %(now)s::timestamptz + n %% 40000 * interval '1 minute', %(now)s,
  CASE n %% 50 WHEN 0 THEN 'past_due' WHEN 1 THEN 'grace' ELSE 'good' END, 'enforce', cycle,
  %(card)s, %(card)s FROM numbered
"""


def main() -> None:
    wanted = _wanted()
    sys.path.insert(0, str(Path(__file__).resolve().parent.parent))
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "servicebilling.settings")
    import django

    django.setup()
    with own_database("organizations"):
        terms = _terms()
        measured: dict[str, list[tuple[float, int]]] = {}
        first = 1
        for count in (FEW, wanted.organizations):
            _fill(terms, first=first, count=count)
            first = count + 1
            for name, read in _reads().items():
                took = milliseconds(read, rounds=wanted.rounds)
                measured.setdefault(name, []).append((took, max(blocks(read))))
        few, many = f"ms {FEW}", f"ms {wanted.organizations:,}"
        print(ROW.format("", few, many, "blocks", "blocks"))
        for name, ((ms, touched), (ms_many, touched_many)) in measured.items():
            print(ROW.format(name, f"{ms:.1f}", f"{ms_many:.1f}", touched, touched_many))


def _wanted() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--organizations", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=10)
    return parser.parse_args()


def _terms() -> dict[str, Any]:
    from accounts import people
    from metering.models import RateCard

    now = datetime.now(UTC)
    owner = people.create_verified(email="owner@example.com", password=None, now=now)
    card = RateCard.objects.create(
        code="benchmark-1", included_minutes=100, when_exhausted="cut_off", currency="USD"
    )
    return {"now": now, "owner": owner.pk, "card": card.pk}


def _fill(terms: dict[str, Any], *, first: int, count: int) -> None:
    from django.db import connection

    with connection.cursor() as cursor:
        cursor.execute("SET statement_timeout = 0")
        cursor.execute(FILL, terms | {"first": first, "count": count})
        for table in ("organizations", "allowances", "wallets", "billing_cycles"):
            cursor.execute(f"VACUUM ANALYZE {table}")


def _reads() -> dict[str, Read]:
    from adminpanel.organizations import reports
    from adminpanel.organizations.orders import ORDERS
    from adminpanel.organizations.reports import Wanted
    from adminpanel.overview import reports as overview

    now = datetime.now(UTC)

    def page(cursor: str = "", **asked: str) -> Any:
        return reports.page(Wanted(**asked), now=now, cursor=cursor)

    def following(order: str) -> str:
        found = page(order=order)
        return page(order=order, cursor=found.next).next if found.next else ""

    reads: dict[str, Read] = {}
    for order in ORDERS:
        reads[f"by {order}"] = lambda order=order: page(order=order)  # type: ignore[misc]
        deep = following(order)
        reads[f"by {order}, third page"] = (  # type: ignore[misc]
            lambda order=order, deep=deep: page(order=order, cursor=deep)
        )
    return reads | {
        "found by name": lambda: page(search="Shop 0000"),
        "found by e-mail": lambda: page(search="shop77@example.com"),
        "past due": lambda: page(standing="past_due"),
        "of a plan, most used": lambda: page(plan="benchmark", order="used"),
        "overview, near their end": overview.standings,
    }


if __name__ == "__main__":
    main()
