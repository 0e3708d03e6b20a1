"""Holes that were found in the balance rules on paper, one test each. One needs two
connections and is told in `test_ledger_races`: what is read under a lock must be fresh."""

from datetime import timedelta
from decimal import Decimal

import pytest

from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db


def test_closing_does_not_take_overage_minutes_from_the_credit_again(now):
    card = make.make_card(when_exhausted="overage", included_minutes=2)
    story = begin(now, card, credit_minutes=3)
    story.talk_unasked(8 * 60)
    assert story.allowance.minutes_paid_otherwise == 3
    story.next_month()
    assert story.allowance.credit_minutes == 0


def test_debt_is_worked_off_and_does_not_block_for_ever(now):
    story = begin(now, make.make_card(included_minutes=5))
    story.talk_unasked(12 * 60)
    assert story.ask()[1].rule == "no_minutes"
    story.next_month()
    assert story.allowance.credit_minutes == -7
    assert story.ask()[1].rule == "no_minutes"
    story.next_month()
    assert story.allowance.credit_minutes == -2
    assert story.ask()[1].minutes == 3
    story.report(make.call_ref(call_id=list(story.answers)[-1]), None)
    story.next_month()
    assert story.allowance.credit_minutes == 0
    assert story.remaining == 5


def test_counting_less_after_overage_takes_the_charge_back(now):
    story = begin(now, make.make_card(when_exhausted="overage", included_minutes=2))
    story.talk_unasked(5 * 60)
    assert story.overage() == (3, Decimal("0.3"))
    story.adjust_used(-2)
    assert story.overage() == (1, Decimal("0.1"))
    assert story.allowance.minutes_used_this_cycle == 3
    assert story.remaining == 0


def test_an_estimate_that_was_too_long_takes_its_overage_back(now):
    card = make.make_card(when_exhausted="overage", included_minutes=1)
    story = begin(now, card)
    ref = story.admitted()
    story.lose_report(ref)
    estimated = story.call(ref)
    assert estimated.status == "estimated"
    assert estimated.price == Decimal("0.1") * (estimated.billed_minutes - 1)
    assert story.report(ref, 61).outcome == "superseded"
    assert story.overage() == (1, Decimal("0.1"))
    assert story.call(ref).price == Decimal("0.1")


def test_a_smaller_plan_in_mid_month_makes_no_debt_of_minutes_that_were_paid(now):
    story = begin(now, make.make_card(included_minutes=100))
    story.talk_unasked(60 * 60)
    held = story.ask()[1].minutes
    story.change_card(make.make_card(included_minutes=20))
    assert story.allowance.plan_minutes == 60 + held
    assert story.remaining == held
    story.next_month()
    assert story.allowance.credit_minutes == 0
    assert story.allowance.plan_minutes == 20


def test_a_late_report_uses_the_month_that_admitted_it_and_then_credit(now):
    story = begin(now, make.make_card(included_minutes=5), credit_minutes=10)
    early, late = story.admitted(), story.admitted()
    story.next_month()
    story.report(early, 170)
    old, _ = story.months
    assert (old.minutes_used, old.credit_taken_minutes) == (3, 0)
    assert story.allowance.credit_minutes == 10
    story.report(late, 170)
    old, new = story.months
    assert (old.minutes_used, old.credit_taken_minutes) == (6, 1)
    assert story.allowance.credit_minutes == 9
    assert new.minutes_used == story.allowance.minutes_used_this_cycle == 0


def test_plan_minutes_that_repaid_debt_are_not_spent_again_by_a_late_report(now):
    story = begin(now, make.make_card(included_minutes=5), credit_minutes=-3)
    story.next_month()
    old, _ = story.months
    assert old.debt_repaid_minutes == 3
    assert story.allowance.credit_minutes == 0
    story.talk_unasked(4 * 60, started_at=now)
    old, _ = story.months
    assert old.credit_taken_minutes == 2
    assert story.allowance.credit_minutes == -2


def test_what_debt_needs_of_the_plan_is_neither_granted_nor_used(now):
    card = make.make_card(when_exhausted="overage", included_minutes=5)
    story = begin(now, card, credit_minutes=-3)
    assert story.remaining == 2
    story.talk_unasked(3 * 60)
    assert story.overage() == (1, Decimal("0.1"))
    assert story.remaining == 0
    story.next_month()
    assert story.allowance.credit_minutes == 0


def test_a_call_is_priced_by_the_card_that_admitted_it(now):
    cheap = make.make_card(when_exhausted="overage", included_minutes=0)
    story = begin(now, cheap)
    ref = story.admitted()
    story.change_card(
        make.make_card(when_exhausted="overage", included_minutes=0, unit_price="0.50")
    )
    story.report(ref, 120)
    assert story.call(ref).price == Decimal("0.2")
    assert story.call(ref).rate_card == cheap


def test_where_the_admitting_card_cuts_off_the_card_in_force_charges_the_rest(now):
    story = begin(now, make.make_card(included_minutes=3))
    ref = story.admitted()
    postpaid = make.make_card(when_exhausted="postpaid", included_minutes=0)
    story.change_card(postpaid)
    story.report(ref, 10 * 60)
    assert story.call(ref).price == Decimal("0.7")
    assert story.call(ref).rate_card == postpaid
    assert story.remaining == 0


def test_minutes_go_back_at_the_price_of_the_card_that_charged_them(now):
    cheap = make.make_card(when_exhausted="wallet", included_minutes=0)
    story = begin(now, cheap, wallet="20")
    ref = story.admitted()
    story.seen_running(ref)
    story.change_card(
        make.make_card(
            when_exhausted="wallet", included_minutes=0, tiers=[(2, "1"), (None, "0.5")]
        )
    )
    story.lose_report(ref)
    minutes = story.call(ref).billed_minutes
    assert story.wallet == 20 - minutes * Decimal("0.1")
    story.talk_unasked(120)
    assert story.wallet == 18 - minutes * Decimal("0.1")
    story.report(ref, 60)
    assert story.wallet == 18 - Decimal("0.1")


