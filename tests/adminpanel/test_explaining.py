"""Staff follow a refusal to its decision, a balance to its rows, and see what checking the
books has found."""

from datetime import UTC, datetime, timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone
from kombu.exceptions import OperationalError

from accounts import settings_history
from accounts.models import AuditEntry
from adminpanel.refusals import reports
from metering import tasks
from metering.calls import gate
from metering.models import Allowance, BookCheck, Decision, Reconciliation
from metering.verification import watching
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
QUERIES_MAX = 20

pytestmark = pytest.mark.django_db


@pytest.fixture
def in_group(staff):
    def put(name: str):
        staff.groups.set([Group.objects.get(name=name)])
        return staff

    return put


@pytest.fixture
def empty(organization):
    """An organization that nothing pays for, with a number."""
    make.make_balances(
        organization=organization, card=make.make_card(included_minutes=0), now=NOW
    )
    return make.make_number(organization=organization, valid_from=NOW)


def refuse(number, call_id: str, *, at: datetime = NOW) -> Decision:
    ref = make.call_ref(number, call_id=call_id)
    assert not gate.admit(make.make_request(ref, at=at), now=at).admitted
    return Decision.objects.get(provider_call_id=call_id)


def wanted(**narrowed) -> reports.Wanted:
    span = {"since": NOW - timedelta(days=1), "until": NOW + timedelta(days=1)}
    return reports.Wanted(**span | narrowed)


def found(**narrowed) -> list[str]:
    lines = reports.page(wanted(**narrowed)).lines
    return [line.provider_call_id for line in lines]


def test_refusals_are_narrowed_by_reason_organization_number_and_time(
    empty, other_organization
):
    make.make_balances(organization=other_organization, now=NOW)
    refuse(empty, "first")
    Allowance.objects.filter(organization=empty.organization).update(standing="past_due")
    refuse(empty, "second", at=NOW + timedelta(hours=1))

    assert found() == ["second", "first"]
    assert found(rule="past_due") == ["second"]
    assert found(organization_id=other_organization.pk) == []
    assert found(number=empty.e164) == ["second", "first"]
    assert found(number="+12025550199") == []
    assert found(until=NOW + timedelta(minutes=1)) == ["first"]


def test_refusals_are_paged_and_cost_the_same_for_few_and_for_many(empty):
    counts = []
    for size in (2, 5):
        for number in range(size):
            refuse(empty, f"{size} {number}")
        with CaptureQueriesContext(connection) as asked:
            reports.page(wanted())
        counts.append(len(asked))
    first = reports.page(wanted(), limit=4)
    rest = reports.page(wanted(), limit=4, cursor=first.next)

    ids = [line.id for line in (*first.lines, *rest.lines)]
    assert ids == sorted(ids, reverse=True)
    assert len(set(ids)) == 7
    assert counts[0] == counts[1] <= 3


def test_decision_tells_what_the_caller_heard_then_and_how_it_stood(
    empty, in_group, client_of
):
    settings_history.set_value(
        "refusal_texts",
        {"no_minutes": "Please write to us instead."},
        organization=empty.organization,
        actor="test",
        now=NOW - timedelta(days=1),
    )
    decision = refuse(empty, "lost")
    settings_history.set_value(
        "refusal_texts",
        {"no_minutes": "Something else."},
        organization=empty.organization,
        actor="test",
        now=NOW + timedelta(days=1),
    )
    Allowance.objects.update(credit_minutes=500)
    browser = client_of(in_group("support"))

    page = browser.get(reverse("adminpanel:decision", args=[decision.pk])).content.decode()

    assert "Please write to us instead." in page
    assert "Something else." not in page
    assert "no minutes left" in page
    assert ">500<" not in page
    listed = browser.get(reverse("adminpanel:refusals"), {"first": "2026-01-15"})
    assert reverse("adminpanel:decision", args=[decision.pk]) in listed.content.decode()
    missing = browser.get(reverse("adminpanel:decision", args=[decision.pk + 1]))
    assert missing.status_code == 404


