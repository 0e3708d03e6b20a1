"""What was paid was given, once, and nothing was given without being paid."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "a_fulfilled_purchase_was_paid_and_gave_its_minutes",
        # From the wallet, the wallet's own row is the payment.
        """
        SELECT p.organization_id, 'purchases ' || p.id AS row,
          CASE WHEN p.state = 'fulfilled' THEN (p.minutes, p.price)::text
            ELSE (0, 0.000000)::text END AS expected,
          CASE WHEN p.state = 'fulfilled'
            THEN (coalesce(m.minutes, 0), coalesce(y.amount, -w.amount, 0.000000))::text
            ELSE (coalesce(m.minutes, 0), 0.000000)::text END AS found
        FROM purchases p
        LEFT JOIN payments y ON y.purchase_id = p.id AND y.currency = p.currency
        LEFT JOIN wallet_transactions w ON w.organization_id = p.organization_id
          AND p.provider = 'wallet' AND w.reference = 'purchase:' || p.id
        LEFT JOIN (
          SELECT organization_id, reference, sum(credit_change) AS minutes
          FROM minute_transactions WHERE reference LIKE 'purchase:%%'
          GROUP BY organization_id, reference) m
          ON m.organization_id = p.organization_id AND m.reference = 'purchase:' || p.id
        """,
    ),
    Rule(
        "minutes_bought_are_of_a_purchase",
        """
        SELECT m.organization_id, 'minute_transactions ' || m.id AS row,
          'fulfilled' AS expected, p.state AS found
        FROM minute_transactions m
        LEFT JOIN purchases p ON p.organization_id = m.organization_id
          AND m.reference = 'purchase:' || p.id
        WHERE m.reference LIKE 'purchase:%%'
        """,
    ),
    Rule(
        "a_credited_top_up_was_paid_and_is_in_the_wallet",
        # More than was asked for may have come; what was asked for is credited.
        """
        SELECT t.organization_id, 'top_ups ' || t.id AS row,
          (CASE WHEN t.state = 'credited' THEN t.amount ELSE 0.000000 END,
            true)::text AS expected,
          (coalesce(w.amount, 0.000000), t.state <> 'credited' OR
            coalesce(y.amount >= t.amount AND y.currency = t.currency, false))::text
            AS found
        FROM top_ups t
        LEFT JOIN payments y ON y.top_up_id = t.id
        LEFT JOIN wallet_transactions w ON w.organization_id = t.organization_id
          AND w.reference = 'top_up:' || t.id
        """,
    ),
    Rule(
        "money_of_a_top_up_is_of_one_that_was_credited",
        """
        SELECT w.organization_id, 'wallet_transactions ' || w.id AS row,
          'credited' AS expected, t.state AS found
        FROM wallet_transactions w
        LEFT JOIN top_ups t ON t.organization_id = w.organization_id
          AND w.reference = 'top_up:' || t.id
        WHERE w.reference LIKE 'top_up:%%'
        """,
    ),
    Rule(
        "a_grant_is_of_a_paid_period",
        """
        SELECT w.organization_id, 'wallet_transactions ' || w.id AS row,
          true AS expected, y.subscription_id IS NOT NULL AS found
        FROM wallet_transactions w
        LEFT JOIN payments y ON y.organization_id = w.organization_id
          AND w.reference = 'grant:' || y.id
        WHERE w.reference LIKE 'grant:%%'
        """,
    ),
    Rule(
        "a_payment_is_of_the_organization_that_it_pays_for",
        """
        SELECT y.organization_id, 'payments ' || y.id AS row,
          y.organization_id AS expected,
          coalesce(p.organization_id, t.organization_id, s.organization_id,
            d.organization_id) AS found
        FROM payments y
        LEFT JOIN purchases p ON p.id = y.purchase_id
        LEFT JOIN top_ups t ON t.id = y.top_up_id
        LEFT JOIN subscriptions s ON s.id = y.subscription_id
        LEFT JOIN documents d ON d.id = y.invoice_id
        """,
    ),
)
