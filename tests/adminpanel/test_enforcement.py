"""Staff see what shadow mode let through, and switch it, once and with a reason."""

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from metering.balances import enforcing
from metering.models import Allowance
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db
QUERIES_MAX = 20


@pytest.fixture
def browser_as(staff, client_of):
    def browser(group: str):
        staff.groups.set([Group.objects.get(name=group)])
        return client_of(staff)

    return browser


@pytest.fixture
def story():
    made = begin(
        timezone.now(),
        make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="0.11"),
    )
    enforcing.switch(made.owner, "shadow", reason="trial", actor="a test", now=made.now)
    return made


def place(story, name="organization-enforcement") -> str:
    return reverse(f"adminpanel:{name}", args=[story.owner.pk])


def test_report_shows_minutes_and_money(story, browser_as):
    story.report(story.admitted(), 120, cost="0.37")
    page = browser_as("finance").get(place(story)).content.decode()

    for shown in ("watched", "wallet_empty", "$0.22", "$0.37", "1 of 1 that asked"):
        assert shown in page, shown


def test_support_reads_it_without_money_and_switches_nothing(story, browser_as):
    story.report(story.admitted(), 120, cost="0.37")
    browser = browser_as("support")
    page = browser.get(place(story)).content.decode()
    tried = browser.post(
        place(story, "organization-enforcement-switch"),
        {"enforcement": "enforce", "reason": "because"},
    )

    assert "wallet_empty" in page
    assert "$0." not in page
    assert "Enforce the limits" not in page
    assert tried.status_code == 403
    assert Allowance.objects.get().enforcement == "shadow"


def test_switch_needs_a_reason_and_happens_once(story, browser_as):
    browser = browser_as("admin")
    switch = place(story, "organization-enforcement-switch")
    browser.post(switch, {"enforcement": "enforce", "reason": ""})
    assert Allowance.objects.get().enforcement == "shadow"
    for _ in range(2):
        browser.post(switch, {"enforcement": "enforce", "reason": "they paid"})

    assert Allowance.objects.get().enforcement == "enforce"
    assert AuditEntry.objects.filter(action="enforcement.set").count() == 2
    page = browser.get(place(story)).content.decode()
    assert "they paid" in page
    assert "staff@example.org" in page


def test_organization_without_balances_has_no_limits(organization, browser_as):
    url = reverse("adminpanel:organization-enforcement", args=[organization.pk])
    assert browser_as("admin").get(url).status_code == 404


def test_page_costs_the_same_for_few_and_many_calls(story, browser_as):
    browser = browser_as("finance")
    counts = []
    for _ in range(2):
        for _ in range(4):
            story.report(story.admitted(), 60, cost="0.1")
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(place(story)).status_code == 200
        counts.append(len(asked))
    assert counts[0] == counts[1] <= QUERIES_MAX
