"""What has to hold between payments, what they gave, what went back, and the papers of it.

Checked by `verify_ledger` beside the rules of the balances.
"""

from billing.verification import documents, money_days, overage, payments, reversals

RULES = (
    *payments.RULES,
    *reversals.RULES,
    *documents.RULES,
    *overage.RULES,
    *money_days.RULES,
)
