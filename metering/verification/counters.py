"""Counters are the sums of their ledgers, and every ledger row says how they stood."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "minutes_used_are_the_sum_of_the_ledger",
        """
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          coalesce(t.used, 0) AS expected, a.minutes_used_this_cycle::bigint AS found
        FROM allowances a
        LEFT JOIN (
          SELECT cycle_id, sum(used_change) AS used FROM minute_transactions
          WHERE kind <> 'cycle_close' GROUP BY cycle_id) t ON t.cycle_id = a.cycle_id
        """,
    ),
    Rule(
        "minutes_paid_otherwise_are_the_sum_of_the_ledger",
        """
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          coalesce(t.charged, 0) AS expected, a.minutes_paid_otherwise::bigint AS found
        FROM allowances a
        LEFT JOIN (
          SELECT cycle_id, sum(charged_change) AS charged FROM minute_transactions
          WHERE kind <> 'cycle_close' GROUP BY cycle_id) t ON t.cycle_id = a.cycle_id
        """,
    ),
    Rule(
        "credit_minutes_are_the_sum_of_the_ledger",
        """
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          coalesce(t.credit, 0) AS expected, a.credit_minutes::bigint AS found
        FROM allowances a
        LEFT JOIN (
          SELECT organization_id, sum(credit_change) AS credit FROM minute_transactions
          GROUP BY organization_id) t ON t.organization_id = a.organization_id
        """,
    ),
    Rule(
        "wallet_balance_is_the_sum_of_its_transactions",
        """
        SELECT w.organization_id, 'wallets ' || w.organization_id AS row,
          coalesce(t.amount, 0) AS expected, w.balance AS found
        FROM wallets w
        LEFT JOIN (
          SELECT organization_id, sum(amount) AS amount FROM wallet_transactions
          GROUP BY organization_id) t ON t.organization_id = w.organization_id
        """,
    ),
    Rule(
        "used_after_is_the_running_sum",
        # A closing row leaves 0; a late row goes on from what the cycle had used.
        """
        SELECT organization_id, 'minute_transactions ' || id AS row,
          CASE WHEN kind = 'cycle_close' THEN 0 ELSE
            sum(used_change) FILTER (WHERE kind <> 'cycle_close')
              OVER (PARTITION BY organization_id, cycle_id ORDER BY id) END AS expected,
          used_after::bigint AS found
        FROM minute_transactions
        """,
    ),
    Rule(
        "credit_after_is_the_running_sum",
        """
        SELECT organization_id, 'minute_transactions ' || id AS row,
          sum(credit_change) OVER (PARTITION BY organization_id ORDER BY id) AS expected,
          credit_after::bigint AS found
        FROM minute_transactions
        """,
    ),
    Rule(
        "balance_after_is_the_running_sum",
        """
        SELECT organization_id, 'wallet_transactions ' || id AS row,
          sum(amount) OVER (PARTITION BY organization_id ORDER BY id) AS expected,
          balance_after AS found
        FROM wallet_transactions
        """,
    ),
    Rule(
        "every_allowance_has_a_wallet",
        """
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          a.organization_id AS expected, w.organization_id AS found
        FROM allowances a LEFT JOIN wallets w ON w.organization_id = a.organization_id
        """,
    ),
    # Of money: minutes may have been counted before the first plan brought its currency.
    Rule(
        "one_currency_per_organization",
        """
        SELECT o.id AS organization_id, x.row, o.currency AS expected, x.currency AS found
        FROM organizations o JOIN (
          SELECT organization_id, 'wallets ' || organization_id AS row, currency
            FROM wallets
          UNION ALL SELECT a.organization_id, 'rate_cards ' || c.id, c.currency
            FROM allowances a JOIN rate_cards c ON c.id IN (a.rate_card_id, a.plan_card_id)
          UNION ALL SELECT organization_id, 'wallet_transactions ' || id, currency
            FROM wallet_transactions
          UNION ALL SELECT organization_id, 'overage_charges ' || id, currency
            FROM overage_charges
          UNION ALL SELECT organization_id, 'cycle_usage ' || id, currency
            FROM cycle_usage WHERE price <> 0
          UNION ALL SELECT organization_id, 'usage_charges ' || id, currency
            FROM usage_charges
          UNION ALL SELECT organization_id, 'calls ' || id, currency
            FROM calls WHERE price <> 0
          UNION ALL SELECT organization_id, 'usage_events ' || id, currency
            FROM usage_events WHERE total <> 0) x ON x.organization_id = o.id
        """,
    ),
)
