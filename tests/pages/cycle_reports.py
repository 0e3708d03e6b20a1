"""Cycle reports out of nothing, for what is decided on them alone."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from metering.usage.reports import CycleReport

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def make_report(**changes: Any) -> CycleReport:
    """A paid cut-off cycle of 100 minutes, of which nothing is used."""
    facts: dict[str, Any] = {
        "organization_id": UUID(int=1),
        "cycle_start": NOW,
        "cycle_end": NOW + timedelta(days=31),
        "days_left": 31,
        "plan_minutes": 100,
        "credit_minutes": 0,
        "minutes_used_this_cycle": 0,
        "minutes_paid_otherwise": 0,
        "minutes_held": 0,
        "calls_open": 0,
        "minutes_ceiling": 100,
        "rate_card": "cutoff-1",
        "when_exhausted": "cut_off",
        "standing": "good",
        "enforcement": "enforce",
        "is_paid": True,
        "is_by_the_minute": True,
        "grace_minutes": 0,
        "overage_limit_minutes": None,
        "postpaid_limit_amount": None,
        "rolls_until": None,
        "wallet_balance": Decimal(0),
        "amount_charged": Decimal(0),
        "currency": "USD",
    }
    return CycleReport(**facts | changes)
