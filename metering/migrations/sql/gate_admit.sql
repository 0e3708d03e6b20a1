-- May this call connect? Locks the organization's allowance, holds minutes for the call,
-- and writes down what was decided on. The same call asked again gets the same answer.
-- `{"roll_over": <organization>}` means: a cycle has ended, roll it over and ask again.
--
-- In shadow mode the answer is yes and the Decision keeps the true rule: a call against a rule
-- holds nothing, and no call is cut at its grant; what it takes beyond is what enforcing would
-- have saved. A spend cap that the customer set was promised to them: it holds all the same.
CREATE OR REPLACE FUNCTION gate_admit(p_ref jsonb, p_now timestamptz, p_hold_id uuid, p_call_id uuid)
RETURNS jsonb LANGUAGE plpgsql AS $$
DECLARE
  v_provider text := p_ref ->> 'provider';
  v_call text := p_ref ->> 'call_id';
  v_direction text := p_ref ->> 'direction';
  -- The call runs already; it never asked.
  v_is_late bool := coalesce((p_ref ->> 'is_late')::bool, false);
  v_route record;
  v_allowance allowances%ROWTYPE;
  v_card rate_cards%ROWTYPE;
  v_old decisions%ROWTYPE;
  v_status text;
  v_currency text;
  v_open int;
  v_available int;
  v_minutes int := 0;
  v_seconds int := 0;
  v_rule text := 'ok';
  -- By a limit on overage that the customer set.
  v_is_capped bool;
  -- The rules are watched, not enforced.
  v_is_watched bool := false;
  v_would_refuse bool := false;
  v_refusal_text text := '';
