"""A small demo, made as the big one is: fewer calls of fewer days."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest
from django.core.management import call_command
from django.db import transaction
from django.test import Client, override_settings

from accounts.models import Organization
from billing import catalogue_loading
from billing.demo import seeding
from billing.demo.logins import PASSWORD
from billing.demo.seeding import Seeded
from billing.models import Document, MoneyDay, Payment, Refund
from metering.models import Allowance, Call, Hold, InboundMessage, MinuteTransaction
from metering.verification.run import verify

# A Wednesday afternoon.
NOW = datetime(2026, 3, 18, 15, 20, tzinfo=UTC)


@pytest.fixture(scope="module")
def made(django_db_setup, django_db_blocker) -> Iterator[Seeded]:
    """The demo, once for the tests of this module, and gone after them."""
    # Tests check passwords with a fast hasher, so they are hashed with it.
    hashers = ["django.contrib.auth.hashers.MD5PasswordHasher"]
    with (
        django_db_blocker.unblock(),
        override_settings(PASSWORD_HASHERS=hashers),
        transaction.atomic(),
    ):
        catalogue_loading.load(now=NOW)
        yield seeding.seed(now=NOW, days=12, volume=0.3)
        transaction.set_rollback(True)


@pytest.fixture
def demo(made, db) -> Seeded:
    return made


def test_books_of_the_demo_add_up(demo):
    verdict = verify(now=NOW)
    assert verdict.findings == []
    assert verdict.checked["billed_minutes_are_the_sum_of_the_ledger"] == demo.calls


def test_what_was_bought_was_paid_with_a_receipt_and_some_was_given_back(demo):
    bought = Payment.objects.filter(purchase__state="fulfilled").count()
    filled = Payment.objects.filter(top_up__state="credited").count()

    assert (bought, filled) == (4, 2)
    assert Refund.objects.get().minutes == 20
    kinds = Counter(Document.objects.values_list("kind", flat=True))
    assert kinds == {"receipt": 6, "credit_note": 1}


def test_every_way_to_pay_is_there(demo):
    cards = Allowance.objects.values_list("rate_card__when_exhausted", flat=True)
    assert sorted(cards) == [
        *("cut_off", "overage", "overage", "overage", "overage", "postpaid", "wallet")
    ]
    assert set(MinuteTransaction.objects.values_list("kind", flat=True)) == {
        *("usage", "purchase", "bonus", "adjustment", "refund", "cycle_close")
    }


def test_what_it_brought_is_summed_for_staff(demo):
    assert MoneyDay.objects.filter(paid__gt=0).exists()
    assert MoneyDay.objects.filter(cost__gt=0).exists()


def test_who_did_not_pay_is_refused(demo):
    hotel = Allowance.objects.get(standing="past_due").organization
    assert hotel.slug == "seaview-hotel"
    assert Call.objects.filter(organization=hotel, refusal="past_due").exists()


def test_two_calls_are_running(demo):
    running = Call.objects.filter(status="active")
    assert running.count() == 2
    assert Hold.objects.filter(state="open", in_progress_at__isnull=False).count() == 2
    assert all(call.organization.allowance.minutes_held for call in running)


def test_lost_report_was_estimated(demo):
    assert Call.objects.get(status="estimated").duration_seconds > 0


def test_every_report_is_in_the_inbox(demo):
    reported = Call.objects.exclude(status__in=["active", "estimated"]).count()
    kept = InboundMessage.objects.filter(kind="end-of-call-report", state="processed")
    assert kept.count() == reported


def test_owner_of_the_demo_can_sign_in(demo):
    login = seeding.logins()[3]
    answer = Client().post("/accounts/login/", {"login": login.email, "password": PASSWORD})
    assert answer.headers["Location"] == "/dashboard"


def test_staff_of_the_demo_sign_in_with_the_code_that_is_printed(demo, capsys):
    browser, login = Client(), seeding.logins()[0]
    asked = browser.post("/accounts/login/", {"login": login.email, "password": PASSWORD})
    call_command("demo_code")
    code = capsys.readouterr().out.strip()

    answer = browser.post(asked.headers["Location"], {"code": code})

    assert answer.headers["Location"] == "/admin/"
    assert browser.get("/admin/").status_code == 200


def test_second_time_does_nothing(demo, capsys, settings):
    settings.WEBSITE_URL = "http://127.0.0.1:8000"
    before = Call.objects.count(), Organization.objects.count()
    call_command("seed_demo")
    assert "nothing was changed" in capsys.readouterr().out
    assert (Call.objects.count(), Organization.objects.count()) == before
