"""One bar that adds up to everything there is."""

from decimal import Decimal

import pytest

from servicebilling.website import usage_bar
from tests.pages.cycle_reports import make_report


def parts(**facts):
    bar = usage_bar.of_cycle(make_report(**facts))
    return {segment.key: segment.value for segment in bar.segments}


def test_used_held_and_left_are_apart():
    shown = parts(minutes_used_this_cycle=30, minutes_held=9, credit_minutes=20)

    assert shown == {
        "used": "30 min",
        "held": "9 min",
        "plan": "61 min",
        "credit": "20 min",
    }


def test_open_calls_take_the_plan_before_the_credit():
    shown = parts(minutes_used_this_cycle=95, minutes_held=9, credit_minutes=20)

    assert shown == {"used": "95 min", "held": "9 min", "credit": "16 min"}


def test_minutes_beyond_what_there_was_are_owed():
    assert parts(minutes_used_this_cycle=106) == {"used": "100 min", "owed": "6 min"}


def test_older_debt_has_its_place():
    shown = parts(minutes_used_this_cycle=30, credit_minutes=-22)

    assert shown == {"used": "30 min", "owed": "22 min", "plan": "48 min"}


def test_overage_comes_after_all_that_was_included():
    shown = parts(
        when_exhausted="overage",
        overage_limit_minutes=50,
        minutes_used_this_cycle=120,
        minutes_paid_otherwise=20,
    )

    assert shown == {"used": "100 min", "beyond": "20 min"}


@pytest.mark.parametrize("terms", ["wallet", "postpaid"])
def test_who_pays_by_the_call_sees_money(terms):
    shown = parts(
        when_exhausted=terms,
        plan_minutes=0,
        wallet_balance=Decimal("157.402"),
        postpaid_limit_amount=Decimal("199"),
        amount_charged=Decimal("41.598"),
    )

    assert shown == {"used": "$41.60", "plan": "$157.40"}


def test_overdrawn_wallet_has_nothing_left():
    shown = parts(
        when_exhausted="wallet",
        plan_minutes=0,
        wallet_balance=Decimal(-2),
        amount_charged=Decimal(5),
    )

    assert shown == {"used": "$5.00"}


def test_widths_fill_the_bar_and_nothing_is_too_small_to_see():
    bar = usage_bar.of_cycle(
        make_report(plan_minutes=100_000, minutes_used_this_cycle=99_000, minutes_held=1)
    )
    widths = [float(segment.width.rstrip("%")) for segment in bar.segments]
    ends = [float(segment.x.rstrip("%")) for segment in bar.segments[1:]] + [100.0]

    assert sum(widths) == pytest.approx(100, abs=0.05)
    assert min(widths) > 0.7
    assert ends == pytest.approx(
        [sum(widths[: count + 1]) for count in range(len(widths))], abs=0.05
    )


def test_bar_is_a_sentence_too():
    bar = usage_bar.of_cycle(
        make_report(minutes_used_this_cycle=30, minutes_held=9, credit_minutes=20)
    )

    assert bar.text == "30 of 120 minutes used, 9 held by calls in progress."


def test_nothing_at_all_is_an_empty_bar():
    bar = usage_bar.of_cycle(make_report(plan_minutes=0, minutes_ceiling=0))

    assert bar.segments == []
    assert bar.text == "0 of 0 minutes used."
