"""What codes mean, in words a customer reads."""

from decimal import Decimal

from django import template

from servicebilling.website.formatting import money, whole

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


# By the kind of a ledger's row.
MOVEMENTS = {
    "usage": "Call",
    "purchase": "Minutes bought",
    "monthly_grant": "Monthly grant",
    "bonus": "Bonus",
    "adjustment": "Correction",
    "refund": "Refund",
    "dispute": "Dispute",
    "cycle_close": "End of cycle",
    "top_up": "Funds added",
    "opening_balance": "Opening balance",
}


@register.filter
def movement_words(kind: str) -> str:
    """Return what moved minutes or money; an unknown kind is shown as it is."""
    return MOVEMENTS.get(kind, kind.replace("_", " "))


# By the meter that counted it.
METERS = {
    "voice_minute": "Minutes of calls",
    "reported_minute": "Minutes of other systems",
    "api_call": "API calls",
    "ai_query": "AI queries",
    "storage_mb": "Storage, MB",
    "phone_number_month": "Phone numbers, months",
}


@register.filter
def meter_words(meter: str) -> str:
    """Return what a meter counts; an unknown one is shown as it is."""
    return METERS.get(meter, meter.replace("_", " "))


# By what the provider says of how a call ended.
ENDINGS = {
    "assistant-ended-call": "The agent ended it",
    "assistant-said-end-call-phrase": "The agent said goodbye",
    "assistant-forwarded-call": "Passed on to a person",
    "assistant-request-returned-error": "Turned away before it connected",
    "call.start.error-get-transport": "The line could not be opened",
    "customer-busy": "The line was busy",
    "customer-did-not-answer": "Nobody answered",
    "customer-ended-call": "The caller hung up",
    "exceeded-max-duration": "It reached its longest duration",
    "silence-timed-out": "Nobody spoke any more",
    "twilio-failed-to-connect-call": "The line could not be opened",
}


@register.filter
def ending_words(reason: str) -> str:
    """Return how a call ended; an unknown reason is shown as the provider says it."""
    return ENDINGS.get(reason, reason.replace("-", " "))


# By the name of a figure that a call was decided on.
INPUTS = {
    "status": "Organization",
    "standing": "Payments",
    "enforcement": "Limits",
    "rate_card": "Terms",
    "when_exhausted": "When minutes run out",
    "plan_minutes": "Plan minutes",
    "credit_minutes": "Credit minutes",
    "minutes_used_this_cycle": "Used this cycle",
    "minutes_paid_otherwise": "Of these, paid otherwise",
    "minutes_ceiling": "Open calls may hold",
    "minutes_held": "Held then",
    "calls_open": "Calls in progress",
    "calls_at_once_max": "Calls at once, at most",
}


@register.filter
def input_words(name: str) -> str:
    return INPUTS.get(name, name.replace("_", " ").capitalize())


# By the kind of a provider's message.
MESSAGES = {
    "assistant-request": "May this call connect?",
    "status-update": "State of the call",
    "end-of-call-report": "Report at the end of the call",
    "hang": "The agent was silent",
}


@register.filter
def message_words(kind: str) -> str:
    return MESSAGES.get(kind, kind.replace("-", " ").capitalize())


SAID = {
    "status": "State",
    "startedAt": "Began",
    "endedAt": "Ended",
    "durationSeconds": "Seconds",
    "endedReason": "Reason",
}


@register.filter
def said_words(name: str) -> str:
    return SAID.get(name, name)


# By the kind and the state of a document.
DOCUMENTS = {"invoice": "Invoice", "receipt": "Receipt", "credit_note": "Credit note"}
DOCUMENT_STATES = {
    "open": "To be paid",
    "paid": "Paid",
    "void": "Void",
    "uncollectible": "Not collected",
}


@register.filter
def document_words(kind: str) -> str:
    return DOCUMENTS.get(kind, kind.replace("_", " ").capitalize())


@register.filter
def document_state_words(state: str) -> str:
    return DOCUMENT_STATES.get(state, state.replace("_", " ").capitalize())


@register.simple_tag
def notice_words(kind: str, threshold: Decimal, currency: str) -> str:
    """Return at which threshold something is told; an unknown kind is shown as it is."""
    figure = f"{threshold.normalize():f}"
    match kind:
        case "percent_used":
            return "All minutes used" if threshold == 100 else f"{figure} % used"
        case "minutes_left" if threshold == threshold.to_integral_value():
            return f"{whole(int(threshold))} minutes left"
        case "wallet_left":
            return f"{money(threshold, currency)} left" if threshold else "Wallet empty"
        case "overage_left":
            return "Overage limit reached"
        case "postpaid_used" if threshold == 100:
            return "Credit limit reached"
        case "postpaid_used":
            return f"{figure} % of the credit limit used"
    return f"{kind.replace('_', ' ')} {figure}"


# By the kind of a message to the customer's own systems.
WEBHOOK_KINDS = {
    "minutes.low": "Minutes run low",
    "minutes.gone": "No minutes are left",
    "call.refused": "A call was refused",
    "payment.received": "A payment arrived",
}


@register.filter
def webhook_words(kind: str) -> str:
    """Return what a message tells; an unknown kind is shown as it is."""
    return WEBHOOK_KINDS.get(kind, kind)
