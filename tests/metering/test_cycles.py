"""Months of an organization: they begin, roll over, are paid late, and change their terms."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from metering.balances import cycles, ledger
from metering.models import Allowance, MinuteTransaction
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)
MONTH = timedelta(days=31)


def test_an_organization_begins_with_a_month_an_allowance_and_a_wallet(now):
    story = begin(now, make.make_card(included_minutes=100))
    (month,) = story.months
    assert (month.starts_at, month.ends_at) == (now, datetime(2026, 2, 15, 12, tzinfo=UTC))
    assert story.remaining == story.allowance.minutes_ceiling == 100
    assert story.wallet == 0


def test_balances_begin_once(now):
    story = begin(now)
    with pytest.raises(IntegrityError), transaction.atomic():
        make.make_balances(organization=story.owner, now=now)


def test_the_first_month_contains_now_wherever_the_anchor_lies(now):
    for days in (-400, -40, 0, 10):
        story = begin(now, anchor_at=now + timedelta(days=days))
        (month,) = story.months
        assert month.starts_at <= now < month.ends_at


@pytest.mark.parametrize(("late", "month"), [(-1, 0), (0, 1), (1, 1)])
def test_a_call_belongs_to_the_month_that_admitted_it(now, late, month):
    story = begin(now)
    story.now = story.allowance.cycle_ends_at + late * SECOND
    ref = story.admitted()
    story.wait(minutes=10)
    story.report(ref, 120)
    months = story.months
    assert len(months) == 2
    assert story.call(ref).cycle == months[month]
    assert [m.minutes_used for m in months] == [2 * (month == n) for n in range(2)]


def test_a_call_over_the_end_of_the_month_leaves_the_new_month_alone(now):
    story = begin(now, make.make_card(included_minutes=20))
    story.now = story.allowance.cycle_ends_at - 30 * SECOND
    ref = story.admitted()
    story.wait(minutes=5)
    story.report(ref, 300)
    old, new = story.months
    assert (old.minutes_used, new.minutes_used) == (5, 0)
    assert story.remaining == 20


def test_spent_bundle_minutes_do_not_come_back_with_the_new_month(now):
    story = begin(now, make.make_card(included_minutes=5), credit_minutes=10)
    story.talk_unasked(8 * 60)
    assert (story.allowance.credit_minutes, story.remaining) == (10, 7)
    story.next_month()
    assert (story.allowance.credit_minutes, story.remaining) == (7, 12)
    story.next_month()
    assert story.allowance.credit_minutes == 7


def test_debt_is_repaid_once(now):
    story = begin(now, make.make_card(included_minutes=5))
    story.talk_unasked(8 * 60)
    assert story.remaining == -3
    story.next_month()
    assert (story.allowance.credit_minutes, story.remaining) == (-3, 2)
    story.next_month()
    assert (story.allowance.credit_minutes, story.remaining) == (0, 5)
    story.next_month()
    assert (story.allowance.credit_minutes, story.remaining) == (0, 5)


def test_minutes_bought_in_debt_pay_the_debt_first(now):
    story = begin(now, make.make_card(included_minutes=0))
    story.talk_unasked(4 * 60)
    story.buy(10)
    assert story.remaining == 6
    story.next_month()
    assert story.allowance.credit_minutes == 6


def test_each_month_closes_with_one_row_that_says_how_it_stood(now):
    story = begin(now, make.make_card(included_minutes=5), credit_minutes=3)
    story.talk_unasked(7 * 60)
    story.next_month()
    (row,) = MinuteTransaction.objects.filter(kind="cycle_close")
    assert (row.used_change, row.credit_change) == (-7, -2)
    assert (row.used_after, row.credit_after) == (0, 1)


def test_rolling_over_before_the_month_ends_does_nothing(now):
    story = begin(now)
    cycles.roll_over(story.owner.id, now=story.allowance.cycle_ends_at - SECOND)
    assert len(story.months) == 1
    cycles.roll_over(story.owner.id, now=story.allowance.cycle_ends_at)
    assert len(story.months) == 2


def test_idle_years_are_their_months_and_no_more(now):
    story = begin(now, make.make_card(included_minutes=5))
    cycles.roll_over(story.owner.id, now=now + timedelta(days=731))
    assert len(story.months) == 25


def test_those_whose_month_has_ended_longest_ago_are_rolled_over_first(now, monkeypatch):
    late = begin(now - timedelta(days=3))
    later = begin(now)
    not_yet = begin(now + timedelta(days=3))
    rolled, roll_over = [], cycles.roll_over

    def noted(organization_id, *, now):
        rolled.append(organization_id)
        roll_over(organization_id, now=now)

    monkeypatch.setattr(cycles, "roll_over", noted)
    monkeypatch.setattr(cycles, "PAGE_SIZE", 1)
    assert cycles.roll_over_due(now=now + MONTH) == 2
    assert rolled == [late.owner.id, later.owner.id]
    assert len(not_yet.months) == 1
    assert cycles.roll_over_due(now=now + MONTH) == 0


# Paid and unpaid periods


@pytest.mark.parametrize(("grace", "included"), [(0, 0), (1, 50)])
def test_a_month_that_starts_after_what_is_paid_includes_nothing(now, grace, included):
    paid_until = datetime(2026, 2, 15, 12, tzinfo=UTC)
    card = make.make_card(included_minutes=50)
    story = begin(now, card, rolls_until=paid_until + grace * SECOND)
    story.next_month()
    assert story.remaining == included
    assert story.months[-1].is_paid is bool(included)


@pytest.mark.parametrize("rule", ["overage", "wallet", "postpaid"])
def test_a_month_that_nobody_paid_for_cuts_off_and_bills_nothing_beyond(now, rule):
    card = make.make_card(when_exhausted=rule, included_minutes=50)
    story = begin(now, card, rolls_until=now + SECOND, wallet="9", credit_minutes=2)
    story.next_month()
    assert story.allowance.minutes_ceiling == 2
    story.talk_unasked(5 * 60)
    assert story.wallet == 9
    assert story.overage() == (0, 0)
    assert story.remaining == -3


def test_what_an_unpaid_month_used_is_on_the_plan_once_it_is_paid(now):
    card = make.make_card(when_exhausted="overage", included_minutes=50)
    story = begin(now, card, rolls_until=now + SECOND, credit_minutes=10)
    story.next_month()
    story.talk(120)
    starts_at = story.months[-1].starts_at
    assert story.vouch(starts_at=starts_at, until=starts_at + MONTH)
    assert not story.vouch(starts_at=starts_at, until=starts_at + MONTH)
    assert story.remaining == 58
    story.next_month()
    assert story.allowance.credit_minutes == 10


def test_a_year_that_is_paid_late_fills_the_month_that_runs_by_then(now):
    """Only the first month of the year was filled, and that one had passed."""
    story = begin(now, make.make_card(included_minutes=50), rolls_until=now + SECOND)
    story.next_month()
    year_starts_at = story.months[-1].starts_at
    story.next_month()
    assert story.remaining == 0
    until = year_starts_at + timedelta(days=365)
    assert story.vouch(starts_at=year_starts_at, until=until)
    assert story.remaining == 50
    story.next_month()
    assert story.remaining == 50


def test_a_month_paid_late_does_not_pay_for_the_one_after(now):
    story = begin(now, make.make_card(included_minutes=50), rolls_until=now + SECOND)
    story.next_month()
    starts_at = story.months[-1].starts_at
    story.next_month()
    until = starts_at + MONTH + timedelta(days=3)
    assert not story.vouch(starts_at=starts_at, until=until)
    assert story.remaining == 0


def test_a_payment_never_shortens_what_is_paid(now):
    story = begin(now, rolls_until=now + 3 * MONTH)
    story.vouch(starts_at=now, until=now + MONTH)
    assert story.allowance.rolls_until == now + 3 * MONTH


def test_a_paid_period_starts_where_the_provider_says(now):
    story = begin(now - timedelta(days=10), make.make_card(included_minutes=0))
    story.now = now
    story.talk_unasked(120)
    card = make.make_card(included_minutes=100)
    cycles.start_period(
        organization_id=story.owner.id,
        card_id=card.id,
        starts_at=now,
        rolls_until=now + MONTH,
        now=now + 5 * SECOND,
    )
    free, paid = story.months
    assert (free.ends_at, paid.starts_at) == (now, now)
    assert (free.minutes_used, paid.minutes_used) == (2, 0)
    assert story.remaining == 98
    assert story.allowance.credit_minutes == -2


# Other terms


def test_a_bigger_plan_counts_at_once(now):
    story = begin(now, make.make_card(included_minutes=10))
    story.talk_unasked(8 * 60)
    story.change_card(make.make_card(included_minutes=100))
    assert story.remaining == 92
    assert story.allowance.minutes_ceiling == 92


def test_changing_to_and_fro_gains_no_minutes(now):
    small, big = (make.make_card(included_minutes=n) for n in (10, 100))
    story = begin(now, small)
    for _ in range(5):
        story.change_card(big)
        story.change_card(small)
    assert story.remaining == 10


def test_a_share_of_the_month_adds_a_share_of_the_minutes_rounded_down(now):
    story = begin(now, make.make_card(included_minutes=100))
    big = make.make_card(included_minutes=201)
    story.now = now + (story.allowance.cycle_ends_at - now) / 2 + SECOND
    cycles.change_card_pro_rata(
        organization_id=story.owner.id, card_id=big.id, now=story.now
    )
    assert story.remaining == 150


def test_what_was_charged_stays_charged_under_other_terms(now):
    story = begin(now, make.make_card(when_exhausted="overage", included_minutes=0))
    story.talk_unasked(120)
    story.change_card(make.make_card(included_minutes=50))
    assert story.overage() == (2, Decimal("0.2"))
    assert story.remaining == 50
    story.next_month()
    assert story.allowance.credit_minutes == 0


def test_a_card_for_the_next_month_waits_for_it(now):
    story = begin(now, make.make_card(included_minutes=100))
    small = make.make_card(included_minutes=10)
    cycles.change_card_at_end(
        organization_id=story.owner.id, card_id=small.id, now=story.now
    )
    assert story.remaining == 100
    story.next_month()
    assert story.remaining == 10
    assert story.allowance.rate_card == small


def test_a_month_nobody_paid_for_gains_no_minutes_from_another_card(now):
    """Changing the plan of an unpaid month granted the new plan's minutes for nothing."""
    story = begin(now, make.make_card(included_minutes=50), rolls_until=now + SECOND)
    story.next_month()
    card = make.make_card(included_minutes=500)
    story.change_card(card)
    assert story.remaining == 0
    cycles.change_card_pro_rata(
        organization_id=story.owner.id, card_id=card.id, now=story.now
    )
    assert story.remaining == 0
    starts_at = story.months[-1].starts_at
    story.vouch(starts_at=starts_at, until=starts_at + MONTH)
    assert story.remaining == 500


