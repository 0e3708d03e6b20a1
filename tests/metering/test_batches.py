"""Reports that arrive together share a transaction, and nobody waits for ever."""

import threading
import time
from collections.abc import Callable, Iterator
from datetime import datetime
from threading import Event, Thread
from uuid import UUID, uuid4

import pytest
from django.db import DataError, OperationalError, connections

from metering.calls import batch
from metering.calls.settle import Settled
from metering.models import Call, InboundMessage, MinuteTransaction
from metering.providers.base import CallReport
from servicebilling.lib import deadline
from tests.factories import metering as make
from tests.metering.story import begin

NOW = datetime.fromisoformat("2026-01-15T12:00:00+00:00")


class Settler:
    """Stands in for the database: notes each batch, and works only when it may."""

    def __init__(self) -> None:
        self.batches: list[list[str]] = []
        self.begun = Event()
        self.may_work = Event()
        self.may_work.set()
        self.fails: Callable[[list[str]], BaseException | None] = lambda names: None

    def settle(self, reports: list[CallReport], *, now: datetime) -> list[Settled]:
        names = [report.ref.call_id for report in reports]
        self.batches.append(names)
        self.begun.set()
        assert self.may_work.wait(60)
        if error := self.fails(names):
            raise error
        return [Settled(f"charged {name}", UUID(int=0)) for name in names]


@pytest.fixture
def settler(monkeypatch) -> Iterator[Settler]:
    settler = Settler()
    monkeypatch.setattr(batch, "settle", settler.settle)
    yield settler
    assert batch._queue == []
    assert batch._is_led is False


class Sender(Thread):
    """Sends one report and keeps what came of it."""

    def __init__(self, name: str, patience: float | None = None) -> None:
        super().__init__(name=name, daemon=True)
        self.patience = patience
        self.outcome: object = None
        self.start()

    def run(self) -> None:
        report = make.make_report(make.call_ref(call_id=self.name), started_at=NOW)
        try:
            if self.patience is None:
                self.outcome = batch.settle_together(report, now=NOW).outcome
            else:
                with deadline.within(self.patience):
                    self.outcome = batch.settle_together(report, now=NOW).outcome
        except BaseException as error:
            self.outcome = error

    @property
    def ended(self) -> object:
        self.join(60)
        assert not self.is_alive()
        return self.outcome


def queue_up(count: int) -> None:
    """Wait until so many are waiting for the leader."""
    limit = time.monotonic() + 60
    while len(batch._queue) < count:
        assert time.monotonic() < limit
        time.sleep(0.001)


def lead(settler: Settler, name: str = "leader") -> Sender:
    """A sender whose batch is under way and does not end before it may."""
    settler.may_work.clear()
    settler.begun.clear()
    leader = Sender(name)
    assert settler.begun.wait(60)
    return leader


def test_a_lone_report_is_settled_at_once_and_alone(settler):
    assert Sender("lone").ended == "charged lone"
    assert settler.batches == [["lone"]]


def test_reports_that_come_meanwhile_share_the_next_batch(settler):
    leader = lead(settler)
    others = [Sender(f"other {number}") for number in range(10)]
    queue_up(10)
    settler.may_work.set()
    assert leader.ended == "charged leader"
    assert [other.ended for other in others] == [
        f"charged other {number}" for number in range(10)
    ]
    first, second = settler.batches
    assert first == ["leader"]
    assert sorted(second) == sorted(other.name for other in others)


def test_more_than_a_batch_holds_are_settled_in_several(settler):
    leader = lead(settler)
    others = [Sender(str(number)) for number in range(2 * batch.BATCH_MAX + 5)]
    queue_up(len(others))
    settler.may_work.set()
    assert leader.ended == "charged leader"
    assert [other.ended for other in others] == [f"charged {o.name}" for o in others]
    sizes = [len(names) for names in settler.batches]
    assert sizes == [1, batch.BATCH_MAX, batch.BATCH_MAX, 5]


