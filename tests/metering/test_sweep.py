"""Holds whose report never comes, and calls that are told of while they run."""

from datetime import timedelta

import pytest

from metering.calls import statuses, sweep
from metering.calls.settle import settle
from metering.models import Hold, InboundMessage
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db

SECOND = timedelta(seconds=1)


def test_a_hold_is_left_alone_until_an_hour_after_its_cap(now):
    story = begin(now)
    ref = story.admitted()
    cap_at = now + timedelta(seconds=story.hold(ref).seconds_max)
    assert sweep.run(now=cap_at + timedelta(hours=1) - SECOND) == sweep.Swept()
    assert sweep.run(now=cap_at + timedelta(hours=1)) == sweep.Swept(released=1)


def test_a_call_that_was_never_seen_is_let_go_and_flagged(now):
    story = begin(now)
    ref = story.admitted()
    story.wait(hours=3)
    sweep.run(now=story.now)
    assert story.hold(ref).state == "released"
    call = story.call(ref)
    assert (call.status, call.flags) == ("failed", ["no_report"])
    assert story.allowance.minutes_held == 0
    assert story.remaining == 100


def test_a_call_that_was_seen_running_is_estimated_up_to_its_cap(now):
    story = begin(now)
    ref = story.admitted()
    assert story.lose_report(ref) == sweep.Swept(estimated=1)
    call = story.call(ref)
    assert (call.status, call.flags, call.billed_minutes) == (
        "estimated",
        ["estimated"],
        14,
    )
    assert story.hold(ref).state == "estimated"
    assert story.allowance.minutes_held == 0


def test_a_call_that_was_seen_ending_is_estimated_up_to_its_end(now):
    story = begin(now)
    ref = story.admitted()
    story.seen_running(ref)
    story.wait(seconds=61)
    story.seen_running(ref, status="ended")
    story.lose_report(ref)
    assert story.call(ref).billed_minutes == 2


def test_the_report_of_a_hold_that_was_let_go_is_charged_when_it_comes(now):
    story = begin(now)
    ref = story.admitted()
    story.wait(hours=3)
    sweep.run(now=story.now)
    assert story.report(ref, 90).outcome == "charged"
    call = story.call(ref)
    assert (call.status, call.billed_minutes) == ("completed", 2)
    assert story.hold(ref).state == "released"


def test_the_sweeper_comes_twice_and_changes_nothing_more(now):
    story = begin(now)
    ref = story.admitted()
    story.lose_report(ref)
    assert sweep.run(now=story.now + timedelta(days=1)) == sweep.Swept()
    assert story.call(ref).revision == 1


def test_a_hold_of_a_settled_call_is_let_go(now):
    """It stayed open for ever: the estimate met a settled call, and nothing else came."""
    story = begin(now)
    for seen in (True, False):
        ref = story.talk(60)
        hold = story.hold(ref)
        Hold.objects.filter(id=hold.id).update(
            state="open", closed_at=None, in_progress_at=now if seen else None
        )
        story.buy(1)
        assert story.allowance.minutes_held == hold.minutes
        story.wait(hours=3)
        assert sweep.run(now=story.now) == sweep.Swept(settled=1)
        assert story.hold(ref).state == "settled"
        assert story.allowance.minutes_held == 0
    assert story.allowance.minutes_used_this_cycle == 2


def test_a_hold_that_cannot_be_closed_does_not_keep_the_others_waiting(now, monkeypatch):
    story = begin(now)
    bad, good = story.admitted(), story.admitted()
    story.wait(hours=3)
    close = sweep._close

    def fail(hold, at):
        if hold.reference.endswith(bad.call_id):
            raise ValueError("broken")
        return close(hold, at)

    monkeypatch.setattr(sweep, "_close", fail)
    assert sweep.run(now=story.now) == sweep.Swept(released=1, failed=1)
    assert story.hold(bad).state == "open"
    assert story.hold(good).state == "released"