BEGIN
  -- A hold lost in a crash costs no money: the call is metered without it. Not within a
  -- larger transaction, whose other rows must not be lost.
  IF (p_ref ->> 'may_commit_late')::bool THEN
    PERFORM set_config('synchronous_commit', 'off', true);
  END IF;
  SELECT * INTO v_route FROM route_calls(jsonb_build_array(p_ref)) LIMIT 1;

  IF v_route.organization_id IS NULL THEN
    INSERT INTO decisions (provider, provider_call_id, result, rule, would_refuse,
        inputs, minutes, seconds_max, created_at)
      VALUES (v_provider, v_call, 'refused', 'unknown_number', false,
        jsonb_build_object('number_id', p_ref ->> 'number_id',
                           'assistant_id', p_ref ->> 'assistant_id'), 0, 0, p_now)
      ON CONFLICT (provider, provider_call_id, organization_id) DO NOTHING;
    RETURN jsonb_build_object('rule', 'unknown_number', 'admitted', false);
  END IF;

  SELECT * INTO v_allowance FROM allowances
    WHERE organization_id = v_route.organization_id FOR NO KEY UPDATE;
  SELECT refusal_text INTO v_refusal_text FROM agents WHERE id = v_route.agent_id;

  SELECT * INTO v_old FROM decisions
    WHERE provider = v_provider AND provider_call_id = v_call
      AND organization_id = v_route.organization_id;
  IF FOUND THEN
    RETURN jsonb_build_object('rule', v_old.rule, 'admitted', v_old.result = 'admitted',
      'organization_id', v_route.organization_id, 'minutes', v_old.minutes,
      'seconds_max', v_old.seconds_max, 'hold_id', v_old.hold_id,
      'would_refuse', v_old.would_refuse, 'agent_id', v_route.agent_id,
      'assistant_id', v_route.assistant_id, 'refusal_text', v_refusal_text,
      'is_replay', true);
  END IF;

  IF v_allowance.cycle_ends_at <= p_now THEN
    RETURN jsonb_build_object('roll_over', v_route.organization_id);
  END IF;

  SELECT status, currency INTO v_status, v_currency FROM organizations
    WHERE id = v_route.organization_id;
  SELECT * INTO v_card FROM rate_cards WHERE id = v_allowance.rate_card_id;
  SELECT count(*) INTO v_open FROM holds
    WHERE organization_id = v_route.organization_id AND state = 'open' AND kind = 'call';
  v_available := v_allowance.minutes_ceiling - v_allowance.minutes_held;

  v_rule := CASE
    -- Its report came before the question: what is held now would be held for nothing.
    WHEN EXISTS (SELECT 1 FROM calls WHERE provider = v_provider
      AND provider_call_id = v_call AND organization_id = v_route.organization_id
      AND revision > 0) THEN 'already_ended'
    WHEN v_status <> 'active' THEN v_status
    WHEN v_allowance.standing = 'past_due' THEN 'past_due'
    WHEN v_direction = 'inbound' AND NOT v_is_late AND v_route.assistant_id IS NULL
      THEN 'not_configured'
    WHEN v_open >= v_card.calls_at_once_max THEN 'too_many_calls'
    WHEN v_available >= 1 THEN 'ok'
    WHEN v_allowance.standing = 'no_plan' THEN 'no_plan'
    WHEN v_card.when_exhausted = 'overage' THEN 'overage_limit'
    WHEN v_card.when_exhausted = 'wallet' THEN 'wallet_empty'
    WHEN v_card.when_exhausted = 'postpaid' THEN 'credit_limit'
    ELSE 'no_minutes' END;

  v_is_capped := v_card.when_exhausted = 'overage'
    AND v_allowance.overage_limit_minutes IS NOT NULL;
  v_is_watched := v_allowance.enforcement = 'shadow'
    AND v_rule NOT IN ('already_ended', 'suspended', 'closed', 'not_configured')
    AND NOT (v_is_capped AND v_available < 1);
  IF v_rule = 'ok' OR (v_is_watched AND v_is_capped) THEN
    -- metering.rating.grant, the same rule in SQL.
    v_minutes := least(v_card.call_minutes_max, v_available,
      greatest(v_card.slice_minutes, ceil(v_available / 4.0)::int));
    v_seconds := 60 * v_minutes - 5;
  END IF;
  IF v_is_watched THEN
    v_would_refuse := v_rule <> 'ok';
    IF NOT v_is_capped THEN
      v_seconds := 60 * v_card.call_minutes_max - 5;
    END IF;
  END IF;

  INSERT INTO calls (id, organization_id, provider, provider_call_id, direction, agent_id,
      phone_number_id, call_from, call_to, occurred_at, billed_seconds, billed_minutes,
      minutes_from_plan, minutes_from_credit, minutes_charged, seconds_charged,
      cost_breakdown, price, currency, rate_card_id, cycle_id, status, ended_reason,
      refusal, is_unadmitted, flags, revision, created_at)
    VALUES (p_call_id, v_route.organization_id, v_provider, v_call, v_direction,
      v_route.agent_id, v_route.phone_number_id, p_ref ->> 'call_from',
      p_ref ->> 'call_to', p_now, 0, 0, 0, 0, 0, 0, '{}', 0, v_currency,
      v_allowance.rate_card_id, v_allowance.cycle_id,
      CASE WHEN v_seconds > 0 OR v_is_late THEN 'active' ELSE 'refused' END, '',
      CASE WHEN v_seconds > 0 THEN '' ELSE v_rule END, v_is_late, '{}', 0, p_now)
    ON CONFLICT (provider, organization_id, provider_call_id) DO NOTHING;

  IF v_seconds > 0 THEN
    UPDATE allowances SET minutes_held = minutes_held + v_minutes
      WHERE organization_id = v_route.organization_id;
    INSERT INTO holds (id, organization_id, reference, kind, minutes, seconds_max,
        rate_card_id, cycle_id, control_url, state, created_at, expires_at)
      VALUES (p_hold_id, v_route.organization_id, v_provider || ':' || v_call, 'call',
        v_minutes, v_seconds, v_allowance.rate_card_id, v_allowance.cycle_id, '', 'open',
        p_now, p_now + make_interval(secs => v_seconds + 900));
  END IF;

  INSERT INTO decisions (organization_id, provider, provider_call_id, result, rule,
      would_refuse, inputs, minutes, seconds_max, hold_id, created_at)
    VALUES (v_route.organization_id, v_provider, v_call,
      CASE WHEN v_seconds > 0 THEN 'admitted' ELSE 'refused' END, v_rule, v_would_refuse,
      jsonb_build_object(
        'status', v_status, 'standing', v_allowance.standing,
        'enforcement', v_allowance.enforcement, 'rate_card', v_card.code,
        'when_exhausted', v_card.when_exhausted,
        'plan_minutes', v_allowance.plan_minutes,
        'credit_minutes', v_allowance.credit_minutes,
        'minutes_used_this_cycle', v_allowance.minutes_used_this_cycle,
        'minutes_paid_otherwise', v_allowance.minutes_paid_otherwise,
        'minutes_ceiling', v_allowance.minutes_ceiling,
        'minutes_held', v_allowance.minutes_held,
        'calls_open', v_open, 'calls_at_once_max', v_card.calls_at_once_max),
      v_minutes, v_seconds, CASE WHEN v_seconds > 0 THEN p_hold_id END, p_now);

  RETURN jsonb_build_object('rule', v_rule, 'admitted', v_seconds > 0,
    'organization_id', v_route.organization_id, 'minutes', v_minutes,
    'seconds_max', v_seconds, 'hold_id', CASE WHEN v_seconds > 0 THEN p_hold_id END,
    'would_refuse', v_would_refuse, 'agent_id', v_route.agent_id,
    'assistant_id', v_route.assistant_id, 'refusal_text', coalesce(v_refusal_text, ''),
    'is_replay', false);
END $$;
