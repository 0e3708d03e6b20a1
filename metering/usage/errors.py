"""What usage may refuse, each case in words that the author of a program can read."""

from servicebilling.lib.errors import DomainError


class UsageError(DomainError):
    """Base of every refusal of usage."""


class TooManyExports(UsageError):
    code = "too_many_exports"
    status = 429
    message = "Too many files are being made. Come back when one of them is ready."


class BadEvent(UsageError):
    code = "invalid"
    status = 400
    message = "This event cannot be recorded."


class UnknownEvent(UsageError):
    code = "not_found"
    status = 404
    message = "Not found."


class NotCorrectable(UsageError):
    code = "not_correctable"
    message = "This event cannot be changed."


class KeyReused(UsageError):
    code = "idempotency_key_reused"
    message = "This idempotency key was used for another event."


class NothingPays(UsageError):
    """Usage that nothing can pay for; `code` is the rule that says no."""

    status = 402


class QuotaReached(UsageError):
    code = "quota_reached"
    status = 429
    message = "The quota of this meter is used up until the next billing cycle."


class HoldClosed(UsageError):
    code = "hold_closed"
    message = "This hold was settled or released already."


_TEXTS = {
    "quota_reached": QuotaReached.message,
    "included_used_up": "What the plan includes of this meter is used up.",
    "wallet_empty": "The wallet does not hold enough for this.",
    "credit_limit": "The credit limit is reached.",
    "overage_limit": "The limit of overage minutes is reached.",
    "no_minutes": "There are no minutes left.",
    "no_plan": "There is no plan that could pay for this.",
    "past_due": "A payment is overdue.",
    "suspended": "The organization is suspended.",
    "closed": "The organization is closed.",
    "already_ended": "This call has ended already.",
    "too_many_calls": "Too many calls are running at once.",
}


def text_of(rule: str) -> str:
    """Return the sentence for a rule that says no; empty for none."""
    return _TEXTS.get(rule, "This cannot be admitted.") if rule else ""


def refusal(rule: str) -> UsageError:
    """Return what says no, for a rule of `metering.usage.admission` or of the gate."""
    error: UsageError = QuotaReached() if rule == "quota_reached" else NothingPays()
    error.code = rule
    error.message = text_of(rule)
    return error
