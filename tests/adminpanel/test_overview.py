"""The operator's first page tells how the service stands, and nobody else sees it."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts.models import PeriodicRun
from adminpanel.overview import boxes, reports
from billing import exchange
from metering.calls import gate, set_up, settle, vapi
from metering.models import Allowance, InboundMessage
from metering.providers.base import SetUp
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
QUERIES_MAX = 26

pytestmark = pytest.mark.django_db


@pytest.fixture
def number(organization):
    make.make_balances(organization=organization, now=NOW)
    return make.make_number(organization=organization, valid_from=NOW)


def talk(number, *, call_id: str, seconds: int, at: datetime = NOW) -> None:
    ref = make.call_ref(number, call_id=call_id)
    gate.admit(make.make_request(ref, at=at), now=at)
    ended_at = at + timedelta(seconds=seconds)
    report = make.make_report(ref, started_at=at, seconds=seconds, cost="0.12")
    settle.settle([report], now=ended_at)


def test_today_counts_calls_minutes_and_refusals_with_their_reason(number):
    talk(number, call_id="yesterday", seconds=300, at=NOW - timedelta(days=1))
    talk(number, call_id="one", seconds=61)
    talk(number, call_id="two", seconds=20)
    gate.admit(make.make_request(make.call_ref(number, call_id="now"), at=NOW), now=NOW)
    Allowance.objects.update(standing="past_due")
    for place in range(2):
        refused = make.call_ref(number, call_id=f"refused-{place}")
        gate.admit(make.make_request(refused, at=NOW), now=NOW)

    today = reports.today(now=NOW + timedelta(hours=1))

    assert (today.calls, today.billed_minutes, today.talk_seconds) == (3, 3, 81)
    assert today.calls_in_progress == 1
    assert today.refusals == (("past_due", 2),)
    assert today.refused == 2


def test_organizations_near_their_end_come_nearest_first(organization, other_organization):
    for one, used in ((organization, 85), (other_organization, 97)):
        make.make_balances(organization=one, now=NOW)
        Allowance.objects.filter(organization=one).update(
            plan_minutes=100, minutes_used_this_cycle=used
        )

    standings = reports.standings()

    assert [(one.name, one.percent, one.remaining) for one in standings.near_cut_off] == [
        (other_organization.name, 97, 3),
        (organization.name, 85, 15),
    ]


def test_inbox_tells_what_waits_and_what_needs_a_look():
    for place, state in enumerate(
        ["received", "received", "parked", "unmatched", "processed"]
    ):
        InboundMessage.objects.create(
            provider="vapi",
            kind="end-of-call-report",
            external_id=str(place),
            state=state,
            received_at=NOW + timedelta(minutes=place),
        )

    telephony = boxes.inboxes()[0]

    assert (telephony.waiting, telephony.oldest_at, telephony.needs_a_look) == (2, NOW, 2)


def test_clock_stands_still_when_no_task_ran_for_minutes():
    assert reports.clock(now=NOW).is_stopped
    PeriodicRun.objects.create(task="t", period="1", started_at=NOW)

    assert not reports.clock(now=NOW + timedelta(minutes=4)).is_stopped
    assert reports.clock(now=NOW + timedelta(minutes=6)).is_stopped


def test_days_without_calls_are_there_too(number):
    talk(number, call_id="one", seconds=61)

    days = reports.days(until=NOW.date(), count=3)

    assert [(day.day.day, day.calls, day.billed_minutes) for day in days] == [
        (13, 0, 0),
        (14, 0, 0),
        (15, 1, 2),
    ]
    assert days[2].provider_cost_usd > Decimal(0)


def test_page_and_its_live_parts_show_the_same_to_staff(staff, client_of, number):
    staff.is_superuser = True
    staff.save(update_fields=["is_superuser"])
    browser = client_of(staff)
    PeriodicRun.objects.create(task="t", period="1", started_at=timezone.now())

    page = browser.get("/admin/")
    live = browser.get("/admin/overview/live")

    for shown in (page.content.decode(), live.content.decode()):
        assert "Near their end" in shown
        assert "The clock stands still" not in shown
    assert "<html" not in live.content.decode()


def test_page_costs_the_same_however_much_there_is(staff, client_of, number):
    staff.is_superuser = True
    staff.save(update_fields=["is_superuser"])
    browser = client_of(staff)
    counts = []
    for round_number in range(2):
        for place in range(5):
            talk(number, call_id=f"{round_number}-{place}", seconds=30, at=timezone.now())
        # What is computed once in a while is computed in both rounds.
        cache.clear()
        with CaptureQueriesContext(connection) as asked:
            assert browser.get("/admin/").status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1] <= QUERIES_MAX


@pytest.mark.parametrize("role", ["owner", "member", "stranger"])
def test_customers_see_nothing_of_it(role, request, client_of):
    person = request.getfixturevalue(role)

    assert client_of(person).get("/admin/overview/live").status_code in (302, 403)


def test_margin_is_in_dollars_and_unknown_without_a_rate(staff):
    paid = [reports.Amount("EUR", Decimal(100)), reports.Amount("USD", Decimal(10))]

    assert reports.margin_usd(paid, Decimal(7), now=NOW) is None
    exchange.enter(base="EUR", quote="USD", rate=Decimal("1.25"), actor=staff, now=NOW)
    assert reports.margin_usd(paid, Decimal(7), now=NOW) == 128


def test_balance_of_our_account_is_the_one_last_told(monkeypatch, staff, client_of):
    class Client:
        def set_up(self):
            return SetUp(numbers=(), assistants=())

        def balance_usd(self):
            return Decimal("41.20")

    monkeypatch.setattr(vapi, "client", Client)
    set_up.audit(now=NOW)
    staff.groups.set([Group.objects.get(name="finance")])

    page = client_of(staff).get("/admin/").content.decode()

    assert reports.provider_balance().amount_usd == Decimal("41.20")
    assert "41.20" in page


def test_support_sees_no_amounts(number, staff, client_of):
    talk(number, call_id="one", seconds=61, at=timezone.now() - timedelta(minutes=3))
    staff.groups.set([Group.objects.get(name="support")])

    page = client_of(staff).get("/admin/").content.decode()

    assert "Minutes today" in page
    for words in ("Margin this month", "provider cost", "Our balance", "0.12"):
        assert words not in page
