"""Staff can find and read everything that happened, and change none of it."""

from collections.abc import Callable
from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry, User
from metering.calls import gate, settle
from metering.models import (
    Agent,
    Call,
    CallDifference,
    Hold,
    MinuteTransaction,
    Reconciliation,
    SetUpFinding,
)
from servicebilling.lib.capped_paginator import COUNT_MAX, AtLeast, CappedPaginator
from servicebilling.lib.readonly_admin import ReadOnlyAdmin
from tests.factories import accounts
from tests.factories import metering as make

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)
QUERIES_MAX = 12

OURS = [
    model
    for model, page in admin.site._registry.items()
    if model._meta.app_label in ("metering", "billing")
]
READ_ONLY = [
    model for model in OURS if isinstance(admin.site._registry[model], ReadOnlyAdmin)
]


def _name(model, page: str) -> str:
    return f"admin:{model._meta.app_label}_{model._meta.model_name}_{page}"


@pytest.fixture
def superuser(db) -> User:
    user = accounts.make_user(email="root@example.org", is_staff=True)
    user.is_superuser = True
    user.save(update_fields=["is_superuser"])
    return user


@pytest.fixture
def history(organization) -> Call:
    """Twenty calls of one organization, all charged."""
    make.make_balances(organization=organization, now=NOW)
    number = make.make_number(organization=organization, valid_from=NOW)
    for place in range(20):
        ref = make.call_ref(number, call_id=f"call-{place}")
        gate.admit(make.make_request(ref, at=NOW), now=NOW)
        settle.settle([make.make_report(ref, started_at=NOW)], now=NOW)
    return Call.objects.first()


def test_each_list_opens_with_a_bounded_number_of_queries(
    superuser, history, client_of
) -> None:
    browser = client_of(superuser)
    browser.get(reverse("admin:index"))
    cost = {}
    for model in OURS:
        with CaptureQueriesContext(connection) as asked:
            listed = browser.get(reverse(_name(model, "changelist")), {"q": "acme-dental"})
        assert listed.status_code == 200, model
        cost[model.__name__] = len(asked)
    assert min(cost.values()) > 0
    assert {name: count for name, count in cost.items() if count > QUERIES_MAX} == {}


def test_what_happened_can_be_read_and_not_written(superuser, history, client_of) -> None:
    browser = client_of(superuser)
    read = []
    for model in READ_ONLY:
        assert browser.get(reverse(_name(model, "add"))).status_code == 403, model
        row = model._default_manager.first()
        if row is None:
            continue
        change = reverse(_name(model, "change"), args=[row.pk])
        assert browser.get(change).status_code == 200, model
        assert browser.post(change, {"organization": ""}).status_code == 403, model
        delete = reverse(_name(model, "delete"), args=[row.pk])
        assert browser.post(delete, {"post": "yes"}).status_code == 403, model
        assert model._default_manager.filter(pk=row.pk).exists(), model
        read.append(model)
    assert {Call, Hold, MinuteTransaction} <= set(read)


def test_rows_of_a_ledger_cannot_be_deleted_in_bulk(superuser, history, client_of) -> None:
    browser = client_of(superuser)
    before = MinuteTransaction.objects.count()
    browser.post(
        reverse("admin:metering_minutetransaction_changelist"),
        {
            "action": "delete_selected",
            "_selected_action": list(
                MinuteTransaction.objects.values_list("pk", flat=True)
            ),
            "post": "yes",
        },
    )
    assert MinuteTransaction.objects.count() == before == 20


def test_a_list_costs_the_same_for_many_rows(superuser, history, client_of) -> None:
    browser = client_of(superuser)
    url = reverse("admin:metering_call_changelist")
    browser.get(url)
    with CaptureQueriesContext(connection) as few:
        browser.get(url)
    number = history.phone_number
    reports = [
        make.make_report(make.call_ref(number, call_id=f"more-{place}"), started_at=NOW)
        for place in range(40)
    ]
    settle.settle(reports, now=NOW)
    with CaptureQueriesContext(connection) as many:
        browser.get(url)
    assert len(many) == len(few)


@pytest.fixture
def watched(history) -> Callable[[int], None]:
    """Adds rows of what comparing ourselves with the provider finds, each of an organization
    of its own."""

    def add(count: int) -> None:
        for _ in range(count):
            owner = accounts.make_organization(owner=accounts.make_user())
            seen = {"provider": "vapi", "first_seen_at": NOW, "last_seen_at": NOW}
            which = make.reference_of()
            Reconciliation.objects.create(
                provider="vapi", since=NOW, until=NOW, started_at=NOW
            )
            CallDifference.objects.create(
                organization=owner, provider_call_id=which, result="different", **seen
            )
            SetUpFinding.objects.create(
                organization=owner,
                subject="number",
                subject_id=which,
                problem="no server",
                **seen,
            )

    return add