def test_refusal_of_a_number_that_nobody_owns_is_explained(in_group, client_of):
    decision = Decision.objects.create(
        provider="vapi",
        provider_call_id="strange",
        result="refused",
        rule="unknown_number",
        inputs={"number_id": "of-nobody"},
        created_at=NOW,
    )

    page = client_of(in_group("support")).get(
        reverse("adminpanel:decision", args=[decision.pk])
    )

    assert "nobody owns the number" in page.content.decode()
    assert "this number is not in service" in page.content.decode()


def test_balance_leads_to_rows_that_add_up(empty, in_group, client_of):
    browser = client_of(in_group("finance"))
    asked = {"organization": empty.organization.slug}

    page = browser.get(reverse("adminpanel:ledger"), asked).content.decode()
    assert page.count("adds up") == 3
    Allowance.objects.update(credit_minutes=7)
    page = browser.get(reverse("adminpanel:ledger"), asked).content.decode()
    assert "differs" in page
    support = client_of(in_group("support"))
    hidden = support.get(reverse("adminpanel:ledger"), asked | {"book": "wallet"})
    assert "Balance then" not in hidden.content.decode()


def test_check_that_staff_ask_for_is_done_by_the_worker_and_kept(
    empty, in_group, client_of, monkeypatch
):
    monkeypatch.setattr(
        tasks.check_books_asked,
        "apply_async",
        lambda args, **_: watching.check_asked(*args, now=timezone.now()),
    )
    Allowance.objects.update(credit_minutes=7)
    browser = client_of(in_group("support"))

    reply = browser.post(reverse("adminpanel:book-check-ask"))

    row = BookCheck.objects.get()
    assert reply.url == reverse("adminpanel:book-check", args=[row.pk])
    assert row.asked_by.startswith("person ")
    page = browser.get(reply.url).content.decode()
    assert "credit_minutes_are_the_sum_of_the_ledger" in page
    assert "broken" in page
    assert empty.organization.slug in page
    listed = browser.get(reverse("adminpanel:reconciliation")).content.decode()
    assert reply.url in listed
    assert AuditEntry.objects.filter(action="books.check_asked").count() == 1


def test_second_check_waits_for_the_first(staff):
    row = watching.ask(actor=staff, now=NOW)

    with pytest.raises(watching.CheckRuns):
        watching.ask(actor=staff, now=NOW + timedelta(minutes=5))
    assert watching.check_asked(row.pk, now=NOW).finished_at is not None
    assert watching.check_asked(row.pk, now=NOW) is None
    watching.ask(actor=staff, now=NOW + timedelta(minutes=5))
    watching.ask(actor=staff, now=NOW + timedelta(hours=1))


def test_without_the_worker_staff_are_told(in_group, client_of, monkeypatch):
    def fails(*_, **__):
        raise OperationalError

    monkeypatch.setattr(tasks.compare_calls_asked, "apply_async", fails)
    browser = client_of(in_group("support"))

    page = browser.post(reverse("adminpanel:comparison-ask"), {"days": 3}, follow=True)

    assert "cannot be reached" in page.content.decode()
    wrong = browser.post(reverse("adminpanel:comparison-ask"), {"days": 4})
    assert wrong.status_code == 400


def test_reconciliation_costs_the_same_for_few_and_for_many(in_group, client_of):
    browser = client_of(in_group("support"))
    counts = []
    for _ in range(2):
        for number in range(4):
            BookCheck.objects.create(started_at=NOW + timedelta(minutes=number))
            Reconciliation.objects.create(
                provider="vapi", since=NOW, until=NOW, started_at=NOW, finished_at=NOW
            )
        with CaptureQueriesContext(connection) as asked:
            place = reverse("adminpanel:reconciliation")
            assert browser.get(place).status_code == 200
        counts.append(len(asked))

    assert counts[0] == counts[1] <= QUERIES_MAX
