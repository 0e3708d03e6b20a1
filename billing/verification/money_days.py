"""The sums by day that staff's charts read are those of their rows."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "sums_by_day_are_of_their_rows",
        # As of the last night whose sums are surely made: what was told since waits for the
        # next. What calls cost changes without a mark of when, so it is compared where only
        # that night's work could have changed it: on days older than are summed each night.
        """
        SELECT NULL::uuid AS organization_id,
          'money_days ' || day || ' ' || currency AS row,
          (round(coalesce(r.paid, 0), 6), round(coalesce(r.given_back, 0), 6),
            CASE WHEN day < n.settled THEN round(coalesce(r.cost, 0), 6) END)::text AS expected,
          (round(coalesce(m.paid, 0), 6), round(coalesce(m.given_back, 0), 6),
            CASE WHEN day < n.settled THEN round(coalesce(m.cost, 0), 6) END)::text AS found
        FROM money_days m
        FULL JOIN (
          SELECT day, currency, sum(paid) AS paid, sum(given_back) AS given_back,
            sum(cost) AS cost, max(told_at) AS told_at
          FROM (
            SELECT (paid_at AT TIME ZONE 'UTC')::date AS day, currency, amount AS paid,
              0 AS given_back, 0 AS cost, created_at AS told_at FROM payments
            UNION ALL
            SELECT (created_at AT TIME ZONE 'UTC')::date, currency, 0,
              CASE WHEN is_effective THEN amount ELSE 0 END, 0, updated_at FROM refunds
            UNION ALL
            SELECT (created_at AT TIME ZONE 'UTC')::date, currency, 0,
              CASE WHEN is_effective THEN amount ELSE 0 END, 0, updated_at FROM disputes
            UNION ALL
            SELECT day, 'USD', 0, 0, sum(cost), NULL FROM daily_usage GROUP BY day
          ) told GROUP BY day, currency) r USING (day, currency)
        JOIN (
          SELECT max(started_at) AS at,
            (max(started_at) AT TIME ZONE 'UTC')::date - 45 AS settled,
            (SELECT min(day) FROM money_days) AS first
          FROM accounts_periodicrun
          WHERE task = 'sum_late_money_days' AND started_at <= %(now)s - interval '2 hours'
        ) n ON day >= n.first AND day < (n.at AT TIME ZONE 'UTC')::date
        WHERE r.told_at IS NULL OR r.told_at < n.at
        """,
    ),
)
