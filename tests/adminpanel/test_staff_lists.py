"""Staff can find and read everything that happened, and change none of it."""

from datetime import UTC, datetime

import pytest
from django.contrib import admin
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import User
from metering.calls import gate, settle
from metering.models import Agent, Call, Hold, MinuteTransaction
from servicebilling.lib.capped_paginator import COUNT_MAX, CappedPaginator
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


@pytest.mark.parametrize("model", OURS, ids=lambda model: model.__name__)
def test_each_list_opens_with_a_bounded_number_of_queries(
    model, superuser, history, client_of, django_assert_max_num_queries
) -> None:
    browser = client_of(superuser)
    browser.get(reverse("admin:index"))
    with django_assert_max_num_queries(QUERIES_MAX):
        answer = browser.get(reverse(_name(model, "changelist")), {"q": "acme-dental"})
    assert answer.status_code == 200


@pytest.mark.parametrize("model", READ_ONLY, ids=lambda model: model.__name__)
def test_what_happened_can_be_read_and_not_written(
    model, superuser, history, client_of
) -> None:
    browser = client_of(superuser)
    assert browser.get(reverse(_name(model, "add"))).status_code == 403
    row = model._default_manager.first()
    if row is None:
        return
    change = reverse(_name(model, "change"), args=[row.pk])
    assert browser.get(change).status_code == 200
    assert browser.post(change, {"organization": ""}).status_code == 403
    delete = reverse(_name(model, "delete"), args=[row.pk])
    assert browser.post(delete, {"post": "yes"}).status_code == 403
    assert model._default_manager.filter(pk=row.pk).exists()


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


def test_staff_may_edit_what_callers_hear(superuser, history, client_of) -> None:
    agent = Agent.objects.get()
    change = reverse("admin:metering_agent_change", args=[agent.pk])
    answer = client_of(superuser).post(
        change, {"name": agent.name, "refusal_text": "We call you back."}
    )
    assert answer.status_code == 302
    agent.refresh_from_db()
    assert agent.refusal_text == "We call you back."


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

    assert CappedPaginator(Endless(), 50).count == COUNT_MAX + 1
