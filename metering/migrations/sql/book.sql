-- Reads the books of organizations under their row locks, and writes them back.

-- Locks allowance rows in id order: the order that every transaction keeps.
CREATE FUNCTION book_lock(p_organizations uuid[]) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  PERFORM 1 FROM allowances
    WHERE organization_id = ANY (p_organizations)
    ORDER BY organization_id
    FOR NO KEY UPDATE;
END $$;

-- What the pure code needs to know of locked organizations. Volatile on purpose: called
-- after `book_lock`, each statement sees what the last holder of the lock committed.
-- Closed cycles are included while they hold minutes, or when asked for by id.
CREATE FUNCTION book_json(p_organizations uuid[], p_cycles uuid[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  books jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object(
    'organization_id', a.organization_id,
    'currency', o.currency,
    'timezone', o.timezone,
    'credit', a.credit_minutes,
    'wallet', w.balance,
    'cycle_id', a.cycle_id,
    'anchor_at', a.anchor_at,
    'rolls_until', a.rolls_until,
    'plan_card_id', a.plan_card_id,
    'standing', a.standing,
    'enforcement', a.enforcement,
    'overage_limit_minutes', a.overage_limit_minutes,
    'cycles', (
      SELECT jsonb_agg(jsonb_build_object(
        'id', c.id,
        'starts_at', c.starts_at,
        'ends_at', c.ends_at,
        'card_id', c.rate_card_id,
        'included', c.included_minutes,
        'used', c.minutes_used,
        'charged', c.overage_minutes,
        'credit_taken', c.credit_taken_minutes,
        'debt_repaid', c.debt_repaid_minutes,
        'is_live', c.state = 'active',
        'is_paid', c.is_paid,
        'closed_at', c.closed_at,
        'charges', (
          SELECT jsonb_agg(jsonb_build_object(
            'card_id', x.rate_card_id, 'minutes', x.minutes,
            'seconds', x.seconds, 'amount', x.amount) ORDER BY x.id)
          FROM cycle_charges x WHERE x.cycle_id = c.id)))
      FROM billing_cycles c
      WHERE c.organization_id = a.organization_id
        AND (c.id = a.cycle_id OR c.minutes_held > 0 OR c.id = ANY (p_cycles))),
    'holds', (
      SELECT jsonb_agg(jsonb_build_object(
        'cycle_id', h.cycle_id, 'card_id', h.rate_card_id, 'minutes', h.minutes))
      FROM (
        SELECT cycle_id, rate_card_id, sum(minutes) AS minutes
        FROM holds
        WHERE organization_id = a.organization_id AND state = 'open'
        GROUP BY cycle_id, rate_card_id) h)))
  INTO books
  FROM allowances a
  JOIN organizations o ON o.id = a.organization_id
  JOIN wallets w ON w.organization_id = a.organization_id
  WHERE a.organization_id = ANY (p_organizations);
  RETURN coalesce(books, '[]');
END $$;

-- Writes what changed. Values are absolute: the row locks make that safe.
CREATE FUNCTION book_write(p jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  -- Cycles that close come first: only one may be active.
  INSERT INTO billing_cycles (id, organization_id, starts_at, ends_at, rate_card_id,
      included_minutes, minutes_used, overage_minutes, credit_taken_minutes,
      debt_repaid_minutes, minutes_held, state, is_paid, invoice_reference, closed_at)
  SELECT id, organization_id, starts_at, ends_at, rate_card_id,
      included_minutes, minutes_used, overage_minutes, credit_taken_minutes,
      debt_repaid_minutes, minutes_held, state, is_paid, '', closed_at
  FROM jsonb_to_recordset(p -> 'cycles') AS r(id uuid, organization_id uuid,
      starts_at timestamptz, ends_at timestamptz, rate_card_id uuid, included_minutes int,
      minutes_used int, overage_minutes int, credit_taken_minutes int,
      debt_repaid_minutes int, minutes_held int, state text, is_paid bool,
      closed_at timestamptz)
  ORDER BY state DESC, starts_at
  ON CONFLICT (id) DO UPDATE SET rate_card_id = excluded.rate_card_id,
      ends_at = excluded.ends_at,
      included_minutes = excluded.included_minutes, minutes_used = excluded.minutes_used,
      overage_minutes = excluded.overage_minutes,
      credit_taken_minutes = excluded.credit_taken_minutes,
      debt_repaid_minutes = excluded.debt_repaid_minutes,
      minutes_held = excluded.minutes_held, state = excluded.state,
      is_paid = excluded.is_paid, closed_at = excluded.closed_at;

  UPDATE allowances a SET
      minutes_used_this_cycle = r.minutes_used_this_cycle,
      credit_minutes = r.credit_minutes,
      minutes_paid_otherwise = r.minutes_paid_otherwise,
      minutes_ceiling = r.minutes_ceiling,
      minutes_held = r.minutes_held,
      plan_minutes = r.plan_minutes,
      rate_card_id = r.rate_card_id,
      plan_card_id = r.plan_card_id,
      cycle_id = r.cycle_id,
      cycle_ends_at = r.cycle_ends_at,
      anchor_at = r.anchor_at,
      rolls_until = r.rolls_until,
      standing = r.standing,
      enforcement = r.enforcement,
      overage_limit_minutes = r.overage_limit_minutes
  FROM jsonb_to_recordset(p -> 'allowances') AS r(organization_id uuid,
      minutes_used_this_cycle int, credit_minutes int, minutes_paid_otherwise int,
      minutes_ceiling int, minutes_held int, plan_minutes int, rate_card_id uuid,
      plan_card_id uuid, cycle_id uuid, cycle_ends_at timestamptz, anchor_at timestamptz,
      rolls_until timestamptz, standing text, enforcement text, overage_limit_minutes int)
  WHERE a.organization_id = r.organization_id;

  IF p ? 'charges' THEN
    INSERT INTO cycle_charges
      (cycle_id, organization_id, rate_card_id, minutes, seconds, amount)
    SELECT cycle_id, organization_id, rate_card_id, minutes, seconds, amount
    FROM ROWS FROM (jsonb_to_recordset(p -> 'charges') AS (cycle_id uuid,
      organization_id uuid, rate_card_id uuid, minutes int, seconds bigint,
      amount numeric)) WITH ORDINALITY AS r(cycle_id, organization_id, rate_card_id,
      minutes, seconds, amount, n)
    ORDER BY n
    ON CONFLICT (cycle_id, rate_card_id) DO UPDATE SET minutes = excluded.minutes,
      seconds = excluded.seconds, amount = excluded.amount;
  END IF;

  IF p ? 'holds' THEN
    UPDATE holds h SET state = r.state, closed_at = r.closed_at
    FROM jsonb_to_recordset(p -> 'holds') AS r(id uuid, state text, closed_at timestamptz)
    WHERE h.id = r.id
      -- By the index, however few rows the planner thinks there are.
      AND h.id = ANY (ARRAY(
        SELECT (x ->> 'id')::uuid FROM jsonb_array_elements(p -> 'holds') x));
  END IF;

  IF p ? 'movements' THEN
    INSERT INTO minute_transactions (organization_id, kind, reference, cycle_id,
      rate_card_id, call_id, actor_id, reason, created_at, used_change, credit_change,
      charged_change, amount, currency, used_after, credit_after)
    SELECT organization_id, kind, reference, cycle_id, card_id, call_id, actor_id, reason,
      created_at, used_change, credit_change, charged_change, amount, currency,
      used_after, credit_after
    FROM ROWS FROM (jsonb_to_recordset(p -> 'movements') AS (organization_id uuid,
      kind text, reference text, cycle_id uuid, card_id uuid, call_id uuid, actor_id bigint,
      reason text, created_at timestamptz, used_change int, credit_change int,
      charged_change int, amount numeric, currency text, used_after int,
      credit_after int)) WITH ORDINALITY AS r(organization_id, kind, reference, cycle_id,
      card_id, call_id, actor_id, reason, created_at, used_change, credit_change,
      charged_change, amount, currency, used_after, credit_after, n)
    ORDER BY n;
  END IF;

  IF p ? 'wallet_movements' THEN
    INSERT INTO wallet_transactions (organization_id, kind, reference, cycle_id,
      rate_card_id, call_id, actor_id, reason, created_at, amount, balance_after, currency)
    SELECT organization_id, kind, reference, cycle_id, card_id, call_id, actor_id, reason,
      created_at, amount, balance_after, currency
    FROM ROWS FROM (jsonb_to_recordset(p -> 'wallet_movements') AS (organization_id uuid,
      kind text, reference text, cycle_id uuid, card_id uuid, call_id uuid, actor_id bigint,
      reason text, created_at timestamptz, amount numeric, balance_after numeric,
      currency text)) WITH ORDINALITY AS r(organization_id, kind, reference, cycle_id,
      card_id, call_id, actor_id, reason, created_at, amount, balance_after, currency, n)
    ORDER BY n;
    UPDATE wallets w SET balance = r.balance
    FROM jsonb_to_recordset(p -> 'wallets') AS r(organization_id uuid, balance numeric)
    WHERE w.organization_id = r.organization_id;
  END IF;

  IF p ? 'overage' THEN
    INSERT INTO overage_charges (organization_id, cycle_id, rate_card_id, call_id,
      reference, minutes, amount, currency, occurred_at, created_at)
    SELECT organization_id, cycle_id, card_id, call_id, reference, minutes, amount,
      currency, occurred_at, created_at
    FROM jsonb_to_recordset(p -> 'overage') AS r(organization_id uuid, cycle_id uuid,
      card_id uuid, call_id uuid, reference text, minutes int, amount numeric,
      currency text, occurred_at timestamptz, created_at timestamptz);
  END IF;
END $$;
