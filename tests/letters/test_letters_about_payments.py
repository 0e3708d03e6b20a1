"""Paid, not paid, declined: one letter each."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from accounts import settings_history
from billing.letters import digest, payments, run_outs
from billing.models import (
    AutoTopUpPause,
    Discrepancy,
    Document,
    Letter,
    Plan,
    Subscription,
    TopUp,
)
from metering.models import BookCheck
from metering.usage import outlook
from metering.usage.forecast import RunOut
from tests.factories import metering as make

pytestmark = pytest.mark.django_db


def document(organization, now, **fields) -> Document:
    return Document.objects.create(
        **{
            "organization": organization,
            "kind": "receipt",
            "state": "paid",
            "provider": "stripe",
            "number": "R-1",
            "currency": "USD",
            "subtotal": Decimal(10),
            "tax": Decimal(2),
            "total": Decimal(12),
            "lines": [{"text": "50 call minutes", "quantity": "1", "amount": "10"}],
            "issued_at": now,
            "paid_at": now,
            "created_at": now,
        }
        | fields
    )


def test_a_receipt_is_told_once_with_what_was_paid(organization, now):
    document(organization, now)
    assert payments.write_receipts(now=now) == 1
    assert payments.write_receipts(now=now) == 0
    figures = dict(Letter.objects.get().words["figures"])
    assert figures == {
        "50 call minutes": "USD 10.00",
        "Tax": "USD 2.00",
        "Paid": "USD 12.00",
        "On": "15 January 2026",
    }


def test_old_or_unwanted_receipts_are_not_told(organization, other_organization, now):
    document(organization, now - timedelta(days=3))
    document(other_organization, now)
    settings_history.set_value(
        "receipt_letters", False, organization=other_organization, actor="test", now=now
    )
    assert payments.write_receipts(now=now) == 0


def test_a_failed_renewal_is_told_once_per_failure(organization, now):
    card = make.make_card()
    plan = Plan.objects.create(
        code="starter", name="Starter", rate_card=card, currency="USD", price_monthly=49
    )
    failed = Subscription.objects.create(
        organization=organization,
        plan=plan,
        rate_card=card,
        price=Decimal(49),
        currency="USD",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="past_due",
        past_due_since=now,
        created_at=now,
    )
    assert payments.write_failed(now=now) == 1
    assert payments.write_failed(now=now + timedelta(days=1)) == 0
    words = Letter.objects.get().words
    assert "Calls go on until 18 January 2026" in words["paragraphs"][1]
    assert words["figures"] == [["Amount", "USD 49.00"]]
    failed.past_due_since = now + timedelta(days=31)
    failed.save(update_fields=["past_due_since"])
    assert payments.write_failed(now=now + timedelta(days=31)) == 1


def test_a_paused_top_up_is_told_once(organization, now):
    top_up = TopUp.objects.create(
        organization=organization,
        amount=Decimal(20),
        currency="USD",
        provider="flutterwave",
        state="failed",
        is_automatic=True,
        created_at=now,
        closed_at=now,
    )
    AutoTopUpPause.objects.create(
        organization=organization, top_up=top_up, declines=3, created_at=now
    )
    assert payments.write_pauses(now=now) == 1
    assert payments.write_pauses(now=now) == 0
    assert "declined 3 times" in Letter.objects.get().words["paragraphs"][0]


def test_a_paused_top_up_says_how_long_the_wallet_lasts(organization, now, monkeypatch):
    make.make_balances(organization=organization, now=now, wallet="9")
    run_out = RunOut(date(2026, 1, 20), date(2026, 1, 18), None, "")
    view = outlook.Outlook("wallet", Decimal(9), run_out, renews_first=False)
    monkeypatch.setattr(outlook, "outlook_of", lambda *_, now: view)
    assert run_outs.projected(organization, now=now) == (
        ("Expected to last until", "20 January 2026"),
    )
    top_up = TopUp.objects.create(
        organization=organization,
        amount=Decimal(20),
        currency="USD",
        provider="flutterwave",
        state="failed",
        is_automatic=True,
        created_at=now,
        closed_at=now,
    )
    AutoTopUpPause.objects.create(
        organization=organization, top_up=top_up, declines=3, created_at=now
    )
    assert payments.write_pauses(now=now) == 1
    figures = dict(Letter.objects.get().words["figures"])
    assert figures["Expected to last until"] == "20 January 2026"


def test_staff_hear_of_books_that_do_not_add_up(staff, now):
    BookCheck.objects.create(started_at=now, finished_at=now, findings_count=2)
    assert digest.write_due(now=now) == 1
    assert ["Rows that break the books", "2"] in Letter.objects.get().words["figures"]


def test_staff_hear_once_a_day_of_what_needs_a_look_and_of_nothing_else(staff, owner, now):
    assert digest.write_due(now=now) == 0
    Discrepancy.objects.create(
        kind="usage_differs", provider="stripe", subject="x", found_at=now, seen_at=now
    )
    assert digest.write_due(now=now) == 1
    assert digest.write_due(now=now + timedelta(hours=3)) == 0
    letter = Letter.objects.get()
    assert (letter.address, letter.organization_id) == (staff.email, None)
    assert digest.write_due(now=now + timedelta(days=1)) == 1
