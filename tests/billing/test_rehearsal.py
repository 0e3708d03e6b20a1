"""What processing a payment event again would change is told first, and undone."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse

from billing import inbox, rehearsal
from billing.models import Payment, PaymentEvent, Subscription
from metering.models import Allowance
from tests.billing.conftest import stored

pytestmark = pytest.mark.django_db


@pytest.fixture
def paid(buyer, payments, now) -> int:
    payments.subscribe(
        plan_code="cutoff",
        at=now,
        until=now + timedelta(days=31),
        amount=Decimal(49),
        currency="USD",
    )
    return stored("invoice.paid", now=now, period=0)


def test_rehearsal_tells_the_difference_and_keeps_nothing(paid, now):
    [told] = rehearsal.rehearse([paid], now=now)

    changes = {one.what: (one.before, one.after) for one in told.changes}
    assert changes["plan minutes"] == (0, 100)
    assert changes["payments"] == (0, 1)
    assert changes["subscription"] == (None, "active")
    assert not Subscription.objects.exists()
    assert not Payment.objects.exists()
    assert Allowance.objects.get().plan_minutes == 0
    assert PaymentEvent.objects.get().state == "received"


def test_what_was_fulfilled_would_not_be_fulfilled_again(paid, now):
    assert inbox.process(paid, now=now) == "processed"

    [told] = rehearsal.rehearse([paid], now=now)

    assert told.changes == ()


def test_event_that_fails_says_why(paid, payments, now, monkeypatch):
    def fails(*_):
        raise ValueError("the provider is down")

    monkeypatch.setattr(payments, "fetch", fails)

    [told] = rehearsal.rehearse([paid], now=now)

    assert told.outcome == "failed"
    assert "the provider is down" in told.error


def test_staff_see_it_before_they_confirm(paid, staff, client_of):
    staff.groups.set([Group.objects.get(name="admin")])

    page = client_of(staff).post(
        reverse("adminpanel:webhooks-replay"), {"source": "payments", "id": paid}
    )

    assert "plan minutes" in page.content.decode()
    assert not Payment.objects.exists()
