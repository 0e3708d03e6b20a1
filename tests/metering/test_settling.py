"""What the report of a call does to the books: once, in full, whatever came before."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import DataError, transaction

from metering.balances import cycles
from metering.calls.settle import settle
from metering.models import (
    Call,
    DailyUsage,
    InboundMessage,
    MinuteTransaction,
    OverageCharge,
    UsageEvent,
)
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_61_seconds_are_two_minutes(now):
    story = begin(now)
    ref = story.talk(61)
    assert story.call(ref).billed_minutes == 2
    assert story.call(ref).duration_seconds == 61
    assert story.remaining == 98


@pytest.mark.parametrize(("seconds", "status"), [(None, "failed"), (0, "completed")])
def test_a_call_without_talk_costs_nothing_and_lets_its_minutes_go(now, seconds, status):
    story = begin(now)
    ref = story.admitted()
    assert story.report(ref, seconds).outcome == "charged"
    call = story.call(ref)
    assert (call.status, call.billed_minutes, call.price) == (status, 0, 0)
    assert story.allowance.minutes_held == 0
    assert not MinuteTransaction.objects.exists()
    assert not UsageEvent.objects.exists()
    assert DailyUsage.objects.get().count == 1


def test_many_short_calls_are_not_free(now):
    """Fractions of a second are rounded up once per call, by whoever reads the report; here
    each is a whole second, billed by the second, beyond the pools."""
    card = make.make_card(
        when_exhausted="postpaid", included_minutes=0, unit_price="0.05", increments=(1, 1)
    )
    story = begin(now, card)
    reports = [
        make.make_report(make.call_ref(story.number), started_at=now, seconds=1)
        for _ in range(1200)
    ]
    settle(reports, now=now)
    assert Call.objects.filter(price__gt=0).count() == 1200
    assert sum(call.price for call in Call.objects.all()) == Decimal("1.000000")


def test_plan_pays_first_then_credit_then_the_card(now):
    card = make.make_card(when_exhausted="overage", included_minutes=2)
    story = begin(now, card, credit_minutes=1)
    ref = story.admitted()
    story.report(ref, 5 * 60)
    call = story.call(ref)
    assert call.minutes_from_plan == 2
    assert call.minutes_from_credit == 1
    assert call.minutes_charged == 2
    assert call.price == Decimal("0.2")
    (row,) = story.ledger_of(ref)
    assert (row.used_change, row.charged_change, row.amount) == (5, 2, Decimal("0.2"))
    assert (row.credit_change, row.used_after, row.credit_after) == (0, 5, 1)


def test_the_same_report_again_changes_nothing(now):
    story = begin(now)
    ref = story.talk(60)
    assert story.report(ref, 60).outcome == "already"
    assert story.allowance.minutes_used_this_cycle == 1
    assert len(story.ledger_of(ref)) == 1


def test_another_length_for_a_settled_call_is_flagged_and_not_charged(now):
    story = begin(now)
    ref = story.talk(60)
    assert story.report(ref, 600).outcome == "conflicting"
    assert story.report(ref, 660).outcome == "conflicting"
    call = story.call(ref)
    assert (call.duration_seconds, call.billed_minutes) == (60, 1)
    assert call.flags == ["conflicting_report"]
    assert story.report(ref, 60).outcome == "already"


def test_a_call_longer_than_its_hold_is_billed_in_full_and_flagged(now):
    story = begin(now, make.make_card(included_minutes=3))
    ref = story.admitted()
    story.report(ref, 10 * 60)
    assert story.call(ref).flags == ["over_cap"]
    assert story.remaining == -7


def test_a_call_that_never_asked_is_metered_and_flagged(now):
    story = begin(now)
    ref = story.talk_unasked(100)
    call = story.call(ref)
    assert (call.is_unadmitted, call.billed_minutes) == (True, 2)
    assert call.phone_number == story.number


def test_an_unadmitted_call_of_last_month_is_billed_to_last_month(now):
    story = begin(now, make.make_card(included_minutes=5))
    story.next_month()
    ref = story.talk_unasked(120, started_at=now)
    assert story.call(ref).cycle == story.months[0]
    assert story.allowance.minutes_used_this_cycle == 0


def test_usage_is_recorded_whatever_the_organization_may_or_owes(now):
    story = begin(now, make.make_card(included_minutes=1))
    ref = story.admitted()
    story.owner.status = "closed"
    story.owner.save()
    cycles.set_standing(organization_id=story.owner.id, standing="past_due", now=now)
    assert story.report(ref, 300).outcome == "charged"
    assert story.remaining == -4


# Calls that were refused


@pytest.mark.parametrize(
    ("seconds", "reason"),
    [
        (None, "customer-ended-call"),
        (0, "customer-ended-call"),
        (6, "assistant-request-returned-error"),
    ],
)
def test_a_refused_call_costs_nothing_for_having_heard_why(now, seconds, reason):
    """One of 0 s was kept as a completed call that had talked in spite of the refusal."""
    story = begin(now, make.make_card(included_minutes=0))
    ref, _ = story.ask()
    settled = story.report(ref, seconds, ended_reason=reason, cost="0.01")
    assert settled.outcome == "refused"
    call = story.call(ref)
    assert (call.status, call.billed_minutes, call.flags) == ("refused", 0, [])
    assert call.cost == Decimal("0.01")
    assert story.remaining == 0


def test_a_refused_call_that_talked_is_metered_and_flagged(now):
    story = begin(now, make.make_card(included_minutes=0))
    ref, _ = story.ask()
    assert story.report(ref, 90).outcome == "charged"
    call = story.call(ref)
    assert (call.status, call.billed_minutes) == ("completed", 2)
    assert call.flags == ["refused_but_talked"]
    assert call.is_unadmitted
    assert story.remaining == -2
    assert story.report(ref, 90).outcome == "already"


# Nobody's calls


def test_a_report_of_nobodys_call_is_kept_until_the_number_is_mapped(now):
    story = begin(now)
    ref = make.call_ref(number_id="not mapped yet")
    report = make.make_report(ref, started_at=now, with_message=True)
    assert settle([report], now=now)[0].outcome == "unmatched"
    assert InboundMessage.objects.get().state == "unmatched"
    story.number.provider_number_id = "not mapped yet"
    story.number.valid_from = now + timedelta(days=3)
    story.number.save()
    assert settle([report], now=now)[0].outcome == "charged"
    assert InboundMessage.objects.get().state == "processed"
    assert story.allowance.minutes_used_this_cycle == 1


def test_a_report_of_an_organization_without_balances_harms_no_other(now):
    """It failed, and with it the whole batch, again and again."""
    bare = accounts.make_organization(now=now)
    number = make.make_number(organization=bare, valid_from=now)
    story = begin(now)
    reports = [
        make.make_report(make.call_ref(each), started_at=now, with_message=True)
        for each in (number, story.number)
    ]
    outcomes = [settled.outcome for settled in settle(reports, now=now)]
    assert outcomes == ["unmatched", "charged"]


def test_two_providers_may_name_their_messages_alike(now):
    story = begin(now)
    reports = []
    for provider in ("vapi", "other"):
        ref = make.call_ref(
            trusted_organization_id=story.owner.id, direction="outbound", call_id="same"
        )
        object.__setattr__(ref, "provider", provider)
        reports.append(make.make_report(ref, started_at=now, with_message=True))
    assert [s.outcome for s in settle(reports, now=now)] == ["charged", "charged"]
    assert InboundMessage.objects.count() == 2


# Estimates that give way


def test_a_report_longer_than_the_estimate_charges_the_difference(now):
    card = make.make_card(when_exhausted="overage", included_minutes=2)
    story = begin(now, card)
    ref = story.admitted()
    story.lose_report(ref)
    minutes = story.call(ref).billed_minutes
    assert story.report(ref, 60 * 20).outcome == "superseded"
    call = story.call(ref)
    assert (call.billed_minutes, call.status, call.revision) == (20, "completed", 2)
    assert "over_cap" in call.flags
    assert [row.used_change for row in story.ledger_of(ref)] == [minutes, 20 - minutes]
    assert story.overage() == (18, Decimal("1.8"))
    assert story.hold(ref).state == "settled"
    assert DailyUsage.objects.get().count == 1


def test_a_report_that_nobody_answered_gives_the_whole_estimate_back(now):
    story = begin(now, make.make_card(when_exhausted="wallet"), wallet="5")
    ref = story.admitted()
    story.lose_report(ref)
    assert story.report(ref, None).outcome == "superseded"
    assert story.call(ref).status == "failed"
    assert story.allowance.minutes_used_this_cycle == 0
    assert story.wallet == 5


def test_an_estimate_of_a_closed_month_gives_its_credit_back(now):
    story = begin(now, make.make_card(included_minutes=0), credit_minutes=10)
    ref = story.admitted()
    story.seen_running(ref)
    story.next_month()
    story.lose_report(ref)
    assert story.allowance.credit_minutes == 7
    story.report(ref, 60)
    assert story.allowance.credit_minutes == 9
    assert story.months[0].credit_taken_minutes == 1


def test_freed_plan_minutes_of_a_closed_month_repay_debt_that_is_still_owed(now):
    story = begin(now, make.make_card(included_minutes=3))
    ref = story.admitted()
    story.seen_running(ref)
    story.next_month()
    story.lose_report(ref)
    story.buy(-2, kind="refund")
    story.report(ref, 60)
    assert story.months[0].debt_repaid_minutes == 2
    assert story.allowance.credit_minutes == 0


def test_money_that_an_unpaid_month_charged_by_another_card_comes_back(now):
    """The unpaid month's terms cut off, so the wallet's money was taken for nobody's."""
    wallet = make.make_card(when_exhausted="wallet", included_minutes=0)
    story = begin(now, make.make_card(), rolls_until=now + SECOND, wallet="5")
    story.next_month()
    story.buy(3)
    ref = story.admitted()
    story.seen_running(ref)
    story.buy(-3, kind="refund")
    cycles.start_period(
        organization_id=story.owner.id,
        card_id=wallet.id,
        starts_at=story.now + SECOND,
        rolls_until=None,
        now=story.now + SECOND,
    )
    story.lose_report(ref)
    assert story.wallet == 5 - Decimal("0.3")
    story.report(ref, 60)
    assert story.wallet == 5 - Decimal("0.1")


