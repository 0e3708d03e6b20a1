"""What was charged beyond plans is told to whoever bills it: all of it, as it was charged."""

from metering.verification.rule import Rule

RULES = (
    Rule(
        "overage_is_told_as_it_was_charged",
        # Collected in the order of ids; the last hour may still be on its way.
        """
        SELECT c.organization_id, 'overage_charges ' || c.id AS row,
          (c.organization_id, c.cycle_id, c.minutes, c.amount, c.currency)::text
            AS expected,
          CASE WHEN d.id IS NULL AND c.id > coalesce(told.last, 0)
            THEN (c.organization_id, c.cycle_id, c.minutes, c.amount, c.currency)::text
            ELSE (d.organization_id, d.cycle_id, d.minutes, d.amount, d.currency)::text
            END AS found
        FROM overage_charges c
        LEFT JOIN overage_deliveries d ON d.charge_id = c.id
        CROSS JOIN (
          SELECT max(charge_id) AS last FROM overage_deliveries
          WHERE created_at <= %(now)s - interval '1 hour') told
        """,
    ),
    Rule(
        "other_meters_are_told_of_closed_months",
        """
        SELECT d.organization_id, 'overage_deliveries ' || d.id AS row,
          (d.organization_id, 'closed')::text AS expected,
          (c.organization_id, c.state)::text AS found
        FROM overage_deliveries d
        JOIN billing_cycles c ON c.id = d.cycle_id WHERE d.charge_id IS NULL
        """,
    ),
    Rule(
        "overage_asked_for_apart_is_on_its_invoice",
        # Lines are rounded to what can be paid.
        """
        SELECT d.organization_id, 'documents ' || d.id AS row,
          (d.organization_id, true)::text AS expected,
          (x.organization_id, abs(x.amount - d.subtotal) < 1)::text AS found
        FROM documents d
        JOIN (
          SELECT invoice_id, organization_id, sum(amount) AS amount
          FROM overage_deliveries WHERE invoice_id IS NOT NULL
          GROUP BY invoice_id, organization_id) x ON x.invoice_id = d.id
        """,
    ),
    Rule(
        "overage_of_an_ended_subscription_is_accounted_for",
        # Its last invoice is read within hours; a draft of it may stay open for days.
        """
        SELECT s.organization_id, 'subscriptions ' || s.id AS row,
          'accounted for' AS expected,
          CASE WHEN s.overage_settled_at IS NULL AND EXISTS (
            SELECT 1 FROM overage_deliveries d
            WHERE d.organization_id = s.organization_id AND d.provider = s.provider
              AND d.state <> 'written_off' AND (
                (d.route = 'meter' AND d.occurred_at BETWEEN s.created_at AND s.ended_at)
                OR (d.route = 'item'
                  AND d.first_attempt_at BETWEEN s.created_at AND s.ended_at)))
            THEN 'nobody knows' ELSE 'accounted for' END AS found
        FROM subscriptions s
        WHERE s.provider = 'stripe' AND s.status IN ('canceled', 'incomplete_expired')
          AND s.ended_at <= %(now)s - interval '4 days'
        """,
    ),
)
