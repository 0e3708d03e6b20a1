"""How each of billing's rules is broken: the rule, and a statement that returns the rows that
it then has to name."""

BREAKS = [
    (
        "a_fulfilled_purchase_was_paid_and_gave_its_minutes",
        "UPDATE minute_transactions SET credit_change = 99 WHERE reference IN (SELECT"
        " 'purchase:' || id FROM purchases WHERE provider = 'stripe')"
        " RETURNING 'purchases ' || substr(reference, 10)",
    ),
    (
        "a_fulfilled_purchase_was_paid_and_gave_its_minutes",
        "DELETE FROM payments WHERE purchase_id IS NOT NULL"
        " RETURNING 'purchases ' || purchase_id",
    ),
    (
        "a_fulfilled_purchase_was_paid_and_gave_its_minutes",
        "UPDATE wallet_transactions SET amount = -1 WHERE reference LIKE 'purchase:%'"
        " RETURNING 'purchases ' || substr(reference, 10)",
    ),
    (
        "a_fulfilled_purchase_was_paid_and_gave_its_minutes",
        "UPDATE purchases SET state = 'pending' RETURNING 'purchases ' || id",
    ),
    (
        "minutes_bought_are_of_a_purchase",
        "WITH gone AS (DELETE FROM purchases WHERE provider = 'wallet' RETURNING id)"
        " SELECT 'minute_transactions ' || m.id FROM minute_transactions m"
        " JOIN gone ON m.reference = 'purchase:' || gone.id",
    ),
    (
        "a_credited_top_up_was_paid_and_is_in_the_wallet",
        "DELETE FROM payments WHERE top_up_id IS NOT NULL RETURNING 'top_ups ' || top_up_id",
    ),
    (
        "a_credited_top_up_was_paid_and_is_in_the_wallet",
        "UPDATE payments SET amount = 49 WHERE top_up_id IS NOT NULL"
        " RETURNING 'top_ups ' || top_up_id",
    ),
    (
        "a_credited_top_up_was_paid_and_is_in_the_wallet",
        "UPDATE wallet_transactions SET amount = 51 WHERE kind = 'top_up'"
        " RETURNING 'top_ups ' || substr(reference, 8)",
    ),
    (
        "money_of_a_top_up_is_of_one_that_was_credited",
        "WITH gone AS (UPDATE top_ups SET state = 'expired' RETURNING id)"
        " SELECT 'wallet_transactions ' || w.id FROM wallet_transactions w"
        " JOIN gone ON w.reference = 'top_up:' || gone.id",
    ),
    (
        "a_grant_is_of_a_paid_period",
        "WITH gone AS (DELETE FROM payments WHERE subscription_id IS NOT NULL RETURNING id)"
        " SELECT 'wallet_transactions ' || w.id FROM wallet_transactions w"
        " JOIN gone ON w.reference = 'grant:' || gone.id",
    ),
    (
        "a_payment_is_of_the_organization_that_it_pays_for",
        "WITH moved AS (UPDATE purchases SET organization_id = {other} RETURNING id)"
        " SELECT 'payments ' || y.id FROM payments y JOIN moved ON y.purchase_id = moved.id",
    ),
    (
        "a_reversal_moved_what_it_says",
        "UPDATE refunds SET minutes = minutes + 1 RETURNING 'refunds ' || id",
    ),
    (
        "a_reversal_moved_what_it_says",
        "UPDATE disputes SET wallet_amount = 3 RETURNING 'disputes ' || id",
    ),
    (
        "a_reversal_moved_what_it_says",
        "WITH gone AS (DELETE FROM refunds WHERE provider = 'flutterwave' RETURNING 1)"
        " SELECT 'ledger refund:flutterwave:9' FROM gone",
    ),
    (
        "a_reversal_is_of_its_payment",
        "UPDATE refunds SET currency = 'EUR' RETURNING 'refunds ' || id",
    ),
    (
        "reversals_took_their_part_of_a_purchase",
        "WITH less AS (UPDATE disputes SET amount = 4 WHERE is_effective"
        " RETURNING payment_id) SELECT 'payments ' || payment_id FROM less",
    ),
    (
        "reversals_took_their_part_of_a_top_up",
        "WITH more AS (UPDATE refunds SET wallet_amount = 25 WHERE provider = 'flutterwave'"
        " RETURNING payment_id) SELECT 'payments ' || payment_id FROM more",
    ),
    (
        "money_that_is_not_away_took_nothing",
        "UPDATE disputes SET minutes = 7 WHERE NOT is_effective RETURNING 'disputes ' || id",
    ),
    (
        "a_refund_is_as_staff_ordered_it",
        "UPDATE refund_orders SET amount = 21 RETURNING 'refund_orders ' || id",
    ),
    (
        "documents_add_up_to_payments",
        "UPDATE documents SET amount_paid = 1 WHERE kind = 'receipt'"
        " RETURNING 'payments ' || payment_id",
    ),
    (
        "documents_add_up_to_payments",
        "DELETE FROM documents WHERE kind = 'receipt' RETURNING 'payments ' || payment_id",
    ),
    (
        "a_refund_that_succeeded_has_its_credit_note",
        "UPDATE documents SET state = 'void' WHERE refund_id IS NOT NULL"
        " RETURNING 'refunds ' || refund_id",
    ),
    (
        "a_refund_that_succeeded_has_its_credit_note",
        "UPDATE refunds SET status = 'failed' RETURNING 'refunds ' || id",
    ),
    (
        "lines_of_our_documents_add_up",
        "UPDATE documents SET lines = '[]' WHERE kind = 'receipt'"
        " RETURNING 'documents ' || id",
    ),
    (
        "a_paid_document_is_paid_in_full",
        "UPDATE documents SET amount_paid = total - 1 WHERE state = 'paid'"
        " RETURNING 'documents ' || id",
    ),
    (
        "our_document_numbers_have_no_gaps",
        "DELETE FROM documents WHERE number = 'REC-000001'"
        " RETURNING 'document_series receipt'",
    ),
    (
        "our_document_numbers_have_no_gaps",
        "UPDATE document_series SET last_number = last_number + 1"
        " RETURNING 'document_series ' || name",
    ),
    (
        "an_invoice_of_usage_is_of_a_closed_month",
        "UPDATE documents d SET cycle_id = a.cycle_id FROM allowances a"
        " WHERE a.organization_id = d.organization_id AND d.cycle_id IS NOT NULL"
        " RETURNING 'documents ' || d.id",
    ),
    (
        "an_invoice_of_usage_is_of_a_closed_month",
        "UPDATE documents SET own_lines = own_lines || own_lines"
        " WHERE cycle_id IS NOT NULL RETURNING 'documents ' || id",
    ),
    (
        "overage_is_told_as_it_was_charged",
        "UPDATE overage_deliveries SET minutes = 3 WHERE charge_id IS NOT NULL"
        " RETURNING 'overage_charges ' || charge_id",
    ),
    (
        "overage_is_told_as_it_was_charged",
        "UPDATE overage_charges SET amount = 9 RETURNING 'overage_charges ' || id",
    ),
    (
        "other_meters_are_told_of_closed_months",
        "UPDATE overage_deliveries d SET cycle_id = a.cycle_id FROM allowances a"
        " WHERE a.organization_id = d.organization_id AND d.charge_id IS NULL"
        " RETURNING 'overage_deliveries ' || d.id",
    ),
    (
        "overage_asked_for_apart_is_on_its_invoice",
        "UPDATE documents SET subtotal = subtotal + 5, total = total + 5 WHERE id IN"
        " (SELECT invoice_id FROM overage_deliveries) RETURNING 'documents ' || id",
    ),
    (
        "overage_of_an_ended_subscription_is_accounted_for",
        "WITH sent AS (UPDATE overage_deliveries SET route = 'meter', provider = 'stripe',"
        " invoice_id = NULL WHERE charge_id IS NOT NULL RETURNING organization_id)"
        " UPDATE subscriptions s SET overage_settled_at = NULL FROM sent"
        " WHERE s.organization_id = sent.organization_id RETURNING 'subscriptions ' || s.id",
    ),
    (
        "sums_by_day_are_of_their_rows",
        "UPDATE money_days SET paid = paid + 1"
        " RETURNING 'money_days ' || day || ' ' || currency",
    ),
    (
        "sums_by_day_are_of_their_rows",
        "UPDATE money_days SET given_back = 0 WHERE given_back > 0"
        " RETURNING 'money_days ' || day || ' ' || currency",
    ),
]
