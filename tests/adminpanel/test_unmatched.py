"""A call without an organization is given to one by hand: the charge is shown first, made
once by the way of every call, and leaves its trace."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from metering.calls import assigning, inbox, unmatched
from metering.calls.numbers import MappingRefused
from metering.models import Allowance, Call, InboundMessage, MinuteTransaction
from metering.verification.run import verify
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def customer(organization):
    make.make_balances(organization=organization, now=timezone.now() - timedelta(days=1))
    return organization


def lost(call_id: str = "lost", *, number_id: str = "number-of-nobody", seconds: int = 61):
    ended = timezone.now() - timedelta(minutes=5)
    return InboundMessage.objects.create(
        provider="vapi",
        kind="end-of-call-report",
        external_id=f"end-of-call-report {call_id}",
        body={
            "message": {
                "type": "end-of-call-report",
                "cost": 0.05,
                "startedAt": (ended - timedelta(seconds=seconds)).isoformat(),
                "endedAt": ended.isoformat(),
                "call": {
                    "id": call_id,
                    "type": "inboundPhoneCall",
                    "phoneNumberId": number_id,
                },
            }
        },
        state="unmatched",
        provider_call_id=call_id,
        received_at=ended,
    )


def assign(organization, *, call_id: str = "lost", actor="test", **options):
    return assigning.assign(
        "vapi",
        call_id,
        organization=organization,
        reason="they asked for it",
        actor=actor,
        now=timezone.now(),
        **options,
    )


def test_list_tells_who_might_own_it_by_the_dates_of_the_number(customer):
    gone = make.make_number(organization=customer, valid_from=NOW - timedelta(days=90))
    gone.valid_to = NOW - timedelta(days=30)
    gone.save(update_fields=["valid_to"])
    lost(number_id=gone.provider_number_id)
    assert inbox.settle_unmatched(now=timezone.now()) == 0

    [call] = unmatched.page().calls

    assert (call.call_id, call.duration_seconds, call.messages) == ("lost", 61, 1)
    [candidate] = call.candidates
    assert (candidate.organization, candidate.until) == (customer, gone.valid_to)


def test_list_is_paged_and_costs_the_same_for_few_and_for_many():
    counts = []
    for size in (2, 6):
        for number in range(size):
            lost(f"lost {size} {number}")
        with CaptureQueriesContext(connection) as asked:
            unmatched.page()
        counts.append(len(asked))
    first = unmatched.page(limit=5)
    rest = unmatched.page(limit=5, cursor=first.next)

    names = [call.call_id for call in (*first.calls, *rest.calls)]
    assert len(set(names)) == 8
    assert rest.next == ""
    assert counts[0] == counts[1] <= 5


def test_preview_tells_the_charge_and_keeps_nothing(customer):
    lost()

    told = assign(customer, dry_run=True)

    assert told.call.billed_minutes == 2
    assert (told.before.minutes_used, told.after.minutes_used) == (0, 2)
    assert not Call.objects.exists()
    assert InboundMessage.objects.get().state == "unmatched"
    assert Allowance.objects.get().minutes_used_this_cycle == 0
    assert not AuditEntry.objects.filter(action="call.assigned").exists()


def test_it_is_charged_once_and_a_repeated_report_stays_with_its_owner(
    customer, other_organization
):
    make.make_balances(organization=other_organization, now=timezone.now())
    row = lost()

    done = assign(customer)
    with pytest.raises(MappingRefused):
        assign(other_organization)
    [again] = inbox.replay([row.pk], now=timezone.now())

    assert done.outcome == "charged"
    assert again.outcome == "already"
    call = Call.objects.get()
    assert (call.organization, call.billed_minutes) == (customer, 2)
    assert MinuteTransaction.objects.filter(kind="usage").count() == 1
    row.refresh_from_db()
    assert (row.state, row.organization) == ("processed", customer)
    [entry] = AuditEntry.objects.filter(action="call.assigned")
    assert (entry.organization, entry.detail["reason"]) == (customer, "they asked for it")
    assert unmatched.page().calls == ()
    assert verify(now=timezone.now()).findings == []


def test_organization_without_balances_cannot_have_it(organization):
    lost()

    with pytest.raises(MappingRefused, match="no balances"):
        assign(organization)
    assert InboundMessage.objects.get().state == "unmatched"


def test_staff_choose_see_the_charge_and_confirm(customer, in_group, client_of):
    lost()
    browser = client_of(in_group("finance"))
    place = reverse("adminpanel:unmatched-assign")
    named = {"provider": "vapi", "call_id": "lost"}
    chosen = named | {"organization": customer.slug, "reason": "their own number"}

    assert "lost" in browser.get(reverse("adminpanel:unmatched")).content.decode()
    assert "Show the charge" in browser.post(place, named).content.decode()
    nobody = browser.post(place, chosen | {"organization": "nobody"}).content.decode()
    assert "There is no organization of that name" in nobody
    shown = browser.post(place, chosen).content.decode()
    assert "2 min billed" in shown
    assert not Call.objects.exists()
    done = browser.post(place, chosen | {"confirm": "yes"})
    call = Call.objects.get()
    assert done.url == reverse("adminpanel:call", args=[call.pk])
    again = browser.post(place, chosen | {"confirm": "yes"})
    assert again.url == reverse("adminpanel:unmatched")
    assert Allowance.objects.get().minutes_used_this_cycle == 2


def test_support_reads_and_assigns_nothing(customer, in_group, client_of):
    lost()
    browser = client_of(in_group("support"))

    page = browser.get(reverse("adminpanel:unmatched")).content.decode()

    assert "lost" in page
    assert "Assign" not in page
    assert browser.post(reverse("adminpanel:unmatched-assign")).status_code == 403
