"""Month boundaries that count from an anchor, against the calendar. No database."""

from datetime import UTC, datetime, timedelta

import pytest

from metering.balances import months


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


# 24 months over a leap year, per day of the anchor: the day that each month ends on.
DAYS = {
    28: [28] * 24,
    29: [29, 29, 29, 29, 29, 29, 29, 29, 29, 29, 29, 29]
    + [29, 28, 29, 29, 29, 29, 29, 29, 29, 29, 29, 29],
    30: [30, 29, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30]
    + [30, 28, 30, 30, 30, 30, 30, 30, 30, 30, 30, 30],
    31: [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31]
    + [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31],
}


@pytest.mark.parametrize("day", DAYS)
def test_a_month_that_lacks_the_day_ends_on_its_last_and_the_day_returns(day):
    anchor = at(f"2027-12-{day}T09:30:00")
    ends, moment = [], anchor
    for _ in range(24):
        moment = months.next_boundary(anchor, moment)
        ends.append(moment)
    assert [end.day for end in ends] == DAYS[day]
    assert [(end.year, end.month) for end in ends] == [
        (2028 + number // 12, number % 12 + 1) for number in range(24)
    ]
    assert {(end.hour, end.minute) for end in ends} == {(9, 30)}


def test_an_anchor_on_the_leap_day_ends_on_the_28th_in_other_years():
    anchor = at("2028-02-29")
    assert months.next_boundary(anchor, at("2029-02-01")) == at("2029-02-28")
    assert months.next_boundary(anchor, at("2029-02-28")) == at("2029-03-29")
    assert months.next_boundary(anchor, at("2032-02-01")) == at("2032-02-29")


def test_a_century_that_is_no_leap_year_is_none_here():
    assert months.next_boundary(at("2099-01-31"), at("2100-02-01")) == at("2100-02-28")


@pytest.mark.parametrize("anchor", ["2027-12-31", "2028-02-29", "2027-06-15T23:59:59"])
def test_a_boundary_belongs_to_the_month_that_it_opens(anchor):
    anchor = at(anchor)
    second = timedelta(seconds=1)
    for number in range(1, 30):
        end = months.boundary(anchor, number)
        assert months.next_boundary(anchor, end - second) == end
        assert months.next_boundary(anchor, end) > end
        assert months.boundary_before(anchor, end) == end
        assert months.boundary_before(anchor, end - second) < end


def test_boundaries_before_the_anchor_count_backwards():
    anchor = at("2028-03-31")
    assert months.boundary_before(anchor, at("2028-03-01")) == at("2028-02-29")
    assert months.boundary_before(anchor, at("2028-02-01")) == at("2028-01-31")