def test_a_shorter_report_after_staff_gave_the_charge_back_can_be_recorded(now):
    """The charge would have fallen below nothing, so the report failed for ever."""
    card = make.make_card(
        when_exhausted="wallet", included_minutes=0, increments=(1, 1), slice_minutes=2
    )
    story = begin(now, card, wallet="0.2")
    ref = story.admitted()
    story.lose_report(ref)
    story.adjust_used(-2)
    assert story.wallet == Decimal("0.2")
    assert story.report(ref, 61).outcome == "superseded"
    assert story.call(ref).billed_minutes == 2
    assert story.wallet == Decimal("0.2")


def test_what_a_fine_increment_leaves_to_an_overage_card_is_whole_minutes(now):
    """A call admitted by a card that counts seconds was charged one second of overage and
    a minute to the payment provider's meter."""
    story = begin(now, make.make_card(included_minutes=1, increments=(1, 1)))
    ref = story.admitted()
    story.change_card(make.make_card(when_exhausted="overage", included_minutes=0))
    story.report(ref, 96)
    assert story.overage() == (1, Decimal("0.1"))


def test_a_correction_that_stops_at_zero_keeps_events_and_calls_equal(now):
    story = begin(now)
    ref = story.admitted()
    story.lose_report(ref)
    story.adjust_used(-story.call(ref).billed_minutes)
    story.report(ref, 60)
    events = UsageEvent.objects.filter(call_id=story.call(ref).id)
    assert sum(event.quantity for event in events) == story.call(ref).billed_minutes == 1


