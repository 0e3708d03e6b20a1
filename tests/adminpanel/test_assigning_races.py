"""A call is given to an organization by hand while its number is mapped to another: one of
them has it, and one is charged."""

from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from threading import Event

import pytest
from django.db import connections
from django.utils import timezone

from metering.calls import assigning, inbox, numbers
from metering.calls.numbers import MappingRefused
from metering.models import Call, MinuteTransaction
from metering.verification.run import verify
from tests.adminpanel.test_unmatched import lost
from tests.factories import metering as make

pytestmark = [pytest.mark.races, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def both(organization, other_organization):
    for one in (organization, other_organization):
        make.make_balances(organization=one, now=timezone.now() - timedelta(days=1))
    return organization, other_organization


def map_number(organization) -> None:
    numbers.map_number(
        organization=organization,
        provider_number_id="number-of-nobody",
        e164="+15005550006",
        agent=None,
        actor="a test",
        now=timezone.now(),
    )


def closing(work):
    def done():
        try:
            return work()
        finally:
            connections.close_all()

    return done


def test_report_waits_for_who_assigns_and_finds_the_call_theirs(both, monkeypatch):
    assigned, mapped = both
    lost()
    charged, told = Event(), Event()
    record = assigning.audit.record

    def slow_record(**said):
        # The charge is written and not committed: now the number is mapped and retried.
        charged.set()
        told.wait(1)
        record(**said)

    monkeypatch.setattr(assigning.audit, "record", slow_record)

    def assign():
        return assigning.assign(
            "vapi",
            "lost",
            organization=assigned,
            reason="they said so",
            actor="a test",
            now=timezone.now(),
        )

    def settle():
        charged.wait(60)
        monkeypatch.setattr(assigning.audit, "record", record)
        map_number(mapped)
        return inbox.settle_unmatched(now=timezone.now())

    with ThreadPoolExecutor(2) as threads:
        first, second = threads.submit(closing(assign)), threads.submit(closing(settle))
        assert first.result(60).outcome == "charged"
        second.result(60)

    assert Call.objects.get().organization == assigned
    assert MinuteTransaction.objects.filter(kind="usage").count() == 1
    assert not verify(now=timezone.now()).findings


def test_who_assigns_waits_for_the_report_and_is_told(both, monkeypatch):
    assigned, mapped = both
    lost()
    map_number(mapped)
    with ThreadPoolExecutor(2) as threads:
        settling = threads.submit(
            closing(lambda: inbox.settle_unmatched(now=timezone.now()))
        )
        assigning_it = threads.submit(
            closing(
                lambda: assigning.assign(
                    "vapi",
                    "lost",
                    organization=assigned,
                    reason="they said so",
                    actor="a test",
                    now=timezone.now(),
                )
            )
        )
        settling.result(60)
        try:
            assigning_it.result(60)
        except MappingRefused:
            assert Call.objects.get().organization == mapped
    assert Call.objects.count() == 1
    assert MinuteTransaction.objects.filter(kind="usage").count() == 1
    assert not verify(now=timezone.now()).findings
