-- A decision of the gate may show that a wallet should be filled: its hold took the free
-- balance under the organization's threshold, or the call was refused for the balance. Runs
-- in the gate's transaction, under the lock of the allowance, after the hold was counted.
-- Organizations that asked for no filling cost one look into an index. What is held of other
-- meters counts whole, at its dearest price: told too early costs one look, too late a call.
CREATE OR REPLACE FUNCTION tell_of_low_wallet() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_threshold numeric;
  v_balance numeric;
  v_free numeric;
BEGIN
  SELECT amount INTO v_threshold FROM top_up_thresholds
    WHERE organization_id = NEW.organization_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  -- Held minutes that plan and credit will not pay for, at the card's dearest price.
  SELECT w.balance, w.balance - greatest(0, a.minutes_held - greatest(0, a.plan_minutes
      + a.credit_minutes - a.minutes_used_this_cycle + a.minutes_paid_otherwise))
      * coalesce(r.unit_price, (SELECT max((t ->> 'unit_price')::numeric)
                                FROM jsonb_array_elements(r.tiers) t), 0)
    INTO v_balance, v_free
    FROM allowances a
    JOIN rate_cards c ON c.id = a.rate_card_id AND c.when_exhausted = 'wallet'
    JOIN wallets w ON w.organization_id = a.organization_id
    LEFT JOIN rates r ON r.rate_card_id = c.id AND r.meter = 'voice_minute'
    WHERE a.organization_id = NEW.organization_id;
  IF NOT FOUND THEN
    RETURN NULL;
  END IF;
  SELECT v_free - coalesce(sum(h.quantity * coalesce(r.unit_price,
      (SELECT max((t ->> 'unit_price')::numeric) FROM jsonb_array_elements(r.tiers) t), 0)), 0)
    INTO v_free
    FROM usage_holds h
    JOIN rate_cards c ON c.id = h.rate_card_id AND c.when_exhausted = 'wallet'
    JOIN rates r ON r.rate_card_id = c.id AND r.meter = h.meter
    WHERE h.organization_id = NEW.organization_id AND h.state = 'open';
  IF NEW.rule = 'wallet_empty' OR v_free < v_threshold THEN
    INSERT INTO top_ups_due (organization_id, reason, provider_call_id, balance,
        free_balance, created_at, outcome)
      VALUES (NEW.organization_id,
        CASE WHEN NEW.rule = 'wallet_empty' THEN 'refused' ELSE 'below_threshold' END,
        NEW.provider_call_id, v_balance, greatest(v_free, -999999999999), NEW.created_at, '')
      ON CONFLICT (organization_id) WHERE closed_at IS NULL DO NOTHING;
  END IF;
  RETURN NULL;
END $$;
