"""Revenue, what calls cost us, and what is left, by day or month; from sums by day."""

from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

from billing.errors import NoRate
from billing.exchange import Rates
from billing.models import MoneyDay

ZERO = Decimal(0)
DAYS, MONTHS = 31, 12


@dataclass(frozen=True, slots=True)
class Span:
    """A day or a month, UTC. `revenue` is by currency, less what went back; sums in dollars
    are None where an exchange rate lacks."""

    first: date
    revenue: tuple[tuple[str, Decimal], ...]
    cost_usd: Decimal
    revenue_usd: Decimal | None

    @property
    def margin_usd(self) -> Decimal | None:
        return None if self.revenue_usd is None else self.revenue_usd - self.cost_usd

    @property
    def margin_percent(self) -> int | None:
        if not self.revenue_usd or self.margin_usd is None or self.revenue_usd < 0:
            return None
        return round(self.margin_usd * 100 / self.revenue_usd)


def is_summed() -> bool:
    """Return whether there is any sum yet; without one, zeros would say too much."""
    return MoneyDay.objects.exists()


def by_day(*, now: datetime, count: int = DAYS) -> list[Span]:
    """Return the last days, today last, empty ones too; two statements."""
    today = now.astimezone(UTC).date()
    firsts = [today - timedelta(days=back) for back in range(count - 1, -1, -1)]
    return _spans(firsts, {day: day for day in firsts}, today)


def by_month(*, now: datetime, count: int = MONTHS) -> list[Span]:
    """Return the last calendar months, this one last and so far; two statements."""
    today = now.astimezone(UTC).date()
    firsts = [today.replace(day=1)]
    while len(firsts) < count:
        firsts.insert(0, (firsts[0] - timedelta(days=1)).replace(day=1))
    days = (today - firsts[0]).days + 1
    all_days = (firsts[0] + timedelta(days=number) for number in range(days))
    return _spans(firsts, {day: day.replace(day=1) for day in all_days}, today)


def _spans(firsts: list[date], span_of: dict[date, date], last: date) -> list[Span]:
    rows = list(MoneyDay.objects.filter(day__range=(firsts[0], last)).order_by("day"))
    rates = Rates.of({row.currency for row in rows})
    revenue: dict[date, dict[str, Decimal]] = defaultdict(lambda: defaultdict(lambda: ZERO))
    cost: dict[date, Decimal] = defaultdict(lambda: ZERO)
    worth: dict[date, Decimal | None] = dict.fromkeys(firsts, ZERO)
    for row in rows:
        first, came = span_of[row.day], row.paid - row.given_back
        cost[first] += row.cost
        if came:
            revenue[first][row.currency] += came
        worth[first] = _plus(worth[first], came, row, rates)
    return [
        Span(first, tuple(sorted(revenue[first].items())), cost[first], worth[first])
        for first in firsts
    ]


def _plus(
    sum_usd: Decimal | None, came: Decimal, row: MoneyDay, rates: Rates
) -> Decimal | None:
    """Add what came on a day at the rate of its end."""
    if sum_usd is None or not came:
        return sum_usd
    ends_at = datetime.combine(row.day, time.max, tzinfo=UTC)
    try:
        return sum_usd + rates.in_usd(came, row.currency, at=ends_at)
    except NoRate:
        return None
