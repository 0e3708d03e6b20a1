"""Everything at the same moment, on real threads and real connections."""

import random
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest
from django.db import connection, connections, transaction

from metering.balances import cycles, ledger
from metering.calls import gate, statuses, sweep
from metering.calls.batch import settle_together
from metering.calls.settle import settle
from metering.models import Call, Decision, Hold, MinuteTransaction
from metering.verification.run import verify
from tests.crowd import Crowd
from tests.factories import metering as make
from tests.length import ROUNDS
from tests.metering.story import Story, begin

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


def report_of(story: Story, seconds: int = 60, **ref: Any):
    return make.make_report(
        make.call_ref(story.number, **ref), started_at=story.now, seconds=seconds
    )


def test_fifty_copies_of_a_report_are_one_charge(now):
    story = begin(
        now, make.make_card(when_exhausted="overage", included_minutes=ROUNDS // 2)
    )
    with Crowd(50) as crowd:
        for number in range(ROUNDS):
            report = report_of(story)

            def send(thread: int, report=report) -> str:
                if thread % 2:
                    return settle([report], now=now)[0].outcome
                return settle_together(report, now=now).outcome

            outcomes = Counter(crowd.at_once(send))
            assert outcomes == {"charged": 1, "already": 49}, number
    assert story.allowance.minutes_used_this_cycle == ROUNDS
    assert MinuteTransaction.objects.filter(kind="usage").count() == ROUNDS
    assert story.overage() == (ROUNDS // 2, Decimal(ROUNDS // 2) / 10)


def test_of_twenty_callers_with_minutes_for_one_one_is_admitted(now):
    story = begin(now, make.make_card(included_minutes=1))
    with Crowd(20) as crowd:
        for number in range(ROUNDS):
            refs = [make.call_ref(story.number) for _ in range(20)]

            def ask(thread: int, refs=refs) -> bool:
                request = make.make_request(refs[thread], at=now)
                return gate.admit(request, now=now).admitted

            answers = crowd.at_once(ask)
            assert sum(answers) == 1, number
            assert story.allowance.minutes_held == 1
            settle(
                [make.make_report(refs[answers.index(True)], started_at=now, seconds=0)],
                now=now,
            )
    assert Hold.objects.count() == ROUNDS


def test_batches_over_many_organizations_wait_for_each_other_and_never_crosswise(now):
    stories = [begin(now, make.make_card(included_minutes=5)) for _ in range(10)]
    rounds = ROUNDS // 4
    with Crowd(8) as crowd:
        for _ in range(rounds):

            def settle_all(thread: int) -> int:
                reports = [report_of(story) for story in stories]
                random.Random(thread).shuffle(reports)
                return len(settle(reports, now=now))

            assert crowd.at_once(settle_all) == [10] * 8
    for story in stories:
        assert story.allowance.minutes_used_this_cycle == 8 * rounds


def test_a_month_that_ends_while_calls_ask_closes_once(now):
    story = begin(now, make.make_card(included_minutes=1000, calls_at_once_max=2000))
    months = 20
    with Crowd(12) as crowd:
        for _ in range(months):
            story.now = story.allowance.cycle_ends_at

            def act(thread: int) -> bool:
                if thread % 3 == 0:
                    cycles.roll_over(story.owner.id, now=story.now)
                    return True
                return story.ask()[1].admitted

            assert all(crowd.at_once(act))
            holds = Hold.objects.filter(created_at=story.now)
            assert {hold.cycle_id for hold in holds} == {story.allowance.cycle_id}
    assert len(story.months) == months + 1
    closed = MinuteTransaction.objects.filter(kind="cycle_close").count()
    assert closed == months


def test_eight_hundred_purchases_of_one_from_a_wallet_of_five_hundred(now):
    story = begin(now, make.make_card(when_exhausted="wallet"), wallet="500")

    def buy(thread: int) -> int:
        bought = 0
        for _ in range(50):
            try:
                story.spend("1")
            except ledger.NotAvailable:
                continue
            bought += 1
        return bought

    with Crowd(16) as crowd:
        assert sum(crowd.at_once(buy)) == 500
    assert story.wallet == 0


def test_minutes_and_money_from_all_sides_leave_books_that_add_up(now):
    card = make.make_card(when_exhausted="wallet", included_minutes=100)
    story = begin(now, card, wallet="100")

    def act(thread: int) -> None:
        for number in range(10):
            match (thread + number) % 5:
                case 0:
                    story.buy(2)
                case 1:
                    settle([report_of(story)], now=now)
                case 2:
                    story.ask()
                case 3:
                    story.top_up("0.50")
                case _:
                    settle_together(report_of(story, 90), now=now)

    with Crowd(10) as crowd:
        crowd.at_once(act)
    assert story.allowance.minutes_used_this_cycle == 20 * 1 + 20 * 2
    assert story.wallet == 110
    assert story.allowance.credit_minutes == 40


def test_a_late_report_and_the_sweeper_charge_a_call_once(now):
    story = begin(now, make.make_card(included_minutes=10_000))
    later = now + timedelta(hours=3)
    with Crowd(2) as crowd:
        for _ in range(ROUNDS // 2):
            ref = story.admitted()
            story.seen_running(ref)
            report = make.make_report(ref, started_at=now, seconds=60)

            def act(thread: int, report=report) -> Any:
                if thread:
                    return sweep.run(now=later).failed
                return settle([report], now=later)[0].outcome

            outcome, failed = crowd.at_once(act)
            assert (outcome, failed) in {("charged", 0), ("superseded", 0)}
            call = story.call(ref)
            assert (call.status, call.billed_minutes) == ("completed", 1)
            assert story.hold(ref).state == "settled"
    assert story.allowance.minutes_used_this_cycle == ROUNDS // 2
    assert story.allowance.minutes_held == 0


def test_a_call_that_never_asked_is_not_held_once_its_report_has_come(now):
    """The status found no call, the report charged it, and then the status held minutes
    for it: nothing ever gave them back."""
    story = begin(now, make.make_card(included_minutes=10_000))
    with Crowd(2) as crowd:
        for _ in range(ROUNDS // 2):
            ref = make.call_ref(story.number)
            status = make.make_status(ref, at=now)
            report = make.make_report(ref, started_at=now, seconds=60)

            def act(thread: int, status=status, report=report) -> str:
                if thread:
                    return statuses.apply(status, now=now)
                return settle([report], now=now)[0].outcome

            assert crowd.at_once(act)[0] == "charged"
            assert story.call(ref).billed_minutes == 1
    assert not Hold.objects.filter(state="open").exists()
    assert story.allowance.minutes_held == 0


def test_what_is_read_after_waiting_for_a_lock_is_fresh(now):
    """One statement that locks and joins sees the locked row anew, but the joined ones as
    they were before it waited: the second copy of a report found no call."""
    story = begin(now)
    report = report_of(story)

    def send() -> str:
        try:
            return settle([report], now=now)[0].outcome
        finally:
            connections.close_all()

    with ThreadPoolExecutor(1) as pool:
        with transaction.atomic():
            first = settle([report], now=now)[0].outcome
            second = pool.submit(send)
            _wait_until_one_waits()
        assert (first, second.result(60)) == ("charged", "already")


def _wait_until_one_waits() -> None:
    for _ in range(3000):
        with connection.cursor() as cursor:
            # Otherwise a transaction goes on seeing the activity that it saw first.
            cursor.execute("SELECT pg_stat_clear_snapshot()")
            # Others may wait in other databases of the same server.
            cursor.execute(
                "SELECT count(*) FROM pg_stat_activity"
                " WHERE datname = current_database() AND wait_event_type = 'Lock'"
            )
            if cursor.fetchone()[0]:
                return
        time.sleep(0.02)
    raise AssertionError("nobody waited for the lock")


def test_two_copies_of_a_question_get_one_answer(now):
    story = begin(now)
    with Crowd(10) as crowd:
        for _ in range(ROUNDS // 4):
            ref = make.call_ref(story.number)

            def ask(thread: int, ref=ref) -> gate.Admission:
                return gate.admit(make.make_request(ref, at=now), now=now)

            answers = crowd.at_once(ask)
            assert len({(a.hold_id, a.minutes, a.rule) for a in answers}) == 1
            assert sum(not a.is_replay for a in answers) == 1
            settle([make.make_report(ref, started_at=now, seconds=None)], now=now)
    assert Decision.objects.count() == Call.objects.count() == ROUNDS // 4
    assert verify(now=now).is_ok
