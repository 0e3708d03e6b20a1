"""Refunds and disputes."""

from datetime import datetime

from billing.documents import credit_notes
from billing.events import Disputed, Refunded
from billing.reversals import recording


def act(fact: Refunded | Disputed, *, now: datetime) -> str:
    """Take back what the money had given, and write the credit note of a refund."""
    outcome = recording.record(fact, now=now)
    if isinstance(fact, Refunded):
        credit_notes.issue(fact, now=now)
    return outcome
