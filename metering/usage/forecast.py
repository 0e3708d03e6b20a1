"""When what is left will be used up, judged by the last four weeks. Pure.

A day is expected to be like the same weekday was on average. Added up from now on, the first
day on which that reaches what is left is the likely one. The range is wide enough for four
runs in five, if the days to come differ from their weekday's average as much as those of the
four weeks did. Estimates only: nothing here decides about a call or an amount.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal

HISTORY_DAYS = 28
# Fewer days since the first usage say nothing.
HISTORY_DAYS_MIN = 3
# Below that a weekday was seen once, and all days are taken for alike.
WEEKDAYS_FROM_DAYS = 14
HORIZON_DAYS = 366
# Four runs in five lie within this many standard deviations.
DEVIATIONS = 1.2816


@dataclass(frozen=True, slots=True)
class Pattern:
    """What a day of each weekday uses on average, Monday first, and how far days stray."""

    by_weekday: tuple[float, ...]
    # Variance of a day divided by its average.
    unevenness: float
    days: int
    is_by_weekday: bool

    @property
    def per_day(self) -> float:
        return sum(self.by_weekday) / 7


@dataclass(frozen=True, slots=True)
class RunOut:
    """The day on which what is left is used up. `earliest` and `latest` span the range;
    `latest` is None if the slow case lasts beyond a year."""

    likely: date
    earliest: date
    latest: date | None
    # How it was reckoned, in words, with its figures.
    formula: str


@dataclass(frozen=True, slots=True)
class Expected:
    """A sum over days to come, and the range it falls into four times in five."""

    amount: float
    low: float
    high: float


def learn(history: Sequence[Decimal | int], *, today: date) -> Pattern | None:
    """Learn from the days before `today`, oldest first, at most four weeks of them.

    Days before the first usage are not counted. None if that leaves too few.
    """
    # A void gives back by the tier that is reached now, so a day may stand below nothing.
    amounts = [max(0.0, float(amount)) for amount in history[-HISTORY_DAYS:]]
    first_weekday = (today.weekday() - len(amounts)) % 7
    while amounts and not amounts[0]:
        amounts.pop(0)
        first_weekday = (first_weekday + 1) % 7
    return _pattern(amounts, first_weekday=first_weekday)


def run_out(
    pattern: Pattern | None, *, left: Decimal | int, today: date, rest_of_today: float = 1.0
) -> RunOut | None:
    """Return when `left` will be used up; None if not within a year, or nothing is known.

    `rest_of_today` is the share of today that is still to come.
    """
    if pattern is None:
        return None
    if left <= 0:
        return RunOut(today, today, today, formula_of(pattern, left=left))
    amount = float(left)
    likely = _first_day(pattern, amount, today, rest_of_today, deviations=0.0)
    if likely is None:
        return None
    earliest = _first_day(pattern, amount, today, rest_of_today, deviations=DEVIATIONS)
    latest = _first_day(pattern, amount, today, rest_of_today, deviations=-DEVIATIONS)
    return RunOut(likely, earliest or likely, latest, formula_of(pattern, left=left))


def expected(pattern: Pattern, *, first: date, days: int) -> Expected:
    """Return the sum expected over `days` from `first` on."""
    seen = [0.0] * 7
    for number in range(days):
        seen[(first + timedelta(days=number)).weekday()] += 1
    amount, deviation = _sum(pattern, seen)
    margin = DEVIATIONS * deviation
    return Expected(amount, max(0.0, amount - margin), amount + margin)


def formula_of(pattern: Pattern, *, left: Decimal | int) -> str:
    """Return in words how a run-out was reckoned, with its figures."""
    names = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
    if pattern.is_by_weekday:
        averages = ", ".join(
            f"{name} {amount:,.1f}"
            for name, amount in zip(names, pattern.by_weekday, strict=True)
        )
        basis = f"the average of the same weekday over the last {pattern.days} days"
    else:
        averages = f"{pattern.per_day:,.1f} a day"
        basis = f"the average of the last {pattern.days} days"
    whole = f"{Decimal(left).normalize():,f}"
    return (
        f"Each day counts {basis} ({averages}), added up from now until {whole} are used."
        " The range holds in four cases of five, if days go on to differ as they did."
    )


def _pattern(amounts: list[float], *, first_weekday: int) -> Pattern | None:
    if len(amounts) < HISTORY_DAYS_MIN or not any(amounts):
        return None
    weekdays = [(first_weekday + number) % 7 for number in range(len(amounts))]
    is_by_weekday = len(amounts) >= WEEKDAYS_FROM_DAYS
    overall = sum(amounts) / len(amounts)
    averages = [overall] * 7
    if is_by_weekday:
        for weekday in range(7):
            of_it = [
                amount
                for amount, day in zip(amounts, weekdays, strict=True)
                if day == weekday
            ]
            averages[weekday] = sum(of_it) / len(of_it)
    squares = sum(
        (amount - averages[weekday]) ** 2
        for amount, weekday in zip(amounts, weekdays, strict=True)
    )
    # As many averages as were estimated are no longer free to vary.
    freedom = max(1, len(amounts) - (7 if is_by_weekday else 1))
    return Pattern(
        by_weekday=tuple(averages),
        unevenness=squares / freedom / overall,
        days=len(amounts),
        is_by_weekday=is_by_weekday,
    )


def _first_day(
    pattern: Pattern, left: float, today: date, rest_of_today: float, *, deviations: float
) -> date | None:
    """The first day by whose end the sum, so many deviations off, has reached `left`."""
    seen = [0.0] * 7
    for number in range(HORIZON_DAYS):
        day = today + timedelta(days=number)
        seen[day.weekday()] += 1 if number else rest_of_today
        amount, deviation = _sum(pattern, seen)
        if amount + deviations * deviation >= left:
            return day
    return None


def _sum(pattern: Pattern, seen: Sequence[float]) -> tuple[float, float]:
    """The expected sum over so many days of each weekday, and its standard deviation: days
    stray from their average, and the averages themselves are only estimates."""
    per_weekday = list(zip(seen, pattern.by_weekday, strict=True))
    amount = sum(days * average for days, average in per_weekday)
    if pattern.is_by_weekday:
        samples = pattern.days / 7
        estimate = sum(days * days * average / samples for days, average in per_weekday)
    else:
        estimate = sum(seen) ** 2 * pattern.per_day / pattern.days
    return amount, math.sqrt(pattern.unevenness * (amount + estimate))
