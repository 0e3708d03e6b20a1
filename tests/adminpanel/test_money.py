"""Staff decide about overage and differences: shown first, once, with a reason and a trace."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from billing import catalogue_loading, discrepancies, plans
from billing.invoices import issuing
from billing.models import Discrepancy, Document, OverageDelivery, Payment
from billing.overage import collecting, deciding
from metering.models import Allowance, OverageCharge
from metering.verification.run import verify

OPENED = datetime(2026, 1, 5, tzinfo=UTC)


@pytest.fixture
def browser(staff, client_of):
    staff.groups.set([Group.objects.get(name="finance")])
    return client_of(staff)


@pytest.fixture
def unbilled(organization) -> OverageDelivery:
    """Two calls beyond a plan that nobody bills, 3 and 4 minutes at 0.50."""
    catalogue_loading.load(now=OPENED)
    organization.currency = "EUR"
    organization.save()
    plan = plans.get("starter")
    plans.open_organization(organization=organization, plan=plan, now=OPENED)
    cycle = organization.allowance.cycle
    for number, minutes in enumerate((3, 4)):
        OverageCharge.objects.create(
            organization=organization,
            cycle=cycle,
            rate_card=cycle.rate_card,
            reference=f"call:{number}",
            minutes=minutes,
            amount=minutes * Decimal("0.50"),
            currency="EUR",
            occurred_at=OPENED,
            created_at=OPENED,
        )
    collecting.collect(now=OPENED)
    return OverageDelivery.objects.earliest("id")


@pytest.fixture
def difference(organization) -> Discrepancy:
    catalogue_loading.load(now=OPENED)
    none = plans.get("none")
    plans.open_organization(organization=organization, plan=none, now=OPENED)
    return _found(organization, theirs="paid 25.00 USD")


def _found(organization, *, theirs: str) -> Discrepancy:
    return discrepancies.open_one(
        kind="paid_not_credited",
        provider="stripe",
        subject="cs_1",
        organization_id=organization.pk,
        ours="not counted",
        theirs=theirs,
        now=OPENED,
    )


def _asked(**fields: str) -> dict[str, str]:
    return {"reason": "as agreed by phone", "attempt": str(uuid4())} | fields


def _overage(row: OverageDelivery) -> str:
    return reverse("adminpanel:overage", args=[row.pk])


def _difference(row: Discrepancy) -> str:
    return reverse("adminpanel:difference", args=[row.pk])


@pytest.mark.breaks_books
def test_overage_of_nobody_is_told_to_staff_and_asked_for_with_one_invoice(
    browser, unbilled
):
    assert deciding.notice_unbilled(now=OPENED) == 0
    later = OPENED + timedelta(days=4)
    for _ in range(2):
        assert deciding.notice_unbilled(now=later) == 1
    assert Discrepancy.objects.get().ours == "EUR 3.50"

    sent = _asked(act="apart")
    shown = browser.post(_overage(unbilled), sent).content.decode()
    assert "Call minutes beyond the plan, 05 Jan 2026" in shown
    assert not Document.objects.exists()
    for _ in range(2):
        browser.post(_overage(unbilled), sent | {"confirm": "yes"})
    document = Document.objects.get()
    assert (document.total, document.number) == (Decimal("3.50"), "INV-000001")
    assert document.overage.count() == 2
    assert Discrepancy.objects.get().settled_at is not None
    assert AuditEntry.objects.filter(action="overage.asked_apart").count() == 1
    page = browser.get(_overage(unbilled)).content.decode()
    assert "INV-000001" in page
    assert "nothing to decide" in page

    place = reverse("adminpanel:invoice-paid", args=[document.pk])
    assert "count as received" in browser.post(place, _asked()).content.decode()
    for _ in range(2):
        browser.post(place, _asked(confirm="yes"))
    assert Payment.objects.get().amount == Decimal("3.50")
    assert AuditEntry.objects.get(action="invoice.paid").detail["reason"] == (
        "as agreed by phone"
    )
    assert "Nothing is owed" in browser.get(place).content.decode()


@pytest.mark.breaks_books
def test_overage_that_is_written_off_goes_nowhere_any_more(browser, unbilled):
    sent = _asked(act="write_off")
    assert "asked of nobody" in browser.post(_overage(unbilled), sent).content.decode()
    for _ in range(2):
        browser.post(_overage(unbilled), sent | {"confirm": "yes"})
    unbilled.refresh_from_db()
    assert unbilled.state == "written_off"
    assert AuditEntry.objects.filter(action="overage.written_off").count() == 1
    other = OverageDelivery.objects.latest("id")
    browser.post(_overage(other), _asked(act="apart", confirm="yes"))
    assert Document.objects.get().total == 2
    assert issuing.issue_due(now=timezone.now()) == 0


@pytest.mark.breaks_books
def test_there_is_no_next_invoice_without_a_subscription(browser, unbilled):
    reply = browser.post(_overage(unbilled), _asked(act="next", confirm="yes"))
    assert "staff-error" in reply.content.decode()
    reply = browser.post(
        _overage(unbilled), _asked(act="write_off", confirm="yes", reason="")
    )
    assert "staff-error" in reply.content.decode()
    unbilled.refresh_from_db()
    assert unbilled.state == "waiting"


def test_a_difference_is_accepted_with_an_entry_once_and_does_not_come_back(
    browser, difference, organization
):
    sent = _asked(counter="credit_minutes", change="100")
    shown = browser.post(_difference(difference), sent).content.decode()
    assert "Accept the difference" in shown
    assert Allowance.objects.get().credit_minutes == 0
    for _ in range(2):
        browser.post(_difference(difference), sent | {"confirm": "yes"})
    assert Allowance.objects.get().credit_minutes == 100
    difference.refresh_from_db()
    assert difference.settlement == "accepted: as agreed by phone"
    assert difference.settled_by.email == "staff@example.org"
    assert AuditEntry.objects.filter(action="difference.accepted").count() == 1
    again = _asked(counter="credit_minutes", change="50", confirm="yes")
    assert "staff-error" in browser.post(_difference(difference), again).content.decode()
    assert Allowance.objects.get().credit_minutes == 100

    assert _found(organization, theirs="paid 25.00 USD") == difference
    assert _found(organization, theirs="paid 50.00 USD") != difference
    assert verify(now=timezone.now()).findings == []


@pytest.mark.parametrize(
    "wrong",
    [
        {"reason": "x"},
        {"counter": "wallet"},
        {"change": "5"},
        {"counter": "credit_minutes", "change": "1.5"},
        {"counter": "credit_minutes", "change": "5001"},
        {"counter": "wallet", "change": "-1"},
    ],
)
def test_what_cannot_be_accepted_is_said_in_the_form(browser, difference, wrong):
    reply = browser.post(_difference(difference), _asked(confirm="yes", **wrong))
    assert "staff-error" in reply.content.decode()
    difference.refresh_from_db()
    assert difference.settled_at is None


def test_support_looks_and_decides_nothing(staff, client_of, difference, organization):
    staff.groups.set([Group.objects.get(name="support")])
    browser = client_of(staff)
    assert "Accept it" not in browser.get(_difference(difference)).content.decode()
    assert browser.post(_difference(difference), _asked()).status_code == 403
    for name, id in (("overage", 1), ("invoice-paid", uuid4())):
        assert browser.get(reverse(f"adminpanel:{name}", args=[id])).status_code == 403