def test_a_report_that_cannot_be_settled_fails_alone(settler):
    settler.fails = lambda names: DataError("bad") if "poison" in names else None
    leader = lead(settler)
    others = [Sender(name) for name in ("good", "poison", "fine")]
    queue_up(3)
    settler.may_work.set()
    assert leader.ended == "charged leader"
    assert [type(o.ended) if o.name == "poison" else o.ended for o in others] == [
        "charged good",
        DataError,
        "charged fine",
    ]


def test_a_database_that_is_gone_is_told_to_all_and_tried_once(settler):
    settler.fails = lambda names: OperationalError("gone")
    leader = lead(settler)
    others = [Sender(name) for name in "abc"]
    queue_up(3)
    settler.may_work.set()
    assert all(isinstance(s.ended, OperationalError) for s in [leader, *others])
    assert len(settler.batches) == 2


def test_one_who_gave_up_waiting_is_not_chosen_to_lead(settler):
    """It stayed in the queue; once chosen, nobody led and every later report waited in
    vain, for as long as the process lived."""
    leader = lead(settler)
    impatient = Sender("impatient", patience=0.05)
    assert isinstance(impatient.ended, OperationalError)
    patient = Sender("patient")
    queue_up(1)
    settler.may_work.set()
    assert leader.ended == "charged leader"
    assert patient.ended == "charged patient"
    assert Sender("later").ended == "charged later"
    assert "impatient" not in [name for names in settler.batches for name in names]


def test_the_newest_leads_because_its_deadline_is_the_last(settler):
    leaders: list[str] = []
    inner = settler.settle

    def settle(reports, *, now):
        leaders.append(threading.current_thread().name)
        return inner(reports, now=now)

    batch.settle, restore = settle, batch.settle
    try:
        leader = lead(settler)
        for name in ("old", "newer", "newest"):
            Sender(name)
            queue_up(["old", "newer", "newest"].index(name) + 1)
        settler.may_work.set()
        assert leader.ended == "charged leader"
        assert Sender("after").ended == "charged after"
    finally:
        batch.settle = restore
    assert leaders[:2] == ["leader", "newest"]


def test_a_leader_that_is_ended_leaves_the_others_to_send_again(settler):
    """What ends a thread is not handed to the threads that only waited for it."""
    settler.fails = lambda names: SystemExit(1) if "ended" in names else None
    leader = lead(settler)
    others = [Sender("ended"), Sender("with it")]
    queue_up(2)
    settler.may_work.set()
    assert leader.ended == "charged leader"
    kinds = sorted(type(other.ended).__name__ for other in others)
    assert kinds == ["OperationalError", "SystemExit"]
    assert Sender("next").ended == "charged next"


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_poisoned_batch_charges_all_others_and_keeps_no_half(now):
    story = begin(now, make.make_card(included_minutes=1000))
    good = [
        make.make_report(make.call_ref(story.number), started_at=now, with_message=True)
        for _ in range(8)
    ]
    # PostgreSQL stores no NUL.
    poison = make.make_report(
        make.call_ref(story.number, call_id=f"x\x00{uuid4()}"), started_at=now
    )
    outcomes: dict[int, object] = {}

    def send(number: int, report: CallReport) -> None:
        try:
            outcomes[number] = batch.settle_together(report, now=now).outcome
        except Exception as error:
            outcomes[number] = error
        connections.close_all()

    reports = [*good[:4], poison, *good[4:]]
    threads = [Thread(target=send, args=each) for each in enumerate(reports)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert isinstance(outcomes.pop(4), DataError)
    assert set(outcomes.values()) == {"charged"}
    assert story.allowance.minutes_used_this_cycle == 8
    assert Call.objects.count() == MinuteTransaction.objects.count() == 8
    assert InboundMessage.objects.filter(state="processed").count() == 8
