"""A running call hears about a minute before that it must end, once, and only if it will."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from accounts import settings_history
from metering.calls import last_minute
from metering.models import Call, Hold, Placement
from servicebilling.sandbox.vapi import calls, messages
from tests.factories import metering as make
from tests.telephony import post

pytestmark = pytest.mark.django_db

WORDS = "This call will end in about one minute."
TOLD = {"told": 1, "over": 0, "silent": 0, "failed": 0}
OVER = {"told": 0, "over": 1, "silent": 0, "failed": 0}
NOBODY = {"told": 0, "over": 0, "silent": 0, "failed": 0}


@pytest.fixture
def line(db):
    """The number of an organization whose calls may last four minutes."""
    rich = make.make_balances(
        now=timezone.now() - timedelta(days=3), card=make.make_card(call_minutes_max=4)
    )
    return make.make_number(
        organization=rich, valid_from=timezone.now() - timedelta(days=300)
    )


def deliver(provider) -> None:
    with provider.box.lock:
        waiting, provider.box.outbox = provider.box.outbox, []
    for one in waiting:
        post(one["message"])


def talking(provider, line) -> dict:
    """An inbound call that asked, was admitted, and talks."""
    provider.control("settings", {"pace": 1})
    call = calls.create(
        provider.box,
        kind="inboundPhoneCall",
        assistant_id=None,
        number_id=line.provider_number_id,
        customer="+12025550178",
    )
    answered = post(messages.assistant_request(provider.box, call))
    calls.obey(provider.box, call, answered)
    provider.box.run_due()
    assert call["status"] == "in-progress"
    deliver(provider)
    return call


def due_at() -> object:
    [hold] = Hold.objects.all()
    return hold.last_minute_at


def test_it_is_said_a_minute_before_the_cap_and_the_call_goes_on(provider, line):
    call = talking(provider, line)
    [hold] = Hold.objects.all()
    assert hold.seconds_max == 235
    assert due_at() == hold.in_progress_at + timedelta(seconds=175)

    just_before = due_at() - timedelta(milliseconds=1)
    assert last_minute.run_due(now=just_before) == NOBODY
    now = due_at() + timedelta(seconds=9)
    assert last_minute.run_due(now=now) == TOLD

    assert call["_said"][-1:] == [WORDS]
    assert call["status"] == "in-progress"
    hold.refresh_from_db()
    assert (hold.last_minute_told_at, hold.state) == (now, "open")


def test_it_is_never_said_twice_whatever_is_told_again(provider, line):
    call = talking(provider, line)
    now = due_at() + timedelta(seconds=1)
    last_minute.run_due(now=now)

    post(messages.status_update(provider.box, call, status="in-progress"))

    assert due_at() is None
    assert last_minute.run_due(now=now + timedelta(seconds=1)) == NOBODY
    assert call["_said"].count(WORDS) == 1


def test_late_it_would_be_untrue_and_is_not_said(provider, line):
    call = talking(provider, line)

    assert last_minute.run_due(now=due_at() + timedelta(seconds=31)) == OVER
    assert WORDS not in call["_said"]


def test_a_call_that_is_over_hears_nothing(provider, line):
    call = talking(provider, line)
    due = due_at()
    calls.end(provider.box, call, reason="customer-ended-call")
    deliver(provider)

    assert last_minute.run_due(now=due) == OVER
    assert WORDS not in call["_said"]


def test_an_organization_chooses_the_words_or_none(provider, line):
    owner = line.organization
    now = timezone.now()
    call = talking(provider, line)
    due = due_at()
    last_minute.word(owner, "Gleich ist Schluss.", actor="test", now=now)
    assert last_minute.run_due(now=due) == TOLD
    assert call["_said"][-1] == "Gleich ist Schluss."

    last_minute.word(owner, "", actor="test", now=now + timedelta(seconds=1))
    Hold.objects.update(last_minute_at=due)
    assert last_minute.run_due(now=due) == NOBODY | {"silent": 1}

    last_minute.word(owner, None, actor="test", now=now + timedelta(seconds=2))
    assert last_minute.words_of(owner, now=due) == WORDS
    assert settings_history.history(last_minute.SETTING, owner).count() == 3


def test_a_call_that_never_asked_has_no_cap_and_hears_nothing(provider, line):
    talking(provider, line)
    Call.objects.update(is_unadmitted=True)

    assert last_minute.run_due(now=due_at()) == OVER


def test_a_campaigns_call_has_no_cap_and_hears_nothing(provider, line):
    talking(provider, line)
    Placement.objects.create(
        organization=line.organization,
        kind=Placement.Kind.CAMPAIGN,
        call=Call.objects.get(),
        hold=Hold.objects.get(),
        created_at=timezone.now(),
    )

    assert last_minute.run_due(now=due_at()) == OVER


def test_a_provider_that_does_not_listen_is_not_asked_again(provider, line):
    talking(provider, line)
    due = due_at()
    Hold.objects.update(control_url=f"{provider.url}/control/nobody")

    assert last_minute.run_due(now=due) == NOBODY | {"failed": 1}
    assert last_minute.run_due(now=due) == NOBODY
    assert Hold.objects.get().last_minute_told_at is None


def test_an_address_that_is_not_the_providers_is_never_called(provider, line):
    talking(provider, line)
    Hold.objects.update(control_url="https://elsewhere.example/control")

    assert last_minute.run_due(now=due_at()) == NOBODY | {"failed": 1}


@pytest.mark.django_db(transaction=True)
def test_of_four_workers_one_speaks(provider, line):
    call = talking(provider, line)
    due = due_at()

    def work(_: int) -> int:
        try:
            return last_minute.run_due(now=due)["told"]
        finally:
            connection.close()

    with ThreadPoolExecutor(4) as workers:
        assert sum(workers.map(work, range(4))) == 1
    assert call["_said"].count(WORDS) == 1
