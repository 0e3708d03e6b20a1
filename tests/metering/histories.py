"""One organization and its auditor, told the same of its calls."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from decimal import Decimal

from django.db import transaction
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from metering.balances import cards
from metering.calls import gate, statuses, sweep
from metering.calls.settle import settle
from metering.models import Allowance, RateCard
from metering.verification.run import verify
from tests.factories import metering as make
from tests.metering import witness
from tests.metering.auditor import Auditor

# The 31st, before a leap year's February; the anchor returns to it.
BEGIN = datetime(2027, 12, 31, 9, 30, tzinfo=UTC)
SECOND = timedelta(seconds=1)
picks = st.integers(0, 30)

# What has run, and what came of it.
ran: Counter[str] = Counter()


def make_cards() -> list[RateCard]:
    """Two cards per rule that says what happens when the pools are empty."""
    tiered = [(3, "0.11"), (8, "0.07"), (None, "0.013")]
    return [
        make.make_card(included_minutes=12, call_minutes_max=5),
        make.make_card(included_minutes=30, grace_minutes=3, increments=(1, 1)),
        make.make_card(
            when_exhausted="overage", included_minutes=8, overage_limit_minutes=12
        ),
        make.make_card(
            when_exhausted="overage",
            included_minutes=24,
            overage_limit_minutes=30,
            tiers=[(2, "0.5"), (None, "0.25")],
            slice_minutes=1,
        ),
        make.make_card(
            when_exhausted="wallet", included_minutes=0, tiers=tiered, increments=(1, 1)
        ),
        make.make_card(
            when_exhausted="wallet",
            included_minutes=10,
            unit_price="0.09",
            increments=(30, 6),
            calls_at_once_max=3,
        ),
        make.make_card(
            when_exhausted="postpaid",
            included_minutes=0,
            unit_price="0.05",
            increments=(1, 1),
            postpaid_limit_amount=Decimal("2.1"),
        ),
        make.make_card(
            when_exhausted="postpaid",
            included_minutes=14,
            tiers=tiered,
            postpaid_limit_amount=Decimal("1.5"),
        ),
    ]


class CallHistories(RuleBasedStateMachine):
    """Whatever calls may do, in whatever order it is told."""

    rows: list[RateCard]

    @initialize(
        card=picks,
        credit=st.integers(0, 20),
        wallet=st.sampled_from(["0.4", "2.75", "5"]),
        paid_for=st.sampled_from([None, timedelta(days=20), timedelta(days=20)]),
    )
    def begin(self, card, credit, wallet, paid_for):
        self.undo = transaction.savepoint()
        self.now = BEGIN
        self.count = 0
        self.asked: dict[str, gate.Admission] = {}
        self.began: dict[str, datetime] = {}
        self.unasked: list[str] = []
        self.reports: list = []
        row = self.rows[card % len(self.rows)]
        until = paid_for and BEGIN + paid_for
        self.cards = cards.get([each.id for each in self.rows])
        self.owner = make.make_balances(
            card=row, now=BEGIN, credit_minutes=credit, wallet=wallet, rolls_until=until
        )
        self.auditor = Auditor(
            cards={each.code: each for each in self.cards.values()},
            now=BEGIN,
            plan_card=self.cards[row.id],
            anchor_at=BEGIN,
            rolls_until=until,
            credit=credit,
            wallet=Decimal(wallet),
        )
        ran["examples"] += 1

    def teardown(self):
        if not hasattr(self, "owner"):
            return
        verdict = verify(now=BEGIN, organization=self.owner)
        notes = list(self.owner.calls.filter(revision__gt=0))
        transaction.savepoint_rollback(self.undo)
        assert verdict.findings == []
        for call in notes:
            parts = call.minutes_from_plan, call.minutes_from_credit, call.minutes_charged
            assert sum(parts) == call.billed_minutes
            assert min(parts) >= 0
        ran["verified"] += 1

    # Calls

    def _ref(self, call_id: str):
        return make.call_ref(
            call_id=call_id, trusted_organization_id=self.owner.id, direction="outbound"
        )

    def _new_call(self) -> str:
        self.count += 1
        call_id = f"{self.owner.slug}-{self.count}"
        self.began[call_id] = self.now
        return call_id

    def _known(self, pick: int) -> str:
        return list(self.began)[-1 - pick % len(self.began)]

    def _step(self, name: str) -> None:
        ran["steps"] += 1
        ran[name] += 1
        self.now += SECOND

    def _ask(self, call_id: str) -> gate.Admission:
        return gate.admit(make.make_request(self._ref(call_id), at=self.now), now=self.now)

    @rule()
    def a_call_asks(self):
        self._step("asks")
        call_id = self._new_call()
        answer = self._ask(call_id)
        expected = self.auditor.admit(call_id, self.now)
        assert (answer.rule, answer.minutes) == expected
        assert answer.admitted == (answer.rule == "ok")
        assert answer.seconds_max == (60 * answer.minutes - 5 if answer.admitted else 0)
        self.asked[call_id] = answer
        ran[answer.rule] += 1
        if answer.admitted:
            allowance = Allowance.objects.get(organization=self.owner)
            assert allowance.minutes_held <= allowance.minutes_ceiling

    @precondition(lambda self: self.asked)
    @rule(pick=picks)
    def a_call_asks_again(self, pick):
        self._step("asks again")
        call_id = list(self.asked)[pick % len(self.asked)]
        first, again = self.asked[call_id], self._ask(call_id)
        assert again.is_replay
        assert (again.rule, again.minutes, again.hold_id) == (
            first.rule,
            first.minutes,
            first.hold_id,
        )

    @precondition(lambda self: self.unasked)
    @rule()
    def a_call_asks_after_its_report(self):
        self._step("asks too late")
        call_id = self.unasked.pop(0)
        self.asked[call_id] = self._ask(call_id)
        self.auditor.roll_over(self.now)
        assert self.asked[call_id].rule == "already_ended"
        assert not self.asked[call_id].admitted

    def _report(self, call_id: str, talked: int | None):
        return make.make_report(
            self._ref(call_id), started_at=self.began[call_id], seconds=talked
        )

    def _settle(self, reports) -> list[str]:
        settled = settle(reports, now=self.now)
        expected = [
            self.auditor.report(
                each.ref.call_id,
                started_at=each.started_at,
                talked=each.duration_seconds,
                now=self.now,
            )
            for each in reports
        ]
        outcomes = [each.outcome for each in settled]
        assert outcomes == expected
        ran.update(outcomes)
        self.reports += reports
        return outcomes

    talks = st.one_of(
        st.sampled_from([None, 0, 1, 59, 60, 61, 119, 120, 121]), st.integers(1, 1200)
    )

    @precondition(lambda self: self.began)
    @rule(pick=picks, talked=talks)
    def a_call_is_reported(self, pick, talked):
        self._step("report")
        self._settle([self._report(self._known(pick), talked)])

    @precondition(lambda self: any(a.admitted for a in self.asked.values()))
    @rule(pick=picks, late=st.sampled_from([-1, 0, 5, 34, 35, 36, 300]))
    def a_call_ends_around_its_cap(self, pick, late):
        self._step("report at the cap")
        admitted = [call for call, answer in self.asked.items() if answer.admitted]
        call_id = admitted[-1 - pick % len(admitted)]
        talked = self.asked[call_id].seconds_max + late
        self._settle([self._report(call_id, talked)])

    @precondition(lambda self: self.reports)
    @rule(pick=picks)
    def a_report_comes_again(self, pick):
        self._step("report again")
        again = self.reports[pick % len(self.reports)]
        (outcome,) = self._settle([again])
        assert outcome in ("already", "conflicting", "refused", "superseded")

    @precondition(lambda self: self.began)
    @rule(calls=st.lists(st.tuples(picks, talks), min_size=2, max_size=5))
    def reports_come_together(self, calls):
        self._step("reports together")
        self._settle([self._report(self._known(pick), talked) for pick, talked in calls])

    @rule(talked=st.integers(0, 400), days_ago=st.sampled_from([0, 0, 1, 20, 45, 400]))
    def a_call_that_never_asked_is_reported(self, talked, days_ago):
        self._step("unadmitted")
        call_id = self._new_call()
        self.began[call_id] = self.now - timedelta(days=days_ago)
        self._settle([self._report(call_id, talked)])
        self.unasked.append(call_id)

    def _status(self, call_id: str, status: str) -> str:
        told = make.make_status(self._ref(call_id), status=status, at=self.now)
        return statuses.apply(told, now=self.now)

    @precondition(lambda self: self.began)
    @rule(pick=picks)
    def a_call_is_seen_running(self, pick):
        self._step("running")
        call_id = self._known(pick)
        self._status(call_id, "in-progress")
        self.auditor.seen_running(call_id, self.now)

    @rule()
    def a_call_that_never_asked_is_seen_running(self):
        self._step("running unasked")
        call_id = self._new_call()
        outcome = self._status(call_id, "in-progress")
        rule_, _ = self.auditor.admit(call_id, self.now)
        call = self.auditor.calls[call_id]
        call.status, call.is_unadmitted = "active", True
        self.auditor.seen_running(call_id, self.now)
        assert outcome == ("held_late" if rule_ == "ok" else "refused_late")

    @precondition(lambda self: self.began)
    @rule(pick=picks)
    def a_call_is_seen_ending(self, pick):
        self._step("ended")
        call_id = self._known(pick)
        self._status(call_id, "ended")
        self.auditor.seen_ended(call_id, self.now)

    @rule(hours=st.sampled_from([0, 2]))
    def silent_holds_are_swept(self, hours):
        self._step("sweep")
        self.now += timedelta(hours=hours)
        before = Counter(hold.state for hold in self.auditor.holds.values())
        swept = sweep.run(now=self.now)
        self.auditor.sweep(self.now)
        after = Counter(hold.state for hold in self.auditor.holds.values())
        assert swept.failed == swept.settled == 0
        assert swept.estimated == after["estimated"] - before["estimated"]
        assert swept.released == after["released"] - before["released"]
        ran["estimated"] += swept.estimated
        ran["released"] += swept.released

    @precondition(lambda self: "open" in {h.state for h in self.auditor.holds.values()})
    @rule(was_seen=st.booleans(), ended_after=st.sampled_from([None, 0, 50, 61, 4000]))
    def a_report_is_lost(self, was_seen, ended_after):
        self._step("lost")
        holds = self.auditor.holds
        call_id = next(call for call in holds if holds[call].state == "open")
        if was_seen:
            self._status(call_id, "in-progress")
            self.auditor.seen_running(call_id, self.now)
        if ended_after is not None:
            self.now += timedelta(seconds=ended_after)
            self._status(call_id, "ended")
            self.auditor.seen_ended(call_id, self.now)
        self.silent_holds_are_swept(2)
        assert holds[call_id].state != "open"

    @precondition(lambda self: "estimated" in {c.status for c in self._calls()})
    @rule(talked=talks)
    def a_lost_report_comes_late(self, talked):
        self._step("late")
        calls = self.auditor.calls
        call_id = next(call for call in calls if calls[call].status == "estimated")
        assert self._settle([self._report(call_id, talked)]) == ["superseded"]

    def _calls(self):
        return self.auditor.calls.values()

    # What must be the same

    @invariant()
    def both_say_the_same(self):
        if hasattr(self, "owner"):
            assert witness.in_the_database(self.owner) == witness.as_audited(self.auditor)
