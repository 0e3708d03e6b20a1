"""Do the rows still add up? Every rule of the balances that rows can show, checked by
statements over whole tables, in one snapshot. `metering.verification.run.verify` asks.

A rule selects one row per thing that it checks: `organization_id, row, expected, found`.
Whatever differs is a finding. Rules live with their subject; those that only the pure code can
compute are in `computed`.
"""
