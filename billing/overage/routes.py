"""Which way a charge goes to a provider: on its meter while that still counts, afterwards on
the next invoice. Pure."""

from dataclasses import dataclass
from datetime import datetime, timedelta

# A draft waits an hour for late usage before it is final; the rest is for our own delays.
METER_OPEN_FOR = timedelta(minutes=45)
# Stripe takes usage of the last 35 days.
METER_REMEMBERS = timedelta(days=34)
# Its sums lag behind what it has taken.
METER_LAGS = timedelta(hours=1)


@dataclass(frozen=True, slots=True)
class MeterPeriod:
    """The period of a metered item as we know it; news of the next may be under way."""

    starts_at: datetime
    ends_at: datetime


def is_meter_open(
    occurred_at: datetime, period: MeterPeriod | None, *, now: datetime
) -> bool:
    """Return whether usage of that moment still gets onto the invoice of its own period."""
    if period is None or now - occurred_at > METER_REMEMBERS:
        return False
    if occurred_at < period.starts_at:
        return now < period.starts_at + METER_OPEN_FOR
    if occurred_at < period.ends_at:
        return now < period.ends_at + METER_OPEN_FOR
    return True
