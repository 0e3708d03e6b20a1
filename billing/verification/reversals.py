"""Money that went back took with it what it had given: its part, once, and all of it back
when the money came back."""

from metering.verification.rule import Rule

# Refunds and disputes as one list.
_REVERSALS = """
  SELECT organization_id, 'refunds ' || id AS row, 'refund:' || provider || ':' || provider_id
    AS reference, payment_id, amount, currency, is_effective, minutes, wallet_amount
  FROM refunds
  UNION ALL
  SELECT organization_id, 'disputes ' || id, 'dispute:' || provider || ':' || provider_id,
    payment_id, amount, currency, is_effective, minutes, wallet_amount
  FROM disputes
"""

# What moved in the ledgers on account of each; the last part of a reference is a number.
_MOVED = """
  SELECT organization_id, regexp_replace(reference, ':[0-9]+$', '') AS reference,
    sum(minutes) AS minutes, sum(amount) AS amount
  FROM (
    SELECT organization_id, reference, -credit_change AS minutes, 0.000000 AS amount
    FROM minute_transactions WHERE kind IN ('refund', 'dispute')
    UNION ALL
    SELECT organization_id, reference, 0, -amount
    FROM wallet_transactions WHERE kind IN ('refund', 'dispute')) x
  GROUP BY 1, 2
"""

RULES = (
    Rule(
        "a_reversal_moved_what_it_says",
        f"""
        SELECT coalesce(r.organization_id, m.organization_id) AS organization_id,
          coalesce(r.row, 'ledger ' || m.reference) AS row,
          (coalesce(r.minutes, 0), coalesce(r.wallet_amount, 0.000000))::text AS expected,
          (coalesce(m.minutes, 0), coalesce(m.amount, 0.000000))::text AS found
        FROM ({_REVERSALS}) r
        FULL JOIN ({_MOVED}) m
          ON m.organization_id = r.organization_id AND m.reference = r.reference
        """,  # noqa: S608
    ),
    Rule(
        "a_reversal_is_of_its_payment",
        f"""
        SELECT r.organization_id, r.row,
          (r.organization_id, r.currency)::text AS expected,
          (y.organization_id, y.currency)::text AS found
        FROM ({_REVERSALS}) r JOIN payments y ON y.id = r.payment_id
        """,  # noqa: S608
    ),
    Rule(
        "reversals_took_their_part_of_a_purchase",
        # Rounded down; more than all of it cannot be gone.
        f"""
        SELECT y.organization_id, 'payments ' || y.id AS row,
          CASE WHEN p.state = 'fulfilled'
            THEN floor(p.minutes * least(r.gone, y.amount + y.tax) / (y.amount + y.tax))
            ELSE 0 END AS expected,
          r.minutes::numeric AS found
        FROM payments y
        JOIN purchases p ON p.id = y.purchase_id
        JOIN (
          SELECT payment_id, sum(minutes) AS minutes,
            coalesce(sum(amount) FILTER (WHERE is_effective), 0) AS gone
          FROM ({_REVERSALS}) x GROUP BY payment_id) r ON r.payment_id = y.id
        """,  # noqa: S608
    ),
    Rule(
        "reversals_took_their_part_of_a_top_up",
        # Rounded to what can be paid, so a part is known to a unit of the currency only.
        f"""
        SELECT y.organization_id, 'payments ' || y.id AS row, true AS expected,
          CASE WHEN t.state <> 'credited' OR r.gone = 0 THEN r.amount = 0
            WHEN r.gone >= y.amount + y.tax THEN r.amount = t.amount
            ELSE abs(r.amount - t.amount * r.gone / (y.amount + y.tax)) < 1 END AS found
        FROM payments y
        JOIN top_ups t ON t.id = y.top_up_id
        JOIN (
          SELECT payment_id, sum(wallet_amount) AS amount,
            coalesce(sum(amount) FILTER (WHERE is_effective), 0) AS gone
          FROM ({_REVERSALS}) x GROUP BY payment_id) r ON r.payment_id = y.id
        """,  # noqa: S608
    ),
    Rule(
        "money_that_is_not_away_took_nothing",
        f"""
        SELECT r.organization_id, r.row, (0, 0.000000)::text AS expected,
          (r.minutes, r.wallet_amount)::text AS found
        FROM ({_REVERSALS}) r WHERE NOT r.is_effective
        """,  # noqa: S608
    ),
    Rule(
        "a_refund_is_as_staff_ordered_it",
        """
        SELECT o.organization_id, 'refund_orders ' || o.id AS row,
          (o.organization_id, o.payment_id, o.amount, o.currency)::text AS expected,
          (r.organization_id, r.payment_id, r.amount, r.currency)::text AS found
        FROM refund_orders o JOIN refunds r ON r.id = o.refund_id
        """,
    ),
)