# Sums of the day


def test_a_call_is_summed_on_its_day_where_the_organization_is(now):
    owner = accounts.make_organization(timezone="Asia/Tokyo", now=now)
    make.make_balances(organization=owner, now=now)
    number = make.make_number(organization=owner, valid_from=now)
    for hours in (2.5, 3.5):
        at = now + timedelta(hours=hours)
        report = make.make_report(make.call_ref(number), started_at=at, cost="0.20")
        settle([report], now=at)
    first, second = DailyUsage.objects.order_by("day")
    assert (first.day.isoformat(), first.hours[23]) == ("2026-01-15", 1)
    assert (second.day.isoformat(), second.hours[0]) == ("2026-01-16", 1)
    assert (second.count, second.quantity, second.cost) == (1, 1, Decimal("0.20"))


def test_a_failed_batch_leaves_nothing(now):
    story = begin(now)
    # PostgreSQL stores no NUL.
    names = ("good", "b\x00d")
    reports = [
        make.make_report(make.call_ref(story.number, call_id=name), started_at=now)
        for name in names
    ]
    with pytest.raises(DataError), transaction.atomic():
        settle(reports, now=now)
    assert not Call.objects.exists()
    assert story.allowance.minutes_used_this_cycle == 0


def test_a_late_report_finds_the_plan_minutes_that_charged_ones_did_not_use(now):
    """Of minutes charged before the plan grew, none came from the plan."""
    small, big = (
        make.make_card(when_exhausted="overage", included_minutes=n) for n in (2, 10)
    )
    story = begin(now, small)
    story.talk_unasked(5 * 60)
    story.change_card(big)
    story.next_month()
    story.talk_unasked(8 * 60, started_at=now)
    assert story.overage() == (3, Decimal("0.3"))


def test_overage_happened_when_the_call_ended_and_not_when_we_heard_of_it(now):
    """Days later it went to another invoice of the payment provider."""
    story = begin(now, make.make_card(when_exhausted="overage", included_minutes=0))
    ref = story.admitted()
    story.wait(days=3)
    story.report(ref, 120, started_at=now)
    charge = OverageCharge.objects.get()
    assert charge.occurred_at == now + timedelta(seconds=120)
    assert charge.created_at == story.now
