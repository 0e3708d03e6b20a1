-- All that settling a batch of reports reads, under the locks of the organizations
-- concerned: whose calls they are, the calls and holds so far, and the books.
CREATE FUNCTION settle_read(p_refs jsonb) RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_routes jsonb;
  v_organizations uuid[];
  v_holds jsonb;
  v_calls jsonb;
  v_cycles uuid[];
BEGIN
  SELECT coalesce(jsonb_agg(to_jsonb(r)), '[]'), array_agg(DISTINCT r.organization_id)
    INTO v_routes, v_organizations
    FROM route_calls(p_refs) r WHERE r.organization_id IS NOT NULL;
  PERFORM book_lock(v_organizations);

  SELECT jsonb_agg(jsonb_build_object('id', h.id, 'reference', h.reference,
      'organization_id', h.organization_id, 'minutes', h.minutes,
      'seconds_max', h.seconds_max, 'card_id', h.rate_card_id, 'cycle_id', h.cycle_id,
      'state', h.state))
    INTO v_holds
    FROM holds h
    WHERE h.reference = ANY (ARRAY(
      SELECT (r ->> 'provider') || ':' || (r ->> 'call_id')
      FROM jsonb_array_elements(p_refs) r));
  SELECT jsonb_agg(to_jsonb(c))
    INTO v_calls
    FROM jsonb_to_recordset(p_refs) AS r(provider text, call_id text)
    CROSS JOIN LATERAL (
      SELECT k.* FROM calls k
      WHERE k.provider = r.provider AND k.provider_call_id = r.call_id
      OFFSET 0) c;

  -- The cycle that admitted a call, that charged it, or in which it began unadmitted.
  SELECT array_agg(DISTINCT x.id) INTO v_cycles FROM (
    SELECT (h ->> 'cycle_id')::uuid AS id FROM jsonb_array_elements(v_holds) h
    UNION ALL
    SELECT (c ->> 'cycle_id')::uuid FROM jsonb_array_elements(v_calls) c
    UNION ALL
    SELECT b.id
    FROM jsonb_to_recordset(v_routes) AS t(n int, organization_id uuid)
    JOIN jsonb_to_recordset(p_refs) AS r(n int, started_at timestamptz) ON r.n = t.n
    JOIN billing_cycles b ON b.organization_id = t.organization_id
      AND b.starts_at <= r.started_at AND r.started_at < b.ends_at) x
  WHERE x.id IS NOT NULL;

  RETURN jsonb_build_object('routes', v_routes, 'holds', coalesce(v_holds, '[]'),
    'calls', coalesce(v_calls, '[]'),
    'books', book_json(v_organizations, coalesce(v_cycles, '{}')));
END $$;