def test_a_card_in_another_currency_is_refused_wherever_it_comes(now):
    """As the next month's card it was taken, and charged euros as dollars."""
    story = begin(now)
    euros = make.make_card(currency="EUR")
    common = {"organization_id": story.owner.id, "card_id": euros.id, "now": now}
    with pytest.raises(ledger.LedgerError, match="EUR"):
        cycles.change_card(**common)
    with pytest.raises(ledger.LedgerError, match="EUR"):
        cycles.change_card_at_end(**common)
    with pytest.raises(ledger.LedgerError, match="EUR"):
        cycles.start_period(**common, starts_at=now, rolls_until=None)
    with pytest.raises(ledger.LedgerError, match="EUR"):
        cycles.begin(**common | {"organization_id": accounts.make_organization().id})


def test_an_own_spend_cap_lowers_the_overage_and_never_raises_it(now):
    card = make.make_card(
        when_exhausted="overage", included_minutes=0, overage_limit_minutes=10
    )
    story = begin(now, card)
    for cap, ceiling in ((4, 4), (99, 10), (0, 0), (None, 10)):
        cycles.set_overage_limit(organization_id=story.owner.id, minutes=cap, now=now)
        assert story.allowance.minutes_ceiling == ceiling


def test_opening_books_that_are_open_is_an_error_and_not_a_lost_update(now):
    story = begin(now)
    with (
        pytest.raises(RuntimeError, match="open already"),
        ledger.opened_one(story.owner.id, now=now),
    ):
        story.buy(5)
    story.buy(5)
    assert Allowance.objects.get().credit_minutes == 5
