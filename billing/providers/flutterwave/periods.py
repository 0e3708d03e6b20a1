"""Which period a payment is for. Pure. Flutterwave names none: they are counted from the day
a subscription began, and a payment is for the one whose beginning is nearest, since renewals
are tried again for hours."""

from datetime import datetime

from billing.events import BillingPeriod
from metering.balances import months

_MONTHS = {"monthly": 1, "yearly": 12}


def of_payment(
    *, began_at: datetime, paid_at: datetime, billing_period: BillingPeriod
) -> tuple[datetime, datetime]:
    """Return the period as `[start, end)`; never one before the subscription began."""
    step = _MONTHS[billing_period]
    passed = (paid_at.year - began_at.year) * 12 + paid_at.month - began_at.month
    candidates = [max(0, passed // step + offset) * step for offset in (-1, 0, 1)]
    nearest = min(
        candidates, key=lambda count: abs(months.boundary(began_at, count) - paid_at)
    )
    return months.boundary(began_at, nearest), months.boundary(began_at, nearest + step)
