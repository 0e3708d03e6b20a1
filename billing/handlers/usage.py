"""What the provider's meter did not count."""

from datetime import datetime

from billing.events import UsageRefused
from billing.overage import refused


def act(fact: UsageRefused, *, now: datetime) -> str:
    """Mark the reports that were thrown away, for staff."""
    marked = refused.mark(fact, now=now)
    return f"{marked} reports of usage were refused"