@pytest.mark.parametrize(("late", "minutes", "flags"), [(30, 3, []), (31, 4, ["over_cap"])])
def test_a_call_that_ends_a_little_after_its_cap_bills_its_hold(now, late, minutes, flags):
    story = begin(now, make.make_card(included_minutes=3, grace_minutes=0))
    ref, answer = story.ask()
    assert (answer.minutes, answer.seconds_max) == (3, 175)
    story.report(ref, 180 + late)
    call = story.call(ref)
    assert (call.billed_minutes, call.flags) == (minutes, flags)


def test_calls_at_once_never_promise_more_money_than_tiers_let_the_wallet_pay(now):
    rising = make.make_card(
        when_exhausted="wallet", included_minutes=0, tiers=[(2, "0.10"), (None, "1.00")]
    )
    story = begin(now, rising, wallet="3.20")
    held = []
    while (asked := story.ask())[1].admitted:
        held.append(asked)
    assert sum(answer.minutes for _, answer in held) == 5
    for ref, answer in held:
        story.report(ref, 60 * answer.minutes)
    assert story.wallet == 0


def test_wallet_holds_outlive_a_change_of_card_and_the_end_of_the_month(now):
    dear = make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="0.20")
    story = begin(now, dear, wallet="1")
    first, answer = story.ask()
    cheap = make.make_card(when_exhausted="wallet", included_minutes=0)
    story.change_card(cheap)
    assert answer.minutes == 3
    second, answer = story.ask()
    # 0.60 are promised to the first at its own price; 0.40 buy four cheap minutes.
    assert answer.minutes == 3
    story.next_month()
    third, answer = story.ask()
    assert not answer.admitted
    story.report(first, 180)
    story.report(second, 180)
    assert story.wallet == Decimal("0.10")
    assert story.ask()[1].minutes == 1


def test_holds_of_the_old_month_still_count_in_the_new_one(now):
    card = make.make_card(included_minutes=0, call_minutes_max=5, slice_minutes=5)
    story = begin(now, card, credit_minutes=5)
    ref = story.admitted()
    story.next_month()
    assert story.allowance.minutes_held == 5
    assert story.ask()[1].rule == "no_minutes"
    story.report(ref, 5 * 60)
    assert story.allowance.credit_minutes == 0
    assert story.allowance.minutes_held == 0


def test_months_rolled_over_late_are_the_months_of_the_clock(now):
    def figures(story):
        fields = ("starts_at", "ends_at", "debt_repaid_minutes", "credit_taken_minutes")
        months = [tuple(getattr(m, name) for name in fields) for m in story.months]
        return months, story.allowance.credit_minutes, story.remaining

    card = make.make_card(included_minutes=5)
    clocked, idle = begin(now, card), begin(now, card)
    for story in (clocked, idle):
        story.talk_unasked(19 * 60)
    for _ in range(4):
        clocked.next_month()
    idle.now = clocked.now
    idle.ask(call_id="after four months")
    assert figures(idle) == figures(clocked)
    assert clocked.allowance.credit_minutes == 0


def test_a_renewal_that_failed_grants_no_month(now):
    paid_until = now + timedelta(days=31)
    card = make.make_card(when_exhausted="overage", included_minutes=50)
    story = begin(now, card, rolls_until=paid_until)
    story.next_month()
    assert story.allowance.plan_minutes == 0
    assert story.ask()[1].admitted is False
    story.talk_unasked(60)
    assert story.overage() == (0, 0)
    filled = story.vouch(starts_at=paid_until, until=paid_until + timedelta(days=31))
    assert filled
    assert story.remaining == 49


@pytest.mark.parametrize("apart", [timedelta(hours=-5), timedelta(hours=5)])
def test_a_payment_whose_period_starts_beside_our_anchor_opens_no_twin(now, apart):
    story = begin(now, make.make_card(included_minutes=50), rolls_until=now)
    story.next_month()
    starts_at = story.months[-1].starts_at + apart
    story.wait(hours=6)
    assert story.vouch(starts_at=starts_at, until=starts_at + timedelta(days=31))
    assert len(story.months) == 2
    assert story.remaining == 50


def test_pools_pay_whole_minutes_whatever_the_increments(now):
    card = make.make_card(when_exhausted="wallet", included_minutes=5, increments=(1, 1))
    story = begin(now, card, wallet="1")
    story.talk(61)
    assert story.allowance.minutes_used_this_cycle == 2
    assert story.remaining == 3
    story.talk_unasked(181)
    assert story.remaining == 0
    assert story.wallet == Decimal("0.998333")


def test_the_duplicate_of_an_admitted_question_is_not_told_that_minutes_are_gone(now):
    story = begin(now, make.make_card(included_minutes=3))
    ref, first = story.ask()
    _, again = story.ask(call_id=ref.call_id)
    assert again.is_replay
    assert (again.rule, again.minutes, again.hold_id) == ("ok", 3, first.hold_id)
    assert story.allowance.minutes_held == 3


def test_used_minutes_never_fall_below_zero(now):
    story = begin(now, make.make_card(included_minutes=10))
    ref = story.admitted()
    story.lose_report(ref)
    minutes = story.call(ref).billed_minutes
    story.adjust_used(-minutes)
    story.report(ref, 60)
    assert story.allowance.minutes_used_this_cycle == 0
    assert "usage_stopped_at_zero" in story.call(ref).flags
    assert [row.used_change for row in story.ledger_of(ref)] == [minutes, 0]
