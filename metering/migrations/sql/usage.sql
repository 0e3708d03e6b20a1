-- Usage of meters other than calls: into the books, and written back; the views.

-- As in book.sql, with the zones of before, the usage of each cycle, and what is held of it.
CREATE OR REPLACE FUNCTION book_json(p_organizations uuid[], p_cycles uuid[]) RETURNS jsonb
LANGUAGE plpgsql AS $$
DECLARE
  books jsonb;
BEGIN
  SELECT jsonb_agg(jsonb_build_object(
    'organization_id', a.organization_id,
    'currency', o.currency,
    'timezone', o.timezone,
    'timezones_before', o.timezones_before,
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
          FROM cycle_charges x WHERE x.cycle_id = c.id),
        'usages', (
          SELECT jsonb_agg(jsonb_build_object(
            'card_id', u.rate_card_id, 'meter', u.meter, 'count', u.count,
            'quantity', u.quantity, 'charged_quantity', u.charged_quantity,
            'price', u.price) ORDER BY u.id)
          FROM cycle_usage u WHERE u.cycle_id = c.id)))
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
        GROUP BY cycle_id, rate_card_id) h),
    'usage_holds', (
      SELECT jsonb_agg(jsonb_build_object('cycle_id', h.cycle_id,
        'card_id', h.rate_card_id, 'meter', h.meter, 'quantity', h.quantity))
      FROM (
        SELECT cycle_id, rate_card_id, meter, sum(quantity) AS quantity
        FROM usage_holds
        WHERE organization_id = a.organization_id AND state = 'open'
        GROUP BY cycle_id, rate_card_id, meter) h)))
  INTO books
  FROM allowances a
  JOIN organizations o ON o.id = a.organization_id
  JOIN wallets w ON w.organization_id = a.organization_id
  WHERE a.organization_id = ANY (p_organizations);
  RETURN coalesce(books, '[]');
END $$;

