"""Usage of other meters: sums are their events, and money moved once for each."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "cycle_usage_is_the_sum_of_its_events",
        """
        SELECT organization_id, 'cycle_usage ' || cycle_id || ' ' || meter || ' '
            || rate_card_id AS row,
          (sum(events), sum(used), sum(charged), sum(total))::text AS expected,
          (sum(count), sum(quantity), sum(charged_quantity), sum(price))::text AS found
        FROM (
          SELECT organization_id, cycle_id, meter, rate_card_id,
            CASE kind WHEN 'usage' THEN 1 WHEN 'void' THEN -1 ELSE 0 END AS events,
            quantity AS used, charged_quantity AS charged, total,
            0 AS count, 0.000000 AS quantity, 0.000000 AS charged_quantity,
            0.000000 AS price
          FROM usage_events WHERE call_id IS NULL
          UNION ALL
          SELECT organization_id, cycle_id, meter, rate_card_id, 0, 0.000000, 0.000000,
            0.000000, count, quantity, charged_quantity, price
          FROM cycle_usage) x
        GROUP BY organization_id, cycle_id, meter, rate_card_id
        """,
    ),
    Rule(
        "daily_usage_is_the_sum_of_events",
        # Not by day: `rebuild_rollups --dry-run` compares those.
        """
        SELECT organization_id, 'daily_usage ' || organization_id || ' ' || meter AS row,
          (sum(events), sum(used), sum(total))::text AS expected,
          (sum(count), sum(quantity), sum(price))::text AS found
        FROM (
          SELECT organization_id, meter,
            CASE kind WHEN 'usage' THEN 1 WHEN 'void' THEN -1 ELSE 0 END AS events,
            quantity AS used, total, 0 AS count, 0.000000 AS quantity, 0.000000 AS price
          FROM usage_events WHERE call_id IS NULL
          UNION ALL
          SELECT organization_id, meter, 0, 0.000000, 0.000000, count, quantity, price
          FROM daily_usage WHERE meter <> 'voice_minute') x
        GROUP BY organization_id, meter
        """,
    ),
    Rule(
        "the_wallet_paid_what_events_cost",
        """
        SELECT organization_id, 'wallet_transactions usage:' || event_id AS row,
          sum(cost) AS expected, sum(paid) AS found
        FROM (
          SELECT e.organization_id, e.id::text AS event_id, e.total AS cost,
            0.000000 AS paid
          FROM usage_events e JOIN rate_cards r ON r.id = e.rate_card_id
          WHERE r.when_exhausted = 'wallet' AND e.call_id IS NULL
          UNION ALL
          SELECT organization_id, substr(reference, 7), 0.000000, -amount
          FROM wallet_transactions WHERE reference LIKE 'usage:%%') x
        GROUP BY organization_id, event_id
        """,
    ),
    Rule(
        "usage_charges_are_what_events_cost_on_overage_cards",
        """
        SELECT organization_id, 'usage_charges usage:' || event_id AS row,
          (sum(used), sum(cost))::text AS expected,
          (sum(quantity), sum(amount))::text AS found
        FROM (
          SELECT e.organization_id, e.id::text AS event_id, e.charged_quantity AS used,
            e.total AS cost, 0.000000 AS quantity, 0.000000 AS amount
          FROM usage_events e JOIN rate_cards r ON r.id = e.rate_card_id
          WHERE r.when_exhausted = 'overage' AND e.call_id IS NULL
          UNION ALL
          SELECT organization_id, substr(reference, 7), 0.000000, 0.000000, quantity, amount
          FROM usage_charges) x
        GROUP BY organization_id, event_id
        """,
    ),
    Rule(
        "corrections_are_of_the_same_meter_cycle_and_card",
        """
        SELECT e.organization_id, 'usage_events ' || e.id AS row,
          (f.organization_id, f.meter, f.cycle_id, f.rate_card_id, f.occurred_at,
            'usage')::text AS expected,
          (e.organization_id, e.meter, e.cycle_id, e.rate_card_id, e.occurred_at,
            f.kind)::text AS found
        FROM usage_events e JOIN usage_events f ON f.id = e.corrects_id
        """,
    ),
    Rule(
        "usage_holds_end_soon_after_they_expire",
        """
        SELECT organization_id, 'usage_holds ' || id AS row, true AS expected,
          expires_at > %(now)s::timestamptz - interval '1 hour' AS found
        FROM usage_holds WHERE state = 'open'
        """,
    ),
    Rule(
        "a_settled_usage_hold_has_its_event",
        """
        SELECT h.organization_id, 'usage_holds ' || h.id AS row,
          (h.meter, h.settled_quantity)::text AS expected,
          (e.meter, coalesce(e.quantity, 0.000000))::text AS found
        FROM usage_holds h
        LEFT JOIN usage_events e ON e.organization_id = h.organization_id
          AND e.idempotency_key = '_hold:' || h.id
        WHERE h.state = 'settled' AND h.settled_quantity > 0
        """,
    ),
)
