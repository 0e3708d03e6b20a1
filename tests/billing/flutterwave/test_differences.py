"""What the provider took and we did not give anything for waits for staff; refunds are real."""

import json
from datetime import timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.contrib.auth.models import Group
from django.core.management import call_command
from django.urls import reverse

from billing import inbox, payment_lists, pending
from billing.models import (
    Discrepancy,
    Document,
    Payment,
    PaymentEvent,
    ProviderRun,
    Refund,
)
from billing.providers import registry
from billing.providers.base import Config, ProviderError
from billing.providers.flutterwave import amounts, periods
from billing.providers.flutterwave.client import Gateway
from billing.reversals import refunding
from tests.billing.flutterwave.conftest import HASH, NOW, balance, deliver, hint, work

pytestmark = pytest.mark.django_db

LATER = NOW + timedelta(hours=1)


def test_a_payment_nobody_told_us_of_is_counted(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, hook=False)
    for _ in range(2):
        assert payment_lists.compare(now=LATER) == 0
        assert balance(lagos) == 15000
    assert not Discrepancy.objects.exists()


def test_a_listed_payment_that_makes_no_sense_holds_up_no_other(flutterwave, lagos, top_up):
    paid = flutterwave.pay(top_up, hook=False)
    odd = paid["id"] - 1
    flutterwave.box.transactions = {
        odd: paid | {"id": odd, "amount": Decimal("1.2345")},
        **flutterwave.box.transactions,
    }
    assert payment_lists.compare(now=LATER) == 0
    assert balance(lagos) == 15000


def test_operators_compare_by_command(flutterwave, lagos, top_up, capsys, time_machine):
    time_machine.move_to(LATER, tick=False)
    flutterwave.pay(top_up, hook=False)
    command = ["reconcile_payments", "--provider", "flutterwave", "--json"]
    with pytest.raises(SystemExit):
        call_command(*command, "--dry-run")
    assert json.loads(capsys.readouterr().out) == {"payments": 1, "found": 1}
    assert balance(lagos) == 0
    call_command(*command)
    assert json.loads(capsys.readouterr().out) == {"payments": 1, "found": 0}
    assert balance(lagos) == 15000


def test_a_payment_nobody_can_count_is_a_row_until_it_is_counted(
    flutterwave, lagos, top_up
):
    paid = flutterwave.pay(top_up, hook=False, tx_ref="something-else")
    assert payment_lists.compare(now=LATER) == 1
    assert payment_lists.compare(now=LATER) == 1
    assert Discrepancy.objects.get().ours == "not counted"
    flutterwave.box.transactions[paid["id"]]["tx_ref"] = f"sb-{top_up.pk.hex}"
    (event,) = PaymentEvent.objects.values_list("pk", flat=True)
    assert inbox.replay([event], now=LATER) == {"processed": 1}
    assert payment_lists.compare(now=LATER) == 0
    runs = ProviderRun.objects.order_by("id").values_list("looked_at_count", "found_count")
    assert list(runs) == [(1, 1), (1, 1), (1, 0)]
    assert Discrepancy.objects.get().settlement == "mended"


@pytest.mark.parametrize("amount", [20000, 1])
def test_more_or_less_than_was_asked_for_is_a_row(flutterwave, lagos, top_up, amount):
    flutterwave.pay(top_up, amount=amount, hook=False)
    pending.confirm(lagos, top_up.pk, now=NOW)
    assert payment_lists.compare(now=LATER) == 1
    assert Discrepancy.objects.get().organization == lagos


def test_a_refund_is_given_once_and_leaves_the_wallet(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, hook=False)
    pending.confirm(lagos, top_up.pk, now=NOW)
    paid = Payment.objects.get()
    give = {"amount": Decimal(15000), "currency": "NGN", "key": "refund:1"}
    adapter = registry.get("flutterwave")
    first = adapter.refund(paid.provider_payment_id, **give)
    assert adapter.refund(paid.provider_payment_id, **give) == first
    assert len(flutterwave.box.refunds) == 1
    deliver(flutterwave.last_hook())
    assert work() == ["processed"]
    assert balance(lagos) == 0


def test_a_refund_that_nobody_told_us_of_leaves_the_wallet(flutterwave, lagos, top_up):
    """Given on Flutterwave's own pages; its webhook is off until they switch it on."""
    flutterwave.pay(top_up, hook=False)
    pending.confirm(lagos, top_up.pk, now=NOW)
    paid = Payment.objects.get().provider_payment_id
    registry.get("flutterwave").gateway.act(
        "POST", f"/transactions/{paid}/refund", {"amount": 6000}
    )
    assert (balance(lagos), payment_lists.compare(now=LATER)) == (15000, 0)
    assert balance(lagos) == 9000
    payment_lists.compare(now=LATER)
    assert (Refund.objects.get().status, balance(lagos)) == ("succeeded", 9000)
    lines = ProviderRun.objects.order_by("id").values_list("lines", flat=True)
    assert list(lines) == [["refunds taken over: 1"], []]