-- Writes the calls of a batch, their usage events, the daily sums and the messages that
-- brought them. The books are written by `book_write` in the same statement.
CREATE FUNCTION settle_write(p_books jsonb, p jsonb) RETURNS void LANGUAGE plpgsql AS $$
BEGIN
  IF p_books IS NOT NULL THEN
    PERFORM book_write(p_books);
  END IF;

  IF p ? 'calls' THEN
    INSERT INTO calls (id, organization_id, provider, provider_call_id, direction, agent_id,
      phone_number_id, call_from, call_to, occurred_at, started_at, ended_at,
      duration_seconds, billed_seconds, billed_minutes, minutes_from_plan,
      minutes_from_credit, minutes_charged, seconds_charged, cost, cost_breakdown, price,
      currency, rate_card_id, cycle_id, status, ended_reason, refusal, is_unadmitted,
      flags, revision, created_at, settled_at)
    SELECT id, organization_id, provider, provider_call_id, direction, agent_id,
      phone_number_id, call_from, call_to, occurred_at, started_at, ended_at,
      duration_seconds, billed_seconds, billed_minutes, minutes_from_plan,
      minutes_from_credit, minutes_charged, seconds_charged, cost, cost_breakdown, price,
      currency, rate_card_id, cycle_id, status, ended_reason, refusal, is_unadmitted,
      ARRAY(SELECT jsonb_array_elements_text(flags)), revision, created_at, settled_at
    FROM jsonb_to_recordset(p -> 'calls') AS r(id uuid, organization_id uuid, provider text,
      provider_call_id text, direction text, agent_id uuid, phone_number_id uuid,
      call_from text, call_to text, occurred_at timestamptz, started_at timestamptz,
      ended_at timestamptz, duration_seconds int, billed_seconds int, billed_minutes int,
      minutes_from_plan int, minutes_from_credit int, minutes_charged int,
      seconds_charged int, cost numeric, cost_breakdown jsonb, price numeric,
      currency text, rate_card_id uuid, cycle_id uuid, status text, ended_reason text,
      refusal text, is_unadmitted bool, flags jsonb, revision int, created_at timestamptz,
      settled_at timestamptz)
    ON CONFLICT (provider, organization_id, provider_call_id) DO UPDATE SET
      direction = excluded.direction, agent_id = excluded.agent_id,
      phone_number_id = excluded.phone_number_id, call_from = excluded.call_from,
      call_to = excluded.call_to, occurred_at = excluded.occurred_at,
      started_at = excluded.started_at, ended_at = excluded.ended_at,
      duration_seconds = excluded.duration_seconds,
      billed_seconds = excluded.billed_seconds, billed_minutes = excluded.billed_minutes,
      minutes_from_plan = excluded.minutes_from_plan,
      minutes_from_credit = excluded.minutes_from_credit,
      minutes_charged = excluded.minutes_charged,
      seconds_charged = excluded.seconds_charged, cost = excluded.cost,
      cost_breakdown = excluded.cost_breakdown, price = excluded.price,
      rate_card_id = excluded.rate_card_id, cycle_id = excluded.cycle_id,
      status = excluded.status, ended_reason = excluded.ended_reason,
      refusal = excluded.refusal, is_unadmitted = excluded.is_unadmitted,
      flags = excluded.flags, revision = excluded.revision,
      settled_at = excluded.settled_at;
  END IF;

  IF p ? 'events' THEN
    INSERT INTO usage_events (id, organization_id, meter, direction, quantity, unit_price,
      total, currency, idempotency_key, metadata, cycle_id, call_id, occurred_at,
      processed_at)
    SELECT id, organization_id, meter, direction, quantity, unit_price, total, currency,
      idempotency_key, metadata, cycle_id, call_id, occurred_at, processed_at
    FROM jsonb_to_recordset(p -> 'events') AS r(id uuid, organization_id uuid, meter text,
      direction text, quantity numeric, unit_price numeric, total numeric, currency text,
      idempotency_key text, metadata jsonb, cycle_id uuid, call_id uuid,
      occurred_at timestamptz, processed_at timestamptz);
  END IF;

  IF p ? 'days' THEN
    INSERT INTO daily_usage AS d (organization_id, day, meter, agent_id, phone_number_id,
      count, quantity, talk_seconds, hours, cost, price)
    SELECT organization_id, day, meter, agent_id, phone_number_id, count, quantity,
      talk_seconds, ARRAY(SELECT jsonb_array_elements_text(hours)::int), cost, price
    FROM jsonb_to_recordset(p -> 'days') AS r(organization_id uuid, day date, meter text,
      agent_id uuid, phone_number_id uuid, count int, quantity numeric,
      talk_seconds bigint, hours jsonb, cost numeric, price numeric)
    ON CONFLICT (organization_id, day, meter, agent_id, phone_number_id) DO UPDATE SET
      count = d.count + excluded.count, quantity = d.quantity + excluded.quantity,
      talk_seconds = d.talk_seconds + excluded.talk_seconds,
      cost = d.cost + excluded.cost, price = d.price + excluded.price,
      hours = ARRAY(SELECT a + b
        FROM unnest(d.hours, excluded.hours) WITH ORDINALITY AS t(a, b, n) ORDER BY n);
  END IF;

  IF p ? 'messages' THEN
    INSERT INTO inbound_messages AS m (provider, kind, external_id, body, state, attempts,
      error, received_at, processed_at, organization_id, provider_call_id)
    SELECT provider, kind, external_id, body, state, 1, '', received_at, processed_at,
      organization_id, provider_call_id
    FROM jsonb_to_recordset(p -> 'messages') AS r(provider text, kind text,
      external_id text, body jsonb, state text, received_at timestamptz,
      processed_at timestamptz, organization_id uuid, provider_call_id text)
    ON CONFLICT (provider, external_id) DO UPDATE SET state = excluded.state,
      attempts = m.attempts + 1, error = '', next_attempt_at = NULL,
      processed_at = coalesce(m.processed_at, excluded.processed_at),
      organization_id = excluded.organization_id
    WHERE m.state <> 'processed';
  END IF;
END $$;
