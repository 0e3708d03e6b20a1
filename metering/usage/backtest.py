"""How well the forecast would have done: on the days that are known, from each week's view."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

from accounts.models import Organization
from metering.usage import analytics, forecast
from metering.usage.forecast import HISTORY_DAYS

Amounts = Sequence[Decimal | int]
# Pools that last about so many days are let run out.
POOLS_DAYS = (7, 14)
STEP_DAYS = 7


@dataclass(frozen=True, slots=True)
class Trial:
    """One forecast of one organization against what came."""

    organization: str
    made_on: date
    pool_days: int
    predicted: date
    actual: date
    # Whether the actual day lay in the predicted range.
    is_in_range: bool
    # What plain averaging of the last seven days would have said.
    plain: date | None

    @property
    def error_days(self) -> int:
        """Positive: it said too late."""
        return (self.predicted - self.actual).days

    @property
    def plain_error_days(self) -> int | None:
        return None if self.plain is None else (self.plain - self.actual).days


@dataclass(frozen=True, slots=True)
class Score:
    """Errors in days. `in_range_percent` should be near 80."""

    trials: int
    mean_error_days: Decimal
    bias_days: Decimal
    in_range_percent: Decimal
    plain_mean_error_days: Decimal | None


def trials_of(organization: Organization, *, first: date, last: date) -> list[Trial]:
    """Return a trial per week and size of pool between two days, as far as the history that
    follows is long enough to know the truth; one statement."""
    days = analytics.by_day(organization, first=first, last=last)
    amounts = [day.voice.quantity for day in days]
    found = []
    for start in range(HISTORY_DAYS, len(amounts), STEP_DAYS):
        made_on = first + timedelta(days=start)
        for pool_days in POOLS_DAYS:
            trial = _trial(organization.slug, amounts, start, made_on, pool_days)
            if trial:
                found.append(trial)
    return found


def score(trials: Sequence[Trial]) -> Score | None:
    """Return the averages; None without trials."""
    if not trials:
        return None
    plain = [abs(days) for one in trials if (days := one.plain_error_days) is not None]
    return Score(
        trials=len(trials),
        mean_error_days=_mean([abs(one.error_days) for one in trials]),
        bias_days=_mean([one.error_days for one in trials]),
        in_range_percent=_mean([100 * one.is_in_range for one in trials]),
        plain_mean_error_days=_mean(plain) if plain else None,
    )


def _trial(
    slug: str, amounts: Amounts, start: int, made_on: date, pool_days: int
) -> Trial | None:
    before, after = amounts[start - HISTORY_DAYS : start], amounts[start:]
    left = round(sum(before) * pool_days / HISTORY_DAYS)
    pattern = forecast.learn(before, today=made_on)
    lasted = _days_until(after, left)
    guess = forecast.run_out(pattern, left=left, today=made_on)
    if not left or lasted is None or guess is None:
        return None
    week = sum(before[-7:])
    plain_days = -(-left * 7 // week) - 1 if week else None
    actual = made_on + timedelta(days=lasted)
    return Trial(
        organization=slug,
        made_on=made_on,
        pool_days=pool_days,
        predicted=guess.likely,
        actual=actual,
        is_in_range=guess.earliest <= actual
        and (guess.latest is None or actual <= guess.latest),
        plain=None if plain_days is None else made_on + timedelta(days=int(plain_days)),
    )


def _days_until(amounts: Amounts, left: int) -> int | None:
    """Whole days before the one on which `left` was reached; None if it never was."""
    total = Decimal(0)
    for number, amount in enumerate(amounts):
        total += amount
        if total >= left:
            return number
    return None


def _mean(values: Sequence[int]) -> Decimal:
    return (Decimal(sum(values)) / len(values)).quantize(Decimal("0.1"))
