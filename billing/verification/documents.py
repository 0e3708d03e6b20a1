"""Documents add up: to their payments, refunds and lines; our numbers have no gaps."""

from metering.verification.rule import Rule

# Papers follow payments within minutes; a day is for a worker that stood still.
RULES = (
    Rule(
        "documents_add_up_to_payments",
        # Providers that invoice periods themselves tell of the invoice on their own.
        """
        SELECT y.organization_id, 'payments ' || y.id AS row,
          y.amount + y.tax AS expected,
          CASE WHEN d.id IS NULL AND (y.created_at > %(now)s - interval '1 day'
              OR y.amount = 0 OR (y.subscription_id IS NOT NULL AND y.provider = 'stripe'))
            THEN y.amount + y.tax ELSE coalesce(d.amount_paid, 0) END AS found
        FROM payments y
        LEFT JOIN documents d ON d.payment_id = y.id OR d.id = y.invoice_id
        """,
    ),
    Rule(
        "a_refund_that_succeeded_has_its_credit_note",
        """
        SELECT r.organization_id, 'refunds ' || r.id AS row,
          CASE WHEN r.status = 'succeeded' THEN r.amount ELSE 0 END AS expected,
          CASE WHEN d.id IS NULL AND r.updated_at > %(now)s - interval '1 day'
              AND r.status = 'succeeded'
            THEN r.amount ELSE coalesce(d.total, 0) END AS found
        FROM refunds r
        LEFT JOIN documents d ON d.refund_id = r.id AND d.state <> 'void'
        """,
    ),
    Rule(
        "lines_of_our_documents_add_up",
        """
        SELECT d.organization_id, 'documents ' || d.id AS row, d.subtotal AS expected,
          coalesce(l.sum, 0) AS found
        FROM documents d
        LEFT JOIN LATERAL (
          SELECT sum((line->>'amount')::numeric) AS sum
          FROM jsonb_array_elements(d.lines) line) l ON true
        WHERE d.series_id IS NOT NULL
        """,
    ),
    Rule(
        "a_paid_document_is_paid_in_full",
        """
        SELECT d.organization_id, 'documents ' || d.id AS row, d.total AS expected,
          d.amount_paid AS found
        FROM documents d WHERE d.series_id IS NOT NULL AND d.state = 'paid'
        """,
    ),
    Rule(
        "our_document_numbers_have_no_gaps",
        # A series belongs to nobody.
        """
        SELECT NULL::uuid AS organization_id, 'document_series ' || s.name AS row,
          (s.last_number, s.last_number)::text AS expected,
          (count(d.id), coalesce(max(d.number_in_series), 0))::text AS found
        FROM document_series s LEFT JOIN documents d ON d.series_id = s.name
        GROUP BY s.name, s.last_number
        """,
    ),
    Rule(
        "an_invoice_of_usage_is_of_a_closed_month",
        # The month, whose it is, and that no line of it asks for the same twice.
        """
        SELECT d.organization_id, 'documents ' || d.id AS row,
          (d.organization_id, 'closed', l.asked)::text AS expected,
          (c.organization_id, c.state, l.lines)::text AS found
        FROM documents d
        JOIN billing_cycles c ON c.id = d.cycle_id
        JOIN LATERAL (
          SELECT count(*) AS lines,
            count(DISTINCT (line->>'cycle', line->>'source')) AS asked
          FROM jsonb_array_elements(d.own_lines) line) l ON true
        """,
    ),
)
