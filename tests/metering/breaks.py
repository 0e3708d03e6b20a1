"""One way to break each rule of `verify_ledger`."""

# Rule, and a statement that breaks it and returns what the finding calls the row.
BREAKS = [
    (
        "minutes_used_are_the_sum_of_the_ledger",
        "UPDATE allowances SET minutes_used_this_cycle = minutes_used_this_cycle + 1"
        " WHERE {org} RETURNING 'allowances ' || organization_id",
    ),
    (
        "minutes_paid_otherwise_are_the_sum_of_the_ledger",
        "UPDATE allowances SET minutes_paid_otherwise = minutes_paid_otherwise - 1"
        " WHERE {org} RETURNING 'allowances ' || organization_id",
    ),
    (
        "credit_minutes_are_the_sum_of_the_ledger",
        "UPDATE allowances SET credit_minutes = credit_minutes + 1"
        " WHERE {org} RETURNING 'allowances ' || organization_id",
    ),
    (
        "wallet_balance_is_the_sum_of_its_transactions",
        "UPDATE wallets SET balance = balance + 0.000001"
        " WHERE {org} RETURNING 'wallets ' || organization_id",
    ),
    (
        "used_after_is_the_running_sum",
        "UPDATE minute_transactions SET used_after = used_after + 1 WHERE id ="
        " (SELECT min(id) FROM minute_transactions WHERE {org})"
        " RETURNING 'minute_transactions ' || id",
    ),
    (
        "credit_after_is_the_running_sum",
        "UPDATE minute_transactions SET credit_after = credit_after + 1 WHERE id ="
        " (SELECT max(id) FROM minute_transactions WHERE {org})"
        " RETURNING 'minute_transactions ' || id",
    ),
    (
        "balance_after_is_the_running_sum",
        "UPDATE wallet_transactions SET balance_after = balance_after + 1 WHERE id ="
        " (SELECT max(id) FROM wallet_transactions WHERE {org})"
        " RETURNING 'wallet_transactions ' || id",
    ),
    (
        "every_allowance_has_a_wallet",
        "DELETE FROM wallets WHERE {org} RETURNING 'allowances ' || organization_id",
    ),
    (
        "one_currency_per_organization",
        "UPDATE overage_charges SET currency = 'EUR' WHERE {org}"
        " RETURNING 'overage_charges ' || id",
    ),
    (
        "allowance_mirrors_its_running_cycle",
        "UPDATE allowances SET plan_minutes = plan_minutes + 1"
        " WHERE {org} RETURNING 'allowances ' || organization_id",
    ),
    (
        "one_active_cycle_per_organization",
        "UPDATE billing_cycles SET state = 'closed' WHERE {org}"
        " RETURNING 'allowances ' || organization_id",
    ),
    (
        "cycles_follow_each_other",
        "UPDATE billing_cycles SET starts_at = starts_at + interval '1 second'"
        " WHERE {org} AND state = 'active' RETURNING 'billing_cycles ' || id",
    ),
    (
        "cycle_minutes_are_the_sum_of_the_ledger",
        "UPDATE billing_cycles SET minutes_used = minutes_used + 1"
        " WHERE {org} AND state = 'closed' RETURNING 'billing_cycles ' || id",
    ),
    (
        "cycle_credit_is_the_sum_of_the_ledger",
        "UPDATE billing_cycles SET credit_taken_minutes = credit_taken_minutes + 1"
        " WHERE {org} AND state = 'closed' RETURNING 'billing_cycles ' || id",
    ),
    (
        "a_cycle_closes_once_with_all_it_used",
        "UPDATE minute_transactions SET used_change = used_change + 1"
        " WHERE {org} AND kind = 'cycle_close' RETURNING 'billing_cycles ' || cycle_id",
    ),
    (
        "charges_of_a_cycle_are_its_ledger",
        "UPDATE cycle_charges SET amount = amount + 1 WHERE {org}"
        " RETURNING 'billing_cycles ' || cycle_id",
    ),
    (
        "overage_charges_are_what_overage_cards_charged",
        "UPDATE overage_charges SET minutes = minutes + 1 WHERE {org}"
        " RETURNING 'cycle_charges ' || cycle_id || ' ' || rate_card_id",
    ),
    (
        "the_wallet_paid_what_wallet_cards_charged",
        "UPDATE wallet_transactions SET amount = amount - 1 WHERE {wallet_org}"
        " AND rate_card_id IS NOT NULL"
        " RETURNING 'cycle_charges ' || cycle_id || ' ' || rate_card_id",
    ),
    (
        "minutes_held_are_the_open_holds",
        "UPDATE holds SET minutes = minutes + 1 WHERE {org} AND state = 'open'"
        " RETURNING 'allowances ' || organization_id",
    ),
    (
        "closed_cycles_hold_what_their_plan_cannot_pay",
        "UPDATE billing_cycles SET minutes_held = 2 WHERE {org} AND state = 'closed'"
        " RETURNING 'billing_cycles ' || id",
    ),
    (
        "open_holds_belong_to_a_running_call",
        "UPDATE holds SET state = 'open' WHERE {org} AND state = 'settled'"
        " RETURNING 'holds ' || id",
    ),
    (
        "closed_holds_say_what_became_of_the_call",
        "UPDATE holds SET state = 'released' WHERE {org} AND state = 'estimated'"
        " RETURNING 'holds ' || id",
    ),
    (
        "running_calls_that_were_admitted_hold_minutes",
        "UPDATE calls SET status = 'active' WHERE {org} AND status = 'completed'"
        " RETURNING 'calls ' || id",
    ),
    (
        "holds_end_an_hour_after_they_expire",
        "UPDATE holds SET expires_at = expires_at - interval '3 hours'"
        " WHERE {org} AND state = 'open' RETURNING 'holds ' || id",
    ),
    (
        "every_hold_was_decided_on",
        "UPDATE decisions SET minutes = minutes + 1 WHERE {org} AND hold_id ="
        " (SELECT id FROM holds WHERE {org} AND state = 'open')"
        " RETURNING 'holds ' || hold_id",
    ),
    (
        "every_admission_holds",
        "UPDATE decisions SET result = 'admitted' WHERE {org} AND result = 'refused'"
        " RETURNING 'decisions ' || id",
    ),
    (
        "a_grant_fits_what_was_free",
        "UPDATE decisions SET minutes = 10000 WHERE {org} AND result = 'admitted'"
        " RETURNING 'decisions ' || id",
    ),
    (
        "a_call_is_posted_once_per_revision",
        "UPDATE minute_transactions SET reference = reference || '7' WHERE id ="
        " (SELECT min(id) FROM minute_transactions WHERE {org} AND kind = 'usage')"
        " RETURNING 'minute_transactions ' || id",
    ),
    (
        "a_call_has_a_posting_if_it_was_settled",
        "UPDATE calls SET revision = 0 WHERE {org} AND status = 'estimated'"
        " RETURNING 'calls ' || id",
    ),
    (
        "billed_minutes_are_the_sum_of_the_ledger",
        "UPDATE calls SET billed_minutes = billed_minutes + 1 WHERE {org}"
        " AND status = 'completed' RETURNING 'calls ' || id",
    ),
    (
        "call_price_is_the_sum_of_the_ledger",
        "UPDATE calls SET price = price + 0.01 WHERE {org}"
        " AND status = 'completed' RETURNING 'calls ' || id",
    ),
    (
        "usage_events_are_the_sum_of_calls",
        "UPDATE usage_events SET quantity = quantity + 1 WHERE call_id IS NOT NULL AND {org}"
        " RETURNING 'calls ' || call_id",
    ),
    (
        "daily_usage_is_the_sum_of_calls",
        "UPDATE daily_usage SET cost = cost + 1 WHERE agent_id IS NOT NULL AND {org}"
        " RETURNING 'daily_usage ' || organization_id"
        " || ' agent ' || agent_id || ' number ' || phone_number_id",
    ),
    (
        "hours_of_a_day_are_its_count",
        "UPDATE daily_usage SET hours[1] = hours[1] + 1 WHERE {org}"
        " RETURNING 'daily_usage ' || id",
    ),
    (
        "messages_are_processed_within_ten_minutes",
        "UPDATE inbound_messages SET state = 'received',"
        " received_at = received_at - interval '2 hours' WHERE {org}"
        " RETURNING 'inbound_messages ' || id",
    ),
    (
        "the_ceiling_is_what_the_books_allow",
        "UPDATE allowances SET minutes_ceiling = minutes_ceiling + 1"
        " WHERE {org} RETURNING 'allowances ' || organization_id",
    ),
    (
        "a_charge_is_the_price_of_its_seconds",
        "UPDATE cycle_charges SET seconds = seconds + 60 WHERE {org}"
        " RETURNING 'cycle_charges ' || id",
    ),
    (
        "cycle_usage_is_the_sum_of_its_events",
        "UPDATE cycle_usage SET quantity = quantity + 1 WHERE {org}"
        " RETURNING 'cycle_usage ' || cycle_id || ' ' || meter || ' ' || rate_card_id",
    ),
    (
        "cycle_usage_costs_the_price_of_its_quantity",
        "UPDATE cycle_usage SET price = price + 0.000001 WHERE {org}"
        " RETURNING 'cycle_usage ' || id",
    ),
    (
        "daily_usage_is_the_sum_of_events",
        "UPDATE daily_usage SET price = price + 1 WHERE meter = 'api_call' AND {org}"
        " RETURNING 'daily_usage ' || organization_id || ' api_call'",
    ),
    (
        "the_wallet_paid_what_events_cost",
        "UPDATE wallet_transactions SET amount = amount - 1 WHERE id = (SELECT max(id)"
        " FROM wallet_transactions WHERE {wallet_org} AND reference LIKE 'usage:%')"
        " RETURNING 'wallet_transactions ' || reference",
    ),
    (
        "usage_charges_are_what_events_cost_on_overage_cards",
        "UPDATE usage_charges SET amount = amount + 1 WHERE id ="
        " (SELECT max(id) FROM usage_charges WHERE {org})"
        " RETURNING 'usage_charges ' || reference",
    ),
    (
        "corrections_are_of_the_same_meter_cycle_and_card",
        "UPDATE usage_events SET meter = 'ai_query' WHERE kind = 'correction' AND {org}"
        " RETURNING 'usage_events ' || id",
    ),
    (
        "usage_holds_end_soon_after_they_expire",
        "UPDATE usage_holds SET expires_at = expires_at - interval '1 day'"
        " WHERE state = 'open' AND {org} RETURNING 'usage_holds ' || id",
    ),
    (
        "a_settled_usage_hold_has_its_event",
        "UPDATE usage_holds SET settled_quantity = 3 WHERE state = 'settled' AND {org}"
        " RETURNING 'usage_holds ' || id",
    ),
]