-- Writes what usage changed: absolute sums (the row locks make that safe), and new rows.
CREATE FUNCTION usage_write(p jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  INSERT INTO cycle_usage (organization_id, cycle_id, rate_card_id, meter, count, quantity,
      charged_quantity, price, currency)
  SELECT organization_id, cycle_id, rate_card_id, meter, count, quantity,
      charged_quantity, price, currency
  FROM jsonb_to_recordset(p -> 'usages') AS r(organization_id uuid, cycle_id uuid,
      rate_card_id uuid, meter text, count int, quantity numeric, charged_quantity numeric,
      price numeric, currency text)
  ON CONFLICT (cycle_id, meter, rate_card_id) DO UPDATE SET count = excluded.count,
      quantity = excluded.quantity, charged_quantity = excluded.charged_quantity,
      price = excluded.price;

  INSERT INTO usage_events (id, organization_id, meter, direction, kind, corrects_id,
      quantity, charged_quantity, is_estimated, rate_card_id, unit_price, total, currency,
      idempotency_key, metadata, cycle_id, occurred_at, processed_at)
  SELECT id, organization_id, meter, '', kind, corrects_id,
      quantity, charged_quantity, is_estimated, rate_card_id, unit_price, total, currency,
      idempotency_key, metadata, cycle_id, occurred_at, processed_at
  FROM jsonb_to_recordset(p -> 'events') AS r(id uuid, organization_id uuid, meter text,
      kind text, corrects_id uuid, quantity numeric, charged_quantity numeric,
      is_estimated bool, rate_card_id uuid, unit_price numeric, total numeric,
      currency text, idempotency_key text, metadata jsonb, cycle_id uuid,
      occurred_at timestamptz, processed_at timestamptz);

  INSERT INTO usage_charges (organization_id, cycle_id, rate_card_id, meter, reference,
      quantity, amount, currency, occurred_at, created_at)
  SELECT organization_id, cycle_id, rate_card_id, meter, reference,
      quantity, amount, currency, occurred_at, created_at
  FROM jsonb_to_recordset(p -> 'charges') AS r(organization_id uuid, cycle_id uuid,
      rate_card_id uuid, meter text, reference text, quantity numeric, amount numeric,
      currency text, occurred_at timestamptz, created_at timestamptz);
END $$;

CREATE VIEW monthly_usage AS
SELECT d.organization_id || ':' || to_char(d.month, 'YYYY-MM') AS id, d.organization_id,
  d.month, d.total_calls, d.talk_seconds, d.billed_minutes, d.cost, d.price, o.currency
FROM (
  SELECT organization_id, date_trunc('month', day)::date AS month,
    sum(count) AS total_calls, sum(talk_seconds)::bigint AS talk_seconds,
    sum(quantity) AS billed_minutes, sum(cost) AS cost, sum(price) AS price
  FROM daily_usage WHERE meter = 'voice_minute'
  GROUP BY organization_id, date_trunc('month', day)::date) d
JOIN organizations o ON o.id = d.organization_id;

CREATE VIEW billing_overview AS
SELECT c.organization_id || ':' || m.meter AS id, c.organization_id, c.id AS cycle_id,
  c.starts_at AS cycle_start, c.ends_at AS cycle_end, m.meter, m.quantity,
  m.included_quantity, m.quota_limit, m.charged_quantity, m.price, w.currency
FROM allowances a
JOIN billing_cycles c ON c.id = a.cycle_id
JOIN wallets w ON w.organization_id = a.organization_id
CROSS JOIN LATERAL (
  SELECT 'voice_minute' AS meter, c.minutes_used::numeric(20, 6) AS quantity,
    c.included_minutes::numeric(20, 6) AS included_quantity,
    NULL::numeric(20, 6) AS quota_limit,
    c.overage_minutes::numeric(20, 6) AS charged_quantity,
    coalesce((SELECT sum(amount) FROM cycle_charges x WHERE x.cycle_id = c.id), 0)
      AS price
  UNION ALL
  SELECT coalesce(u.meter, r.meter), coalesce(u.quantity, 0),
    CASE WHEN r.id IS NOT NULL THEN
      CASE WHEN c.is_paid THEN coalesce(r.included_quantity, 0) ELSE 0 END END,
    r.quota_limit, coalesce(u.charged_quantity, 0), coalesce(u.price, 0)
  FROM (
    SELECT meter, sum(quantity) AS quantity, sum(charged_quantity) AS charged_quantity,
      sum(price) AS price
    FROM cycle_usage WHERE cycle_id = c.id GROUP BY meter) u
  FULL JOIN (
    SELECT * FROM rates
    WHERE rate_card_id = c.rate_card_id AND meter <> 'voice_minute' AND direction = '') r
    ON r.meter = u.meter) m;

-- A refused caller is told to the organization's own systems, if they want to hear of it, in
-- the transaction of the decision; the gate itself knows nothing of webhooks.
CREATE FUNCTION tell_of_refusal() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
  v_event uuid := gen_random_uuid();
BEGIN
  INSERT INTO webhook_deliveries (id, organization_id, endpoint_id, event_id, kind, data,
      occurred_at, state, attempts, next_attempt_at, error)
  SELECT gen_random_uuid(), e.organization_id, e.id, v_event, 'call.refused',
    jsonb_build_object('reason', NEW.rule, 'provider', NEW.provider,
      'call_id', NEW.provider_call_id),
    NEW.created_at, 'waiting', 0, NEW.created_at, ''
  FROM webhook_endpoints e
  WHERE e.organization_id = NEW.organization_id AND e.removed_at IS NULL
    AND 'call.refused' = ANY (e.kinds);
  RETURN NULL;
END $$;

CREATE TRIGGER tell_of_refusal AFTER INSERT ON decisions FOR EACH ROW
  WHEN (NEW.result = 'refused' AND NEW.organization_id IS NOT NULL)
  EXECUTE FUNCTION tell_of_refusal();
