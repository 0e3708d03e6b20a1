"""What codes mean, in words a customer reads."""

from django import template

register = template.Library()

# By the rule of the gate that refused.
REFUSALS = {
    "no_minutes": "no minutes left",
    "overage_limit": "overage limit reached",
    "wallet_empty": "wallet empty",
    "credit_limit": "credit limit reached",
    "past_due": "payment overdue",
    "no_plan": "no plan",
    "too_many_calls": "too many calls at once",
    "suspended": "suspended",
    "closed": "closed",
    "not_configured": "no agent set up",
    "unknown_number": "unknown number",
}


@register.filter
def refusal_words(rule: str) -> str:
    """Return why a call was refused; an unknown rule is shown as it is, never hidden."""
    return REFUSALS.get(rule, rule.replace("_", " "))
