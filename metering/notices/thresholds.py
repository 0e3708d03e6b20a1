"""What an organization wants to be told of, as it chose it."""

from collections.abc import Mapping
from datetime import datetime
from decimal import Decimal
from typing import Any

from django.db import transaction

from accounts import settings_history
from accounts.audit import Actor
from accounts.models import Organization
from metering.notices.levels import Thresholds

PERCENTS, MINUTES = "low_usage_thresholds_percent", "low_minutes_thresholds"
WALLET = "low_wallet_thresholds"
KEYS = [PERCENTS, MINUTES, WALLET]
# That all is used is told anyway; a list of shares is never empty.
ALL_USED = 100


def from_values(values: Mapping[str, Any]) -> Thresholds:
    """Return the thresholds that settings stand for."""
    percents, minutes, wallet = (tuple(Decimal(one) for one in values[key]) for key in KEYS)
    return Thresholds(percents=percents, minutes=minutes, wallet=wallet)


@transaction.atomic
def choose(
    organization: Organization, thresholds: Thresholds, *, actor: Actor, now: datetime
) -> None:
    """Put thresholds in force; those that are so already leave no trace. Calls know of them
    within half a minute. Raises `InvalidDetail`."""
    wanted: dict[str, list[int] | list[str]] = {
        PERCENTS: [int(one) for one in thresholds.percents] or [ALL_USED],
        MINUTES: [f"{one:f}" for one in thresholds.minutes],
        WALLET: [f"{one:f}" for one in thresholds.wallet],
    }
    standing = settings_history.values_at(KEYS, organization, now)
    for key, value in wanted.items():
        if settings_history.clean(key, value, organization) != standing[key]:
            settings_history.set_value(
                key, value, organization=organization, actor=actor, now=now
            )
