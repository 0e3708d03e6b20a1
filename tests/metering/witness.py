"""The same facts from two sides: what the tables say, and what the auditor says."""

import json
from decimal import Decimal
from typing import Any

from django.db import connection

from accounts.models import Organization
from tests.metering.auditor import Auditor
from tests.metering.auditor_pools import cost

# One statement: it is asked after every step of every history.
_FACTS = """
SELECT jsonb_build_object(
  'allowance', (
    SELECT jsonb_build_array(a.minutes_used_this_cycle, a.minutes_paid_otherwise,
      a.credit_minutes, a.plan_minutes, a.minutes_held, a.minutes_ceiling,
      extract(epoch FROM a.cycle_ends_at)::bigint, r.code, p.code)
    FROM allowances a JOIN rate_cards r ON r.id = a.rate_card_id
    JOIN rate_cards p ON p.id = a.plan_card_id WHERE a.organization_id = %(owner)s),
  'wallet', (SELECT balance FROM wallets WHERE organization_id = %(owner)s),
  'months', (
    SELECT jsonb_agg(jsonb_build_array(extract(epoch FROM starts_at)::bigint,
      extract(epoch FROM ends_at)::bigint, included_minutes, minutes_used,
      overage_minutes, credit_taken_minutes, debt_repaid_minutes, is_paid, state)
      ORDER BY starts_at)
    FROM billing_cycles WHERE organization_id = %(owner)s),
  'charges', (
    SELECT jsonb_object_agg(extract(epoch FROM c.starts_at)::bigint || ' ' || r.code,
      jsonb_build_array(x.minutes, x.seconds, x.amount))
    FROM cycle_charges x JOIN billing_cycles c ON c.id = x.cycle_id
    JOIN rate_cards r ON r.id = x.rate_card_id
    WHERE x.organization_id = %(owner)s AND (x.minutes <> 0 OR x.seconds <> 0)),
  'calls', (
    SELECT jsonb_object_agg(provider_call_id,
      jsonb_build_array(status, revision, billed_minutes, price))
    FROM calls WHERE organization_id = %(owner)s),
  'holds', (
    SELECT jsonb_object_agg(replace(reference, 'vapi:', ''),
      jsonb_build_array(state, minutes))
    FROM holds WHERE organization_id = %(owner)s))::text
"""


def in_the_database(owner: Organization) -> dict[str, Any]:
    with connection.cursor() as cursor:
        cursor.execute(_FACTS, {"owner": owner.id})
        found = json.loads(cursor.fetchone()[0], parse_float=Decimal)
    return {name: value or {} for name, value in found.items()}


def as_audited(auditor: Auditor) -> dict[str, Any]:
    live = auditor.live
    return {
        "allowance": [
            live.used,
            live.charged,
            auditor.credit,
            live.plan,
            auditor.held(),
            auditor.ceiling(),
            int(live.ends_at.timestamp()),
            live.card.code,
            auditor.plan_card.code,
        ],
        "wallet": auditor.wallet or {},
        "months": [
            [
                int(month.starts_at.timestamp()),
                int(month.ends_at.timestamp()),
                month.plan,
                month.used,
                month.charged,
                month.by_credit,
                month.repaid,
                month.is_paid,
                "closed" if month.is_closed else "active",
            ]
            for month in auditor.months
        ],
        "charges": {
            f"{int(month.starts_at.timestamp())} {code}": [
                bag.minutes,
                bag.seconds,
                cost(auditor.cards[code], bag.seconds),
            ]
            for month in auditor.months
            for code, bag in month.bags.items()
            if bag.minutes or bag.seconds
        },
        "calls": {
            call_id: [call.status, call.postings, call.minutes, call.price]
            for call_id, call in auditor.calls.items()
        },
        "holds": {
            call_id: [hold.state, hold.minutes] for call_id, hold in auditor.holds.items()
        },
    }
