"""Where the demo's billing months lie, counted back from now. Pure."""

from datetime import datetime, timedelta

from billing.demo.cast import Organization
from metering.balances.months import boundary

# Closed cycles of each organization; the calls of 90 days lie within them and the running one.
MONTHS = 3
# Months that begin later than this do not all have their day.
DAY_MAX = 28


def cycle_start(demo: Organization, *, months_ago: int, now: datetime) -> datetime:
    """Return when the organization's cycle began that many cycles ago; 0: the running one."""
    began = (now - timedelta(days=demo.days_into_cycle)).replace(
        hour=6, minute=0, second=0, microsecond=0
    )
    running = began.replace(day=min(began.day, DAY_MAX))
    return boundary(running, -months_ago)
