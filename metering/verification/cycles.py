"""Months follow each other without a gap, and their totals are what moved in them."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "allowance_mirrors_its_running_cycle",
        """
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          (c.organization_id, 'active', c.included_minutes, c.rate_card_id, c.ends_at,
            c.minutes_used, c.overage_minutes)::text AS expected,
          (a.organization_id, c.state, a.plan_minutes, a.rate_card_id, a.cycle_ends_at,
            a.minutes_used_this_cycle, a.minutes_paid_otherwise)::text AS found
        FROM allowances a LEFT JOIN billing_cycles c ON c.id = a.cycle_id
        """,
    ),
    Rule(
        "one_active_cycle_per_organization",
        """
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          1::bigint AS expected, count(c.id) AS found
        FROM allowances a
        LEFT JOIN billing_cycles c
          ON c.organization_id = a.organization_id AND c.state = 'active'
        GROUP BY a.organization_id
        """,
    ),
    Rule(
        "cycles_follow_each_other",
        """
        SELECT organization_id, 'billing_cycles ' || id AS row,
          coalesce(lag(ends_at) OVER (PARTITION BY organization_id ORDER BY starts_at),
            starts_at) AS expected,
          starts_at AS found
        FROM billing_cycles
        """,
    ),
    Rule(
        "cycle_minutes_are_the_sum_of_the_ledger",
        """
        SELECT c.organization_id, 'billing_cycles ' || c.id AS row,
          (coalesce(t.used, 0), coalesce(t.charged, 0))::text AS expected,
          (c.minutes_used, c.overage_minutes)::text AS found
        FROM billing_cycles c
        LEFT JOIN (
          SELECT organization_id, cycle_id, sum(used_change) AS used,
            sum(charged_change) AS charged
          FROM minute_transactions WHERE kind <> 'cycle_close'
          GROUP BY organization_id, cycle_id) t
          ON t.organization_id = c.organization_id AND t.cycle_id = c.id
        """,
    ),
    Rule(
        "cycle_credit_is_the_sum_of_the_ledger",
        # Closing takes what was used of the credit, and repays debt; so do late reports.
        """
        SELECT c.organization_id, 'billing_cycles ' || c.id AS row,
          coalesce(t.credit, 0) AS expected,
          (c.debt_repaid_minutes - c.credit_taken_minutes)::bigint AS found
        FROM billing_cycles c
        LEFT JOIN (
          SELECT organization_id, cycle_id, sum(credit_change) AS credit
          FROM minute_transactions WHERE kind IN ('cycle_close', 'usage')
          GROUP BY organization_id, cycle_id) t
          ON t.organization_id = c.organization_id AND t.cycle_id = c.id
        """,
    ),
    Rule(
        "a_cycle_closes_once_with_all_it_used",
        """
        SELECT c.organization_id, 'billing_cycles ' || c.id AS row,
          (CASE WHEN c.state = 'closed' THEN 1 ELSE 0 END,
            coalesce(before.used, 0), coalesce(before.charged, 0))::text AS expected,
          (count(t.id), coalesce(sum(-t.used_change), 0),
            coalesce(sum(-t.charged_change), 0))::text AS found
        FROM billing_cycles c
        LEFT JOIN minute_transactions t ON t.cycle_id = c.id AND t.kind = 'cycle_close'
        LEFT JOIN (
          SELECT m.cycle_id, sum(m.used_change) AS used, sum(m.charged_change) AS charged
          FROM minute_transactions m
          JOIN minute_transactions k ON k.cycle_id = m.cycle_id
            AND k.kind = 'cycle_close' AND m.id < k.id
          GROUP BY m.cycle_id) before ON before.cycle_id = c.id
        GROUP BY c.organization_id, c.id, c.state, before.used, before.charged
        """,
    ),
    Rule(
        "charges_of_a_cycle_are_its_ledger",
        """
        SELECT c.organization_id, 'billing_cycles ' || c.id AS row,
          (coalesce(t.charged, 0), coalesce(t.amount, 0.000000))::text AS expected,
          (coalesce(x.minutes, 0), coalesce(x.amount, 0.000000))::text AS found
        FROM billing_cycles c
        LEFT JOIN (
          SELECT organization_id, cycle_id, sum(charged_change) AS charged,
            sum(amount) AS amount
          FROM minute_transactions WHERE kind <> 'cycle_close'
          GROUP BY organization_id, cycle_id) t
          ON t.organization_id = c.organization_id AND t.cycle_id = c.id
        LEFT JOIN (
          SELECT organization_id, cycle_id, sum(minutes) AS minutes, sum(amount) AS amount
          FROM cycle_charges GROUP BY organization_id, cycle_id) x
          ON x.organization_id = c.organization_id AND x.cycle_id = c.id
        """,
    ),
    Rule(
        "overage_charges_are_what_overage_cards_charged",
        """
        SELECT organization_id, 'cycle_charges ' || cycle_id || ' ' || rate_card_id AS row,
          (sum(minutes), sum(amount))::text AS expected,
          (sum(told_minutes), sum(told_amount))::text AS found
        FROM (
          SELECT x.organization_id, x.cycle_id, x.rate_card_id, x.minutes, x.amount,
            0 AS told_minutes, 0.000000 AS told_amount
          FROM cycle_charges x JOIN rate_cards r ON r.id = x.rate_card_id
          WHERE r.when_exhausted = 'overage'
          UNION ALL
          SELECT organization_id, cycle_id, rate_card_id, 0, 0.000000, minutes, amount
          FROM overage_charges) x
        GROUP BY organization_id, cycle_id, rate_card_id
        """,
    ),
    Rule(
        "the_wallet_paid_what_wallet_cards_charged",
        # A row of the wallet that names a card is for minutes.
        """
        SELECT organization_id, 'cycle_charges ' || cycle_id || ' ' || rate_card_id AS row,
          sum(charged) AS expected, sum(paid) AS found
        FROM (
          SELECT x.organization_id, x.cycle_id, x.rate_card_id, x.amount AS charged,
            0.000000 AS paid
          FROM cycle_charges x JOIN rate_cards r ON r.id = x.rate_card_id
          WHERE r.when_exhausted = 'wallet'
          UNION ALL
          SELECT organization_id, cycle_id, rate_card_id, 0.000000, -amount
          FROM wallet_transactions WHERE rate_card_id IS NOT NULL) x
        GROUP BY organization_id, cycle_id, rate_card_id
        """,
    ),
)
