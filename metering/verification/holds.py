"""What is held is what open calls may still use, and every hold was granted."""

from metering.verification.rule import Rule

# Open holds by cycle, and what of them goes beyond the unused plan minutes of a closed one.
_HELD_BY_CYCLE = """
  SELECT c.organization_id, c.id, c.state,
    CASE WHEN c.state = 'active' THEN h.minutes ELSE greatest(0, h.minutes - greatest(0,
      c.included_minutes - (c.minutes_used - c.overage_minutes - c.credit_taken_minutes)
      - c.debt_repaid_minutes)) END AS minutes
  FROM billing_cycles c
  JOIN (SELECT cycle_id, sum(minutes) AS minutes FROM holds WHERE state = 'open'
        GROUP BY cycle_id) h ON h.cycle_id = c.id
"""

RULES = (
    Rule(
        "minutes_held_are_the_open_holds",
        f"""
        SELECT a.organization_id, 'allowances ' || a.organization_id AS row,
          coalesce(h.minutes, 0) AS expected, a.minutes_held::numeric AS found
        FROM allowances a
        LEFT JOIN (SELECT organization_id, sum(minutes) AS minutes
          FROM ({_HELD_BY_CYCLE}) c GROUP BY organization_id) h
          ON h.organization_id = a.organization_id
        """,  # noqa: S608
    ),
    Rule(
        "closed_cycles_hold_what_their_plan_cannot_pay",
        f"""
        SELECT c.organization_id, 'billing_cycles ' || c.id AS row,
          coalesce(h.minutes, 0) AS expected, c.minutes_held::numeric AS found
        FROM billing_cycles c
        LEFT JOIN ({_HELD_BY_CYCLE}) h ON h.id = c.id AND h.state = 'closed'
        """,  # noqa: S608
    ),
    Rule(
        "open_holds_belong_to_a_running_call",
        """
        SELECT h.organization_id, 'holds ' || h.id AS row, 'active' AS expected,
          coalesce(c.status, 'no call') AS found
        FROM holds h
        LEFT JOIN calls c ON c.organization_id = h.organization_id
          AND c.provider || ':' || c.provider_call_id = h.reference
        WHERE h.state = 'open' AND h.kind = 'call'
        """,
    ),
    Rule(
        "closed_holds_say_what_became_of_the_call",
        """
        SELECT h.organization_id, 'holds ' || h.id AS row,
          CASE WHEN c.status = 'estimated' THEN 'estimated'
            WHEN c.revision = 0 AND c.status <> 'failed' THEN 'open'
            WHEN c.revision = 0 OR h.state = 'released' THEN 'released'
            WHEN c.revision > 0 THEN 'settled' END AS expected,
          h.state AS found
        FROM holds h
        LEFT JOIN calls c ON c.organization_id = h.organization_id
          AND c.provider || ':' || c.provider_call_id = h.reference
        WHERE h.state <> 'open' AND h.kind = 'call'
        """,
    ),
    Rule(
        "running_calls_that_were_admitted_hold_minutes",
        """
        SELECT c.organization_id, 'calls ' || c.id AS row, 'open' AS expected,
          coalesce(h.state, 'no hold') AS found
        FROM calls c
        LEFT JOIN holds h ON h.reference = c.provider || ':' || c.provider_call_id
          AND h.organization_id = c.organization_id
        WHERE c.status = 'active' AND NOT c.is_unadmitted
        """,
    ),
    Rule(
        "holds_end_an_hour_after_they_expire",
        """
        SELECT organization_id, 'holds ' || id AS row, true AS expected,
          expires_at > %(now)s::timestamptz - interval '1 hour' AS found
        FROM holds WHERE state = 'open' AND kind = 'call'
        """,
    ),
    Rule(
        "every_hold_was_decided_on",
        """
        SELECT h.organization_id, 'holds ' || h.id AS row,
          (h.organization_id, 'admitted', h.minutes, h.seconds_max)::text AS expected,
          (d.organization_id, d.result, d.minutes, d.seconds_max)::text AS found
        FROM holds h LEFT JOIN decisions d ON d.hold_id = h.id
        WHERE h.kind = 'call'
        """,
    ),
    Rule(
        "every_admission_holds",
        """
        SELECT d.organization_id, 'decisions ' || d.id AS row,
          (d.result = 'admitted', d.provider || ':' || coalesce(
            CASE WHEN p.provider_call_id <> '' AND h.reference NOT LIKE '%%:' || p.id
              THEN p.provider_call_id END, d.provider_call_id))::text AS expected,
          (h.id IS NOT NULL, coalesce(h.reference, d.provider || ':' || d.provider_call_id)
            )::text AS found
        FROM decisions d LEFT JOIN holds h ON h.id = d.hold_id
        -- Decided before the provider had a name for the call.
        LEFT JOIN call_placements p ON p.hold_id = h.id
          AND p.id::text = d.provider_call_id
        """,
    ),
    Rule(
        "a_grant_fits_what_was_free",
        # On the figures that the decision was made on; shadow mode grants no minutes.
        """
        SELECT organization_id, 'decisions ' || id AS row, true AS expected,
          minutes = 0 OR (inputs ->> 'minutes_held')::int + minutes
            <= (inputs ->> 'minutes_ceiling')::int AS found
        FROM decisions WHERE result = 'admitted'
        """,
    ),
)
