"""When minutes run out: by weekday, with a range, from four weeks."""

from datetime import date, timedelta
from decimal import Decimal
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from metering.usage import forecast

MONDAY = date(2026, 3, 2)
WEEK = [10, 20, 30, 40, 50, 6, 4]


def test_each_day_counts_like_its_weekday():
    pattern = forecast.learn(WEEK * 4, today=MONDAY)

    assert pattern.by_weekday == tuple(WEEK)
    assert forecast.run_out(pattern, left=60, today=MONDAY).likely == date(2026, 3, 4)
    assert forecast.run_out(pattern, left=61, today=MONDAY).likely == date(2026, 3, 5)
    # A week and a Monday.
    assert forecast.run_out(pattern, left=161, today=MONDAY).likely == date(2026, 3, 9)


def test_history_that_ends_in_the_middle_of_a_week_is_aligned():
    thursday = MONDAY + timedelta(days=3)

    pattern = forecast.learn((WEEK[3:] + WEEK[:3]) * 4, today=thursday)

    assert pattern.by_weekday == tuple(WEEK)


def test_only_the_last_four_weeks_count():
    pattern = forecast.learn([1000] * 60 + WEEK * 4, today=MONDAY)

    assert pattern.by_weekday == tuple(WEEK)


def test_what_is_left_of_today_counts_by_its_share():
    pattern = forecast.learn([24] * 28, today=MONDAY)

    whole = forecast.run_out(pattern, left=24, today=MONDAY)
    evening = forecast.run_out(pattern, left=24, today=MONDAY, rest_of_today=0.25)

    assert whole.likely == MONDAY
    assert evening.likely == MONDAY + timedelta(days=1)


def test_even_days_leave_no_range():
    pattern = forecast.learn(WEEK * 4, today=MONDAY)

    found = forecast.run_out(pattern, left=500, today=MONDAY)

    assert found.earliest == found.likely == found.latest


def test_uneven_days_leave_a_range_around_the_likely_day():
    rng = Random(7)
    history = [max(0, round(rng.gauss(40, 20))) for _ in range(28)]
    pattern = forecast.learn(history, today=MONDAY)

    found = forecast.run_out(pattern, left=600, today=MONDAY)

    assert found.earliest < found.likely < found.latest


def test_nothing_left_is_over_today():
    pattern = forecast.learn(WEEK * 4, today=MONDAY)

    for left in (0, -5):
        found = forecast.run_out(pattern, left=left, today=MONDAY)
        assert found.earliest == found.likely == found.latest == MONDAY


@pytest.mark.parametrize("history", [[], [0] * 28, [0] * 26 + [5, 5], [9]])
def test_too_little_usage_says_nothing(history):
    assert forecast.learn(history, today=MONDAY) is None
    assert forecast.run_out(None, left=10, today=MONDAY) is None


@pytest.mark.parametrize("back", [-10, -9])
def test_a_day_that_gave_back_more_than_it_took_counts_as_none(back):
    """As where the first units are free and an early event is voided."""
    pattern = forecast.learn([back, 10, 0, 0, 0, 0, 0] * 4, today=MONDAY)

    assert pattern.by_weekday == (0, 10, 0, 0, 0, 0, 0)
    tuesday = MONDAY + timedelta(days=1)
    assert forecast.run_out(pattern, left=1, today=MONDAY).likely == tuesday


def test_days_before_the_first_usage_do_not_thin_the_average():
    pattern = forecast.learn([0] * 20 + [12] * 8, today=MONDAY)

    assert (pattern.per_day, pattern.days, pattern.is_by_weekday) == (12, 8, False)


def test_what_lasts_longer_than_a_year_has_no_day():
    pattern = forecast.learn([1] * 28, today=MONDAY)

    assert forecast.run_out(pattern, left=10_000, today=MONDAY) is None


def test_money_runs_out_like_minutes():
    pattern = forecast.learn([Decimal("2.50")] * 28, today=MONDAY)

    found = forecast.run_out(pattern, left=Decimal("7.49"), today=MONDAY)

    assert found.likely == MONDAY + timedelta(days=2)


def test_formula_names_its_figures():
    pattern = forecast.learn(WEEK * 4, today=MONDAY)

    formula = forecast.run_out(pattern, left=1234, today=MONDAY).formula

    assert "Fri 50.0" in formula
    assert "28 days" in formula
    assert "1,234" in formula


def test_the_range_of_a_sum_holds_four_times_in_five():
    """Of days that are drawn at random around their weekday's average."""
    rng, held = Random(20), 0
    for _ in range(400):
        days = [rng.gammavariate(5, average / 5) for average in WEEK * 6]
        pattern = forecast.learn([Decimal(day) for day in days[:28]], today=MONDAY)
        week = forecast.expected(pattern, first=MONDAY, days=14)
        held += week.low <= sum(days[28:]) <= week.high

    assert 0.74 <= held / 400 <= 0.88


@given(
    history=st.lists(st.integers(0, 500), max_size=40),
    left=st.integers(-10, 5000),
    more=st.integers(0, 500),
    share=st.floats(0, 1),
)
def test_the_range_is_in_order_and_more_never_ends_sooner(history, left, more, share):
    pattern = forecast.learn(history, today=MONDAY)

    found = forecast.run_out(pattern, left=left, today=MONDAY, rest_of_today=share)
    longer = forecast.run_out(pattern, left=left + more, today=MONDAY, rest_of_today=share)

    if found is not None:
        assert MONDAY <= found.earliest <= found.likely
        assert found.latest is None or found.likely <= found.latest
        assert longer is None or longer.likely >= found.likely
