"""What has to hold between payments, what they gave, what went back, and the papers of it.

Checked by `verify_ledger` beside the rules of the balances.
"""

from billing.verification import documents, overage, payments, reversals

RULES = (*payments.RULES, *reversals.RULES, *documents.RULES, *overage.RULES)
