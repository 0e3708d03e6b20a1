"""One charge per call; calls, events and daily sums tell the same story."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "a_call_is_posted_once_per_revision",
        # A posting is named by its call and the revision it made; names are unique.
        """
        SELECT t.organization_id, 'minute_transactions ' || t.id AS row, true AS expected,
          coalesce(t.reference IN (
            SELECT 'call:' || c.provider || ':' || c.provider_call_id || ':' || revision
            FROM generate_series(1, c.revision) revision), false) AS found
        FROM minute_transactions t
        LEFT JOIN calls c ON c.id = t.call_id AND c.organization_id = t.organization_id
        WHERE t.kind = 'usage'
        """,
    ),
    Rule(
        "a_call_has_a_posting_if_it_was_settled",
        """
        SELECT c.organization_id, 'calls ' || c.id AS row,
          CASE WHEN c.status IN ('completed', 'estimated') THEN true
            WHEN c.status IN ('active', 'refused') THEN false
            ELSE c.revision > 0 END AS expected,
          c.revision > 0 AS found
        FROM calls c
        """,
    ),
    Rule(
        "billed_minutes_are_the_sum_of_the_ledger",
        # Where taking back stopped at 0, the ledger rightly says less; such calls are flagged.
        """
        SELECT c.organization_id, 'calls ' || c.id AS row,
          CASE WHEN 'usage_stopped_at_zero' = ANY (c.flags) THEN c.billed_minutes
            ELSE coalesce(t.used, 0) END AS expected,
          c.billed_minutes::bigint AS found
        FROM calls c
        LEFT JOIN (
          SELECT organization_id, call_id, sum(used_change) AS used
          FROM minute_transactions WHERE call_id IS NOT NULL
          GROUP BY organization_id, call_id) t
          ON t.organization_id = c.organization_id AND t.call_id = c.id
        """,
    ),
    Rule(
        "call_price_is_the_sum_of_the_ledger",
        """
        SELECT c.organization_id, 'calls ' || c.id AS row,
          coalesce(t.amount, 0) AS expected, c.price AS found
        FROM calls c
        LEFT JOIN (
          SELECT organization_id, call_id, sum(amount) AS amount
          FROM minute_transactions WHERE call_id IS NOT NULL
          GROUP BY organization_id, call_id) t
          ON t.organization_id = c.organization_id AND t.call_id = c.id
        """,
    ),
    Rule(
        "usage_events_are_the_sum_of_calls",
        """
        SELECT organization_id, 'calls ' || call_id AS row,
          (sum(minutes), sum(price))::text AS expected,
          (sum(quantity), sum(total))::text AS found
        FROM (
          SELECT organization_id, id AS call_id, billed_minutes::numeric(20, 6) AS minutes,
            price, 0.000000 AS quantity, 0.000000 AS total
          FROM calls
          UNION ALL
          SELECT organization_id, call_id, 0.000000, 0.000000, quantity, total
          FROM usage_events WHERE call_id IS NOT NULL) x
        GROUP BY organization_id, call_id
        """,
    ),
    Rule(
        "daily_usage_is_the_sum_of_calls",
        # Not by day: a call keeps the day of the time zone that the organization had then.
        """
        SELECT organization_id, 'daily_usage ' || organization_id
            || ' agent ' || coalesce(agent_id::text, '-')
            || ' number ' || coalesce(phone_number_id::text, '-') AS row,
          (sum(calls), sum(minutes), sum(seconds), sum(call_cost), sum(call_price))::text
            AS expected,
          (sum(count), sum(quantity), sum(talk_seconds), sum(cost), sum(price))::text
            AS found
        FROM (
          SELECT organization_id, agent_id, phone_number_id, 1 AS calls,
            billed_minutes::numeric(20, 6) AS minutes,
            coalesce(duration_seconds, 0)::bigint AS seconds,
            coalesce(cost, 0.000000) AS call_cost, price AS call_price, 0 AS count,
            0.000000 AS quantity, 0::bigint AS talk_seconds, 0.000000 AS cost,
            0.000000 AS price
          FROM calls WHERE revision > 0
          UNION ALL
          SELECT organization_id, agent_id, phone_number_id, 0, 0.000000, 0, 0.000000,
            0.000000, count, quantity, talk_seconds, cost, price
          FROM daily_usage WHERE meter = 'voice_minute') x
        GROUP BY organization_id, agent_id, phone_number_id
        """,
    ),
    Rule(
        "hours_of_a_day_are_its_count",
        """
        SELECT organization_id, 'daily_usage ' || id AS row, count::bigint AS expected,
          (SELECT sum(hour) FROM unnest(hours) AS hour) AS found
        FROM daily_usage
        """,
    ),
    Rule(
        "messages_are_processed_within_ten_minutes",
        """
        SELECT organization_id, 'inbound_messages ' || id AS row, true AS expected,
          state <> 'received' OR received_at > %(now)s::timestamptz - interval '10 minutes'
            AS found
        FROM inbound_messages
        """,
    ),
)