def test_webhooks_without_the_secret_are_refused(flutterwave, lagos, top_up, settings):
    paid = flutterwave.pay(top_up)
    assert deliver(hint(paid), **{"verif-hash": "guessed"}) == 400
    assert deliver(hint(paid), **{"flutterwave-signature": HASH}) == 400
    assert deliver(hint(paid), **{"x-nothing": "1"}) == 400
    settings.FLUTTERWAVE_WEBHOOK_SECRETS = []
    registry.get.cache_clear()
    assert deliver(hint(paid)) == 503
    assert balance(lagos) == 0


@pytest.mark.parametrize("body", [b"", b"[]", b"{", b'{"a": NaN}', b"[" * 100_000])
def test_what_is_no_event_is_refused(flutterwave, body):
    assert deliver(body) == 400


def test_unknown_events_are_kept_and_ignored(flutterwave, db):
    assert deliver(b'{"event": "bvn.completed", "data": {}}') == 200
    assert deliver(b'{"hello": 1}') == 200
    assert work() == ["ignored", "ignored"]


def test_amounts_are_exact_and_whole_where_the_currency_is(flutterwave):
    assert amounts.told(Decimal("0.29"), "NGN") == Decimal("0.29")
    assert amounts.asked(Decimal(500), "UGX") == 500
    for amount, currency in (("0.5", "UGX"), ("0.001", "NGN"), ("0.5", "MWK")):
        with pytest.raises(ProviderError):
            amounts.asked(Decimal(amount), currency)
    with pytest.raises(ProviderError):
        amounts.told(0.29, "NGN")


def test_a_live_key_is_not_sent_to_a_stand_in():
    with pytest.raises(ProviderError, match="refused"):
        Gateway(Config(secret_key="FLWSECK-live-X", api_base="http://127.0.0.1:1"))  # noqa: S106


def test_reading_is_repeated_and_writing_is_not(flutterwave, gateway):
    flutterwave.control("faults", method="GET", path="/payment-plans", kind="503", times=2)
    assert list(gateway.read_all("/payment-plans")) == []
    flutterwave.control("faults", method="POST", kind="no_answer")
    with pytest.raises(ProviderError) as refused:
        gateway.act("POST", "/payment-plans", {"name": "x", "interval": "monthly"})
    assert refused.value.retry
    assert flutterwave.box.plans == {}


@pytest.mark.parametrize(
    ("paid", "start"),
    [
        ("2030-01-31T09:00", "2030-01-31"),
        ("2030-02-28T10:30", "2030-02-28"),
        ("2030-03-31T08:59", "2030-03-31"),
        ("2030-04-02T08:59", "2030-03-31"),
        ("2031-01-31T12:00", "2031-01-31"),
    ],
)
def test_a_payment_is_for_the_period_whose_beginning_is_nearest(paid, start):
    began = NOW.replace(month=1, day=31)
    at = NOW.fromisoformat(f"{paid}+00:00")
    starts_at, _ = periods.of_payment(began_at=began, paid_at=at, billing_period="monthly")
    assert f"{starts_at:%Y-%m-%d}" == start


def test_staff_give_a_top_up_back_once_and_see_it_beforehand(
    flutterwave, lagos, top_up, staff, client_of
):
    flutterwave.pay(top_up, hook=False)
    pending.confirm(lagos, top_up.pk, now=NOW)
    paid = Payment.objects.get()
    staff.groups.set([Group.objects.get(name="admin")])
    browser, place = client_of(staff), reverse("adminpanel:payment", args=[paid.pk])
    sent = {"amount": "6000", "reason": "too much", "attempt": str(uuid4())}
    assert "₦9,000.00" in browser.post(place, sent).content.decode()
    assert (flutterwave.box.refunds, balance(lagos)) == ({}, 15000)
    for _ in range(2):
        browser.post(place, sent | {"confirm": "yes"})
    assert len(flutterwave.box.refunds) == 1
    assert (Refund.objects.get().status, balance(lagos)) == ("succeeded", 9000)
    assert Document.objects.filter(kind="credit_note").count() == 1
    deliver(flutterwave.last_hook())
    assert (work(), balance(lagos)) == (["processed"], 9000)


def test_an_answer_of_a_refund_that_is_lost_gives_it_once(
    flutterwave, lagos, top_up, staff
):
    flutterwave.pay(top_up, hook=False)
    pending.confirm(lagos, top_up.pk, now=NOW)
    made = refunding.order(
        Payment.objects.get(),
        amount=Decimal(15000),
        reason="they asked",
        actor=staff,
        attempt=uuid4(),
        now=NOW,
    )
    flutterwave.control("faults", kind="lost_answer", method="POST")
    assert refunding.give(made.pk, now=NOW).state == "waiting"
    assert (len(flutterwave.box.refunds), balance(lagos)) == (1, 15000)
    assert refunding.give_due(now=NOW + timedelta(minutes=1)) == 0
    assert refunding.give_due(now=LATER) == 1
    assert (len(flutterwave.box.refunds), balance(lagos)) == (1, 0)
