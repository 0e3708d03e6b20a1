"""Low, charged, declined, refused, filled, admitted: the gate tells, the worker charges."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization
from billing import closing, pending
from billing.errors import NoSavedCard, TopUpOutOfBounds, TopUpUnderWay
from billing.models import AutoTopUp, AutoTopUpPause, TopUp
from billing.providers.flutterwave.provider import FlutterwaveProvider
from billing.topups import charging, standing_orders
from billing.topups.standing_orders import Order
from metering.balances import ledger, top_ups_due
from metering.calls import gate
from metering.models import TopUpDue
from tests.billing.flutterwave.conftest import NOW, balance, deliver, work
from tests.factories import metering as make

pytestmark = pytest.mark.django_db

# Calls cost NGN 150 a minute.
ORDER = Order(Decimal(14000), Decimal(15000), Decimal(45000), Decimal(60000))
LATER = timedelta(hours=3)


@pytest.fixture
def caller(lagos):
    number = make.make_number(organization=lagos, valid_from=NOW)

    def call(at=NOW):
        return gate.admit(make.make_request(make.call_ref(number), at=at), now=at)

    return call


@pytest.fixture
def order(flutterwave, lagos, top_up) -> AutoTopUp:
    flutterwave.pay(top_up, hook=False)
    pending.confirm(lagos, top_up.pk, now=NOW)
    standing_orders.turn_on(lagos, ORDER, by=None, now=NOW)
    return AutoTopUp.objects.get()


def spend(lagos, amount) -> None:
    ledger.spend_money(
        organization_id=lagos.pk,
        amount=Decimal(amount),
        kind="adjustment",
        reference=make.reference_of(),
        now=NOW,
    )


def empty(lagos) -> None:
    if balance(lagos):
        spend(lagos, balance(lagos))


def test_nothing_is_turned_on_without_a_card(flutterwave, lagos):
    with pytest.raises(NoSavedCard):
        standing_orders.turn_on(lagos, ORDER, by=None, now=NOW)
    with pytest.raises(TopUpOutOfBounds):
        standing_orders.turn_on(
            lagos, replace(ORDER, max_per_day=Decimal(1)), by=None, now=NOW
        )


def test_the_report_shows_the_card_and_never_its_token(order, lagos):
    shown = standing_orders.report_of(lagos)
    assert shown.is_on
    assert shown.card_label == "MASTERCARD •••• 2950"
    assert order.card_token not in repr(shown)


def test_staff_see_the_order_and_never_the_token(order, staff, client_of):
    staff.is_superuser = True
    staff.save(update_fields=["is_superuser"])
    browser = client_of(staff)
    for page in (
        reverse("admin:billing_autotopup_changelist"),
        reverse("admin:billing_autotopup_change", args=[order.pk]),
    ):
        shown = browser.get(page).content.decode()
        assert order.card_label in shown
        assert order.card_token not in shown


def test_a_call_that_takes_the_balance_under_the_threshold_is_answered_and_then_paid_for(
    order, lagos, caller
):
    assert caller().admitted
    assert balance(lagos) == 15000
    assert charging.charge_due(now=NOW) == {"credited": 1}
    assert balance(lagos) == 30000
    assert TopUpDue.objects.get().outcome == "credited"
    assert charging.charge_due(now=NOW) == {}


def test_its_webhook_credits_nothing_more(flutterwave, order, lagos, caller):
    caller()
    charging.charge_due(now=NOW)
    deliver(flutterwave.last_hook())
    work()
    assert balance(lagos) == 30000


def test_refused_then_filled_then_admitted(flutterwave, order, lagos, caller):
    empty(lagos)
    assert caller().rule == "wallet_empty"
    charging.charge_due(now=NOW)
    assert caller().admitted


def test_three_declines_pause_it_and_leave_a_row_for_a_letter(
    flutterwave, order, lagos, caller
):
    empty(lagos)
    flutterwave.control("settings", declines_tokens=True)
    outcomes = []
    for hour in (0, 1, 3, 5):
        at = NOW + timedelta(hours=hour)
        assert not caller(at).admitted
        outcomes.append(charging.charge_due(now=at))
    assert outcomes == [{"declined": 1}, {"declined": 1}, {"declined": 1}, {}]
    order.refresh_from_db()
    assert (order.declines_in_a_row, bool(order.paused_at)) == (3, True)
    assert AutoTopUpPause.objects.get().declines == 3
    flutterwave.control("settings", declines_tokens=False)
    assert charging.charge_low(now=NOW + timedelta(days=1)) == 0
    standing_orders.turn_on(lagos, ORDER, by=None, now=NOW + timedelta(days=1))
    assert charging.charge_low(now=NOW + timedelta(days=1)) == 1
    assert balance(lagos) == 15000


def test_after_a_decline_the_bank_is_left_in_peace_for_a_while(
    flutterwave, order, lagos, caller
):
    empty(lagos)
    flutterwave.control("settings", declines_tokens=True)
    caller()
    charging.charge_due(now=NOW)
    caller()
    assert charging.charge_due(now=NOW + timedelta(minutes=1)) == {"wait_after_decline": 1}


def test_a_day_and_a_month_have_their_most(flutterwave, order, lagos, caller):
    outcomes = []
    for day in (0, 0, 0, 0, 1, 1):
        empty(lagos)
        caller(NOW + timedelta(days=day))
        outcomes += charging.charge_due(now=NOW + timedelta(days=day))
    assert outcomes == [*["credited"] * 3, "limit_reached", "credited", "limit_reached"]


def test_one_is_in_flight_at_a_time_and_it_ends_when_its_bank_answers(
    flutterwave, order, lagos, caller
):
    flutterwave.control("settings", tokens_stay_pending=True)
    caller()
    assert charging.charge_due(now=NOW) == {"pending": 1}
    caller()
    assert charging.charge_due(now=NOW) == {"in_flight": 1}
    with pytest.raises(TopUpUnderWay):
        standing_orders.turn_on(lagos, ORDER, by=None, now=NOW)
    (id,) = [i for i, t in flutterwave.box.transactions.items() if t["status"] == "pending"]
    flutterwave.control(f"settle/{id}")
    assert charging.resume(now=NOW + LATER) == 1
    assert balance(lagos) == 30000


@pytest.mark.parametrize("kind", ["lost_answer", "503"])
def test_an_answer_that_is_lost_is_found_out_and_nothing_charged_twice(
    flutterwave, order, lagos, caller, kind
):
    flutterwave.control("faults", path="/tokenized-charges", kind=kind)
    caller()
    assert charging.charge_due(now=NOW) == {"pending": 1}
    charging.resume(now=NOW + LATER)
    charged = [r for r in flutterwave.box.requests if r["path"] == "/tokenized-charges"]
    assert len(charged) == 1
    was_charged = kind == "lost_answer"
    assert balance(lagos) == (30000 if was_charged else 15000)
    states = set(TopUp.objects.filter(is_automatic=True).values_list("state", flat=True))
    assert states == {"credited" if was_charged else "expired"}


def test_turned_off_nothing_is_told_and_nothing_charged(order, lagos, caller):
    top_ups_due_before = TopUpDue.objects.count()
    standing_orders.turn_off(lagos, by=None, now=NOW)
    empty(lagos)
    caller()
    assert TopUpDue.objects.count() == top_ups_due_before
    assert top_ups_due.open_ones() == []
    assert charging.charge_low(now=NOW) == 0


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_who_may_use_nothing_is_charged_nothing(order, lagos, caller, status):
    empty(lagos)
    caller()
    Organization.objects.filter(pk=lagos.pk).update(status=status)

    assert charging.charge_due(now=NOW) == {"not_active": 1}
    assert charging.charge_low(now=NOW) == 0
    assert balance(lagos) == 0


def test_closing_ends_the_standing_order(order, lagos, flutterwave):
    closing.close(lagos, actor=lagos.owner, now=NOW)

    assert not standing_orders.report_of(lagos).is_on


@pytest.mark.parametrize(("kind", "times"), [("404", 1), ("garbage", 3)])
def test_a_charge_that_was_taken_and_cannot_be_verified_is_no_decline(
    flutterwave, order, lagos, caller, kind, times
):
    """The bank has the money perhaps: it is found out about, and no other charge follows."""
    flutterwave.control("faults", path="/verify", kind=kind, times=times)
    caller()
    assert charging.charge_due(now=NOW) == {"pending": 1}
    order.refresh_from_db()
    assert order.declines_in_a_row == 0

    charging.resume(now=NOW + LATER)
    assert balance(lagos) == 30000


def test_one_that_fails_holds_up_nobody_behind_it(order, lagos, caller, monkeypatch):
    def fail(*_, **__):
        raise KeyError("something that nobody thought of")

    with monkeypatch.context() as broken:
        broken.setattr(FlutterwaveProvider, "charge_saved", fail)
        caller()
        assert charging.charge_due(now=NOW) == {"failed": 1}
        assert charging.resume(now=NOW + LATER) == 0
    assert charging.resume(now=NOW + LATER) == 1


def test_the_allowance_is_locked_before_the_organization(order, lagos, caller):
    """A payment that comes just then takes them in this order, too."""
    caller()
    with CaptureQueriesContext(connection) as asked:
        charging.charge_due(now=NOW)
    statements = [query["sql"] for query in asked]
    books = [n for n, sql in enumerate(statements) if "book_lock" in sql]
    locks = [
        number
        for number, sql in enumerate(statements)
        if 'FROM "organizations"' in sql and "FOR NO KEY UPDATE" in sql
    ]
    assert books[0] < locks[0]