@pytest.mark.parametrize(
    "model", [Reconciliation, CallDifference, SetUpFinding], ids=lambda one: one.__name__
)
def test_what_watching_the_provider_found_costs_the_same_for_many_rows(
    model, superuser, watched, client_of
) -> None:
    browser = client_of(superuser)
    url = reverse(_name(model, "changelist"))
    watched(1)
    browser.get(url)
    with CaptureQueriesContext(connection) as few:
        browser.get(url)
    watched(12)
    with CaptureQueriesContext(connection) as many:
        answer = browser.get(url)
    assert len(many) == len(few) <= QUERIES_MAX
    rows = [
        reverse(_name(model, "change"), args=[found.pk])
        for found in model._default_manager.all()
    ]
    page = answer.content.decode()
    assert len([one for one in rows if one in page]) == len(rows) == 13
    row = rows[0]
    assert browser.get(row).status_code == 200
    assert browser.post(row, {"outcome": ""}).status_code == 403


def test_staff_may_edit_what_callers_hear(superuser, history, client_of) -> None:
    agent = Agent.objects.get()
    change = reverse("admin:metering_agent_change", args=[agent.pk])
    browser = client_of(superuser)
    for _ in range(2):
        answer = browser.post(
            change, {"name": agent.name, "refusal_text": "We call you back."}
        )
        assert answer.status_code == 302
    agent.refresh_from_db()
    assert agent.refusal_text == "We call you back."
    trace = AuditEntry.objects.get(action="agent.described")
    assert (trace.actor, trace.organization) == (superuser, agent.organization)


def test_what_a_voice_cannot_say_is_refused(superuser, history, client_of) -> None:
    agent = Agent.objects.get()
    change = reverse("admin:metering_agent_change", args=[agent.pk])
    answer = client_of(superuser).post(
        change, {"name": agent.name, "refusal_text": "Call {{ number }}"}
    )
    assert "no braces or links" in answer.content.decode()
    agent.refresh_from_db()
    assert agent.refusal_text == ""


def test_a_number_is_answered_by_agents_of_its_own_organization(
    superuser, history, client_of, other_organization
) -> None:
    number = history.phone_number
    foreign = make.make_number(organization=other_organization, valid_from=NOW).agent
    own = make.make_number(organization=number.organization, valid_from=NOW).agent
    change = reverse("admin:metering_phonenumber_change", args=[number.pk])
    browser = client_of(superuser)
    assert browser.post(change, {"agent": foreign.pk}).status_code == 200
    number.refresh_from_db()
    assert number.agent != foreign
    assert browser.post(change, {"agent": own.pk}).status_code == 302
    number.refresh_from_db()
    assert number.agent == own
    trace = AuditEntry.objects.get(action="number.changed")
    assert (trace.actor, trace.detail["fields"]) == (superuser, ["agent_id"])


@pytest.mark.parametrize(("group", "may"), [("admin", True), ("support", False)])
def test_who_may_edit_agents_follows_the_table_of_rights(
    staff, history, client_of, group, may
) -> None:
    staff.groups.set([Group.objects.get(name=group)])
    agent = Agent.objects.get()
    change = reverse("admin:metering_agent_change", args=[agent.pk])
    browser = client_of(staff)
    assert browser.get(change).status_code == 200
    answer = browser.post(change, {"name": "Renamed", "refusal_text": ""})
    assert answer.status_code == (302 if may else 403)
    agent.refresh_from_db()
    assert (agent.name == "Renamed") is may


def test_amounts_are_listed_with_their_currency(superuser, history, client_of) -> None:
    Call.objects.update(price="1234.5", cost="0.0125", currency="EUR")
    listed = client_of(superuser).get(reverse("admin:metering_call_changelist"))
    text = listed.content.decode()
    assert "EUR\N{NO-BREAK SPACE}1,234.50" in text
    assert "USD\N{NO-BREAK SPACE}0.0125" in text


def test_a_hold_never_shows_its_control_url(superuser, history, client_of) -> None:
    secret = "https://control.example.com/end-this-call"
    Hold.objects.update(control_url=secret)
    change = reverse("admin:metering_hold_change", args=[Hold.objects.first().pk])
    assert secret not in client_of(superuser).get(change).content.decode()


def test_counting_stops_at_the_cap() -> None:
    class Endless:
        def order_by(self):
            return self

        def __getitem__(self, part: slice):
            assert part.stop == COUNT_MAX + 1
            return self

        def count(self) -> int:
            return COUNT_MAX + 1

    pages = CappedPaginator(Endless(), 50)
    assert pages.count == COUNT_MAX
    assert pages.num_pages == COUNT_MAX / 50


def test_a_count_beyond_the_cap_reads_as_at_least(
    superuser, history, client_of, monkeypatch
) -> None:
    monkeypatch.setattr("servicebilling.lib.capped_paginator.COUNT_MAX", 10)
    browser = client_of(superuser)
    listed = browser.get(reverse("admin:metering_call_changelist")).content.decode()
    assert "10+" in listed
    monkeypatch.setattr("servicebilling.lib.capped_paginator.COUNT_MAX", 20)
    listed = browser.get(reverse("admin:metering_call_changelist")).content.decode()
    assert "20+" not in listed
    assert str(AtLeast(10_000)) == "10,000+"