def test_a_full_sweep_takes_those_that_have_waited_longest(now):
    story = begin(now)
    first = story.admitted()
    story.wait(minutes=5)
    story.admitted()
    story.wait(hours=3)
    assert sweep.run(now=story.now, limit=1).released == 1
    assert story.hold(first).state == "released"


# The life of a call


def test_a_running_call_that_never_asked_is_held_late_and_flagged(now):
    story = begin(now)
    ref = make.call_ref(story.number)
    assert story.seen_running(ref, control_url="https://control.example/1") == "held_late"
    hold = story.hold(ref)
    assert (hold.state, hold.in_progress_at) == ("open", now)
    assert hold.control_url == "https://control.example/1"
    assert story.call(ref).is_unadmitted
    # The provider was told no cap, so nothing is forgiven.
    story.report(ref, 60 * hold.minutes + 1)
    assert story.call(ref).billed_minutes == hold.minutes + 1


def test_a_running_call_that_nothing_can_pay_for_is_metered_all_the_same(now):
    story = begin(now, make.make_card(included_minutes=0))
    ref = make.call_ref(story.number)
    assert story.seen_running(ref) == "refused_late"
    assert story.call(ref).status == "active"
    assert not Hold.objects.exists()
    story.report(ref, 60)
    assert story.call(ref).billed_minutes == 1
    assert story.remaining == -1


def test_a_running_call_is_held_in_the_month_that_has_begun(now):
    story = begin(now)
    story.now = story.allowance.cycle_ends_at + SECOND
    ref = make.call_ref(story.number)
    assert story.seen_running(ref) == "held_late"
    assert story.hold(ref).cycle == story.months[1]


def test_running_is_noted_once_and_its_control_url_is_kept(now):
    """A later status without one erased the only way to end the call."""
    story = begin(now)
    ref = story.admitted()
    story.seen_running(ref, control_url="https://control.example/1")
    story.wait(minutes=1)
    story.seen_running(ref)
    hold = story.hold(ref)
    assert hold.in_progress_at == now
    assert hold.control_url == "https://control.example/1"


@pytest.mark.parametrize("status", ["in-progress", "ended"])
def test_a_status_after_the_report_moves_nothing_back(now, status):
    story = begin(now)
    ref = story.talk(60)
    assert story.seen_running(ref, status=status) == "noted"
    assert story.call(ref).status == "completed"
    assert story.hold(ref).state == "settled"
    assert story.allowance.minutes_held == 0


def test_a_status_of_a_refused_call_holds_nothing(now):
    story = begin(now, make.make_card(included_minutes=0))
    ref, _ = story.ask()
    story.buy(10)
    assert story.seen_running(ref) == "noted"
    assert story.call(ref).status == "refused"
    assert not Hold.objects.exists()


def test_status_before_or_after_the_report_ends_in_the_same_state(now):
    def end_state(story, ref) -> tuple:
        call = story.call(ref)
        return call.status, call.billed_minutes, story.allowance.minutes_held

    before, after = begin(now), begin(now)
    first, second = before.admitted(), after.admitted()
    before.seen_running(first)
    before.seen_running(first, status="ended")
    before.report(first, 120)
    after.report(second, 120)
    after.seen_running(second, status="ended")
    after.seen_running(second)
    assert end_state(before, first) == end_state(after, second) == ("completed", 2, 0)


def test_a_status_of_nobodys_call_is_kept(now):
    status = make.make_status(make.call_ref(number_id="unknown"), at=now)
    assert statuses.apply(status, now=now) == "unmatched"
    assert InboundMessage.objects.get().state == "unmatched"


def test_an_estimate_never_replaces_a_report(now):
    story = begin(now)
    ref = story.talk(60)
    estimate = make.make_report(ref, started_at=now, seconds=600, is_estimate=True)
    assert settle([estimate], now=now)[0].outcome == "already"
    assert story.call(ref).billed_minutes == 1
    assert story.call(ref).flags == []
