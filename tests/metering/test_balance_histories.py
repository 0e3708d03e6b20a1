"""Random histories of one organization, against an auditor that counts minute by minute.

In the suite the same histories run every time. `HYPOTHESIS_PROFILE=long` runs more of them,
and others each time.
"""

import os
from copy import deepcopy
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import transaction
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import rule, run_state_machine_as_test

from metering.balances import cycles, ledger
from tests.factories import metering as make
from tests.metering.auditor import Refused
from tests.metering.histories import SECOND, CallHistories, make_cards, picks, ran

SIZES = {"suite": (30, 30), "long": (3000, 60)}
EXAMPLES, STEPS = SIZES[os.environ.get("HYPOTHESIS_PROFILE", "suite")]
IS_LONG = os.environ.get("HYPOTHESIS_PROFILE") == "long"

SETTINGS = settings(
    max_examples=EXAMPLES,
    stateful_step_count=STEPS,
    derandomize=not IS_LONG,
    database=None,
    deadline=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)


class Histories(CallHistories):
    """Calls, and what customers, staff and billing do meanwhile."""

    # Minutes and money by other hands

    @rule(minutes=st.integers(-6, 25).filter(bool))
    def minutes_are_bought_or_refunded(self, minutes):
        self._step("buy")
        ledger.add_credit_minutes(
            organization_id=self.owner.id,
            minutes=minutes,
            kind="purchase" if minutes > 0 else "refund",
            reference=make.reference_of(),
            now=self.now,
        )
        self.auditor.buy(minutes, self.now)

    def _tried(self, write, *, check, **values) -> None:
        """Both do it, or both refuse."""
        try:
            with transaction.atomic():
                write(
                    organization_id=self.owner.id,
                    reference=make.reference_of(),
                    reason="Test",
                    now=self.now,
                    **values,
                )
        except ledger.NotAvailable:
            undo = self._copy()
            with pytest.raises(Refused):
                check(self.auditor)
            self._restore(undo)
            ran["not available"] += 1
        else:
            check(self.auditor)

    def _copy(self):
        # A refusal undoes the roll-over that came before it as well.
        values = vars(self.auditor).items()
        return deepcopy({name: value for name, value in values if name != "cards"})

    def _restore(self, undo) -> None:
        vars(self.auditor).update(undo)

    @rule(minutes=st.integers(-6, 6).filter(bool))
    def staff_adjust_credit(self, minutes):
        self._step("adjust credit")
        self._tried(
            ledger.adjust_credit,
            minutes=minutes,
            check=lambda auditor: auditor.adjust_credit(minutes, self.now),
        )

    @rule(minutes=st.integers(-6, 6).filter(bool))
    def staff_adjust_used(self, minutes):
        self._step("adjust used")
        self._tried(
            ledger.adjust_used,
            minutes=minutes,
            check=lambda auditor: auditor.adjust_used(minutes, self.now),
        )

    @rule(cents=st.integers(-60, 500).filter(bool))
    def the_wallet_is_topped_up_or_refunded(self, cents):
        self._step("top up")
        amount = Decimal(cents) / 100
        ledger.move_money(
            organization_id=self.owner.id,
            amount=amount,
            kind="top_up" if cents > 0 else "refund",
            reference=make.reference_of(),
            now=self.now,
        )
        self.auditor.top_up(amount, self.now)

    @rule(cents=st.integers(1, 150))
    def something_is_bought_from_the_wallet(self, cents):
        self._step("spend")
        amount = Decimal(cents) / 100
        self._tried(
            ledger.spend_money,
            amount=amount,
            kind="purchase",
            check=lambda auditor: auditor.spend(amount, self.now),
        )

    # What a call may live through

    @rule(
        through=st.sampled_from(["card", "card", "month", "refund", "call"]),
        pick=picks,
        talked=st.one_of(st.integers(1, 300), st.integers(200, 1200)),
    )
    def a_call_lives_through_something(self, through, pick, talked):
        self.a_call_asks()
        call_id = self._known(0)
        match through:
            case "card":
                self.another_card_comes_into_force(pick)
            case "month":
                self.the_month_is_about_to_end(1)
                self.the_clock_rolls_over()
            case "refund":
                self.minutes_are_bought_or_refunded(-1 - pick % 5)
            case _:
                self.a_call_that_never_asked_is_reported(talked, 0)
        self._step("lived through")
        self._settle([self._report(call_id, talked)])

    @rule(owed=st.integers(1, 6), talked=st.integers(100, 900), months=st.integers(1, 2))
    def a_report_comes_months_after_a_refund(self, owed, talked, months):
        self.minutes_are_bought_or_refunded(-owed)
        call_id = self._new_call()
        for _ in range(months):
            self.the_month_is_about_to_end(1)
            self.the_clock_rolls_over()
        self._step("after months")
        self._settle([self._report(call_id, talked)])
        self.unasked.append(call_id)

    # Terms and time

    @rule(pick=picks)
    def another_card_comes_into_force(self, pick):
        self._step("card")
        row = self.rows[pick % len(self.rows)]
        cycles.change_card(organization_id=self.owner.id, card_id=row.id, now=self.now)
        self.auditor.change_card(self.cards[row.id], self.now)

    @rule(pick=picks)
    def another_card_comes_next_month(self, pick):
        self._step("card at end")
        row = self.rows[pick % len(self.rows)]
        cycles.change_card_at_end(
            organization_id=self.owner.id, card_id=row.id, now=self.now
        )
        self.auditor.change_card_at_end(self.cards[row.id], self.now)

    @rule(months_back=st.integers(0, 2), days=st.sampled_from([None, 20, 20, 34, 370]))
    def billing_vouches(self, months_back, days):
        self._step("vouch")
        months = self.auditor.months
        starts_at = months[-1 - months_back % len(months)].starts_at
        until = days and starts_at + timedelta(days=days)
        filled = cycles.vouch(
            organization_id=self.owner.id,
            period_starts_at=starts_at,
            rolls_until=until,
            now=self.now,
        )
        assert filled == self.auditor.vouch(starts_at, until, self.now)
        ran["filled"] += filled

    @rule(standing=st.sampled_from(["good"] * 5 + ["grace", "no_plan", "past_due"]))
    def billing_sets_the_standing(self, standing):
        self._step("standing")
        cycles.set_standing(organization_id=self.owner.id, standing=standing, now=self.now)
        self.auditor.roll_over(self.now)
        self.auditor.standing = standing

    @rule(minutes=st.sampled_from([None, 0, 3, 50]))
    def the_owner_sets_a_spend_cap(self, minutes):
        self._step("spend cap")
        cycles.set_overage_limit(
            organization_id=self.owner.id, minutes=minutes, now=self.now
        )
        self.auditor.roll_over(self.now)
        self.auditor.own_limit = minutes

    @rule(minutes=st.integers(1, 12), days=st.sampled_from([0, 0, 1, 9, 31, 70]))
    def time_passes(self, minutes, days):
        self._step("time")
        self.now += timedelta(days=days, minutes=minutes)

    @rule(seconds=st.sampled_from([-1, 0, 1]))
    def the_month_is_about_to_end(self, seconds):
        self._step("boundary")
        self.now = max(self.now, self.auditor.live.ends_at + seconds * SECOND)

    @rule()
    def the_clock_rolls_over(self):
        self._step("roll over")
        cycles.roll_over(self.owner.id, now=self.now)
        self.auditor.roll_over(self.now)


@pytest.mark.django_db
def test_books_and_auditor_agree_after_every_step_of_random_histories():
    ran.clear()
    Histories.rows = make_cards()
    run_state_machine_as_test(Histories, settings=SETTINGS)
    print(dict(ran))
    assert ran["examples"] >= EXAMPLES
    assert ran["verified"] == ran["examples"]
    assert ran["steps"] >= EXAMPLES * STEPS / 2
