"""Sums by day of what was paid, what went back and what calls cost: read by staff's charts,
which so never add up payments or usage."""

from datetime import UTC, date, datetime, time, timedelta

from django.db import connection, transaction
from django.db.models import Max, Min

from billing.models import MoneyDay, Payment
from metering.models import DailyUsage

# Reports, corrections and catching up reach back no further; disputes do.
LATE = timedelta(days=45)
# Summed again each time: what just happened.
RECENT = timedelta(days=1)
# So many days are written at once where history is summed for the first time.
BATCH = timedelta(days=31)

_WRITE = """
  INSERT INTO money_days (day, currency, paid, given_back, cost)
  SELECT day, currency, sum(paid), sum(given_back), sum(cost) FROM (
    SELECT (paid_at AT TIME ZONE 'UTC')::date AS day, currency, amount AS paid,
      0 AS given_back, 0 AS cost
    FROM payments WHERE paid_at >= %(from)s AND paid_at < %(before)s
    UNION ALL
    SELECT (created_at AT TIME ZONE 'UTC')::date, currency, 0, amount, 0
    FROM refunds WHERE is_effective AND created_at >= %(from)s AND created_at < %(before)s
    UNION ALL
    SELECT (created_at AT TIME ZONE 'UTC')::date, currency, 0, amount, 0
    FROM disputes WHERE is_effective AND created_at >= %(from)s AND created_at < %(before)s
    UNION ALL
    SELECT day, 'USD', 0, 0, sum(cost)
    FROM daily_usage WHERE day >= %(first)s AND day <= %(last)s GROUP BY day
  ) AS moved GROUP BY day, currency
"""


_TOLD_LATE = """
  SELECT DISTINCT (at AT TIME ZONE 'UTC')::date FROM (
    SELECT paid_at AS at, created_at AS told_at FROM payments
    UNION ALL SELECT created_at, updated_at FROM refunds
    UNION ALL SELECT created_at, updated_at FROM disputes
  ) moved WHERE at < %(since)s AND told_at >= %(since)s
"""


def sum_recent(*, now: datetime) -> None:
    """Sum today and yesterday again; all there is, where nothing was summed before."""
    if not MoneyDay.objects.exists():
        sum_late(now=now)
        return
    today = now.astimezone(UTC).date()
    _sum(today - RECENT, today)


def sum_late(*, now: datetime) -> None:
    """Sum again the days that something late may still reach, and what is older and was never
    summed; one that was broken off goes on with what it left."""
    today = now.astimezone(UTC).date()
    oldest = today - LATE
    summed = MoneyDay.objects.filter(day__lt=oldest).aggregate(
        first=Min("day"), last=Max("day")
    )
    _sum_back(oldest, today)
    yesterday = oldest - timedelta(days=1)
    if summed["last"]:
        # What the clock missed while it stood still for longer than that.
        _sum_back(summed["last"] + timedelta(days=1), yesterday)
        yesterday = summed["first"] - timedelta(days=1)
    _sum_back(_beginning(today), yesterday)
    for day in _told_late(oldest):
        _sum(day, day)


def _told_late(oldest: date) -> list[date]:
    """Return the days before `oldest` of which something else is known since: a bank decides
    a dispute after months."""
    since = datetime.combine(oldest, time.min, tzinfo=UTC)
    with connection.cursor() as cursor:
        cursor.execute(_TOLD_LATE, {"since": since})
        return [day for (day,) in cursor.fetchall()]


def _beginning(today: date) -> date:
    paid = Payment.objects.aggregate(first=Min("paid_at"))["first"]
    used = DailyUsage.objects.aggregate(first=Min("day"))["first"]
    return min([today, *filter(None, [paid and paid.astimezone(UTC).date(), used])])


def _sum_back(first: date, last: date) -> None:
    """The newest days first, so that what is missing is always what is oldest."""
    while first <= last:
        begins = max(first, last - BATCH)
        _sum(begins, last)
        last = begins - timedelta(days=1)


@transaction.atomic
def _sum(first: date, last: date) -> None:
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(hashtextextended('money_days', 0))")
        MoneyDay.objects.filter(day__range=(first, last)).delete()
        begins = datetime.combine(first, time.min, tzinfo=UTC)
        ends = datetime.combine(last + timedelta(days=1), time.min, tzinfo=UTC)
        bounds = {"from": begins, "before": ends, "first": first, "last": last}
        cursor.execute(_WRITE, bounds)
