"""A wallet in naira: exactly what was verified is credited, and that once, whatever arrives."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing import checkout, inbox, pending
from billing.errors import OtherCurrency, ProviderUnavailable, TopUpOutOfBounds
from billing.models import Payment, PaymentEvent, TopUp
from metering.models import WalletTransaction
from tests.billing.flutterwave.conftest import (
    NOW,
    balance,
    deliver,
    hint,
    signed,
    states,
    work,
)
from tests.factories import accounts as make

pytestmark = pytest.mark.django_db


def test_money_is_in_the_wallet_once_the_payment_is_verified(flutterwave, lagos, top_up):
    assert top_up.checkout_url.startswith(flutterwave.sandbox.url)
    flutterwave.pay(top_up)
    assert deliver(flutterwave.last_hook()) == 200
    assert balance(lagos) == 0
    assert work() == ["processed"]
    assert balance(lagos) == 15000
    top_up.refresh_from_db()
    assert top_up.state == "credited"
    assert top_up.payment.amount == 15000
    row = WalletTransaction.objects.get()
    assert (row.kind, row.balance_after, row.currency) == ("top_up", 15000, "NGN")


@pytest.mark.parametrize("shape", ["event", "flat"])
@pytest.mark.parametrize("signs", [True, False])
def test_both_shapes_and_both_proofs_are_understood(
    flutterwave, lagos, top_up, shape, signs
):
    flutterwave.control("settings", shape=shape)
    flutterwave.pay(top_up)
    raw = flutterwave.last_hook()
    assert deliver(raw, **(signed(flutterwave, raw) if signs else {})) == 200
    work()
    assert balance(lagos) == 15000


def test_a_forged_webhook_with_the_right_hash_credits_nothing(flutterwave, lagos, top_up):
    tx_ref = f"sb-{top_up.pk.hex}"
    forged = {"id": 999, "tx_ref": tx_ref, "status": "successful", "amount": 9_000_000}
    assert deliver(hint(forged, currency="NGN")) == 200
    assert work() == ["received"]
    assert balance(lagos) == 0
    # And it does not stand in the way of the true one.
    paid = flutterwave.pay(top_up)
    deliver(hint(paid, amount=9_000_000))
    deliver(flutterwave.last_hook())
    work()
    assert balance(lagos) == 15000


def test_what_was_not_asked_for_is_not_credited(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, amount=Decimal("14999.99"))
    deliver(flutterwave.last_hook())
    work()
    top_up.refresh_from_db()
    assert (top_up.state, balance(lagos)) == ("mismatched", 0)
    assert Payment.objects.get().amount == Decimal("14999.99")


def test_another_currency_is_not_credited(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, currency="GHS")
    deliver(flutterwave.last_hook())
    work()
    top_up.refresh_from_db()
    assert (top_up.state, balance(lagos)) == ("mismatched", 0)


def test_of_more_than_was_asked_for_what_was_asked_for_is_credited(
    flutterwave, lagos, top_up
):
    flutterwave.pay(top_up, amount=20000)
    deliver(flutterwave.last_hook())
    work()
    assert balance(lagos) == 15000
    assert Payment.objects.get().amount == 20000


def test_a_payment_with_a_reference_of_nobody_waits_for_staff(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, tx_ref="something-else")
    deliver(flutterwave.last_hook())
    assert work() == ["quarantined"]
    assert balance(lagos) == 0


def test_a_payment_counts_for_whom_its_reference_names_however_it_is_hinted(
    flutterwave, lagos, top_up
):
    """The hint names another organization's top-up; the verified payment names its own."""
    other = make.make_organization(currency="NGN", now=NOW)
    theirs = TopUp.objects.create(
        organization=other,
        amount=15000,
        currency="NGN",
        provider="flutterwave",
        created_at=NOW,
    )
    paid = flutterwave.pay(top_up)
    deliver(hint(paid, tx_ref=f"sb-{theirs.pk.hex}"))
    work()
    theirs.refresh_from_db()
    assert theirs.state == "pending"
    assert balance(lagos) == 15000
    assert pending.confirm(lagos, theirs.pk, now=NOW) == "unknown"


def test_one_payment_credits_once_even_if_it_changes_its_reference(
    flutterwave, lagos, top_up
):
    paid = flutterwave.pay(top_up)
    deliver(flutterwave.last_hook())
    work()
    second = TopUp.objects.create(
        organization=lagos,
        amount=15000,
        currency="NGN",
        provider="flutterwave",
        created_at=NOW,
    )
    flutterwave.box.transactions[paid["id"]]["tx_ref"] = f"sb-{second.pk.hex}"
    deliver(hint(paid, again=True))
    work()
    second.refresh_from_db()
    assert (second.state, balance(lagos)) == ("pending", 15000)


def test_two_payments_of_one_top_up_credit_once_and_wait_for_staff(
    flutterwave, lagos, top_up
):
    for _ in range(2):
        flutterwave.pay(top_up)
        deliver(flutterwave.last_hook())
    assert sorted(work()) == ["processed", "quarantined"]
    assert balance(lagos) == 15000


def test_a_failed_payment_credits_nothing_and_a_later_one_does(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, how="failed")
    deliver(flutterwave.last_hook())
    work()
    top_up.refresh_from_db()
    assert (top_up.state, balance(lagos)) == ("failed", 0)
    flutterwave.pay(top_up)
    deliver(flutterwave.last_hook())
    work()
    assert balance(lagos) == 15000


def test_pending_then_successful_is_credited_once(flutterwave, lagos, top_up):
    paid = flutterwave.pay(top_up, how="pending")
    deliver(flutterwave.last_hook())
    assert work() == ["ignored"]
    assert balance(lagos) == 0
    flutterwave.control(f"settle/{paid['id']}")
    for _ in range(3):
        deliver(flutterwave.last_hook())
    assert work() == ["processed"]
    assert balance(lagos) == 15000
    assert states() == ["ignored", "processed"]


def test_told_to_be_paid_before_it_is_so_is_tried_again(flutterwave, lagos, top_up):
    paid = flutterwave.pay(top_up, how="pending")
    deliver(hint(paid, status="successful"))
    assert work() == ["received"]
    flutterwave.control(f"settle/{paid['id']}", status="successful")
    event = PaymentEvent.objects.get()
    assert inbox.process(event.pk, now=NOW + timedelta(days=4)) == "processed"
    assert balance(lagos) == 15000


def test_a_webhook_that_never_comes_is_not_needed(flutterwave, lagos, top_up):
    flutterwave.pay(top_up, hook=False)
    assert pending.verify_due(now=NOW + timedelta(minutes=5)) == 0
    assert pending.verify_due(now=NOW + timedelta(minutes=11)) == 1
    assert balance(lagos) == 15000


def test_what_nobody_pays_expires_and_a_later_payment_still_counts(
    flutterwave, lagos, top_up
):
    assert pending.verify_due(now=NOW + timedelta(hours=25)) == 0
    flutterwave.control("faults", path="verify_by_reference", kind="503", times=3)
    assert pending.verify_due(now=NOW + timedelta(hours=27)) == 0
    assert pending.verify_due(now=NOW + timedelta(hours=28)) == 1
    top_up.refresh_from_db()
    assert top_up.state == "expired"
    flutterwave.pay(top_up)
    deliver(flutterwave.last_hook())
    work()
    assert balance(lagos) == 15000


def test_the_page_returned_to_asks_and_believes_nothing_it_was_told(
    flutterwave, lagos, top_up
):
    assert pending.confirm(lagos, top_up.pk, now=NOW) == "pending"
    flutterwave.pay(top_up, hook=False)
    assert pending.confirm(lagos, top_up.pk, now=NOW) == "credited"
    assert pending.confirm(lagos, top_up.pk, now=NOW) == "credited"
    assert balance(lagos) == 15000


def test_two_clicks_are_one_payment(flutterwave, lagos, top_up):
    url = checkout.top_up(
        organization=lagos,
        amount=Decimal("15000.00"),
        currency="NGN",
        provider="flutterwave",
        started_by=None,
        now=NOW,
    )
    assert url == top_up.checkout_url
    assert len(flutterwave.box.payments) == 1


@pytest.mark.parametrize(
    ("amount", "currency", "error"),
    [
        ("4999", "NGN", TopUpOutOfBounds),
        ("1000001", "NGN", TopUpOutOfBounds),
        ("5000.001", "NGN", TopUpOutOfBounds),
        ("-5000", "NGN", TopUpOutOfBounds),
        ("5000", "USD", OtherCurrency),
    ],
)
def test_amounts_have_bounds(flutterwave, lagos, amount, currency, error):
    with pytest.raises(error):
        checkout.top_up(
            organization=lagos,
            amount=Decimal(amount),
            currency=currency,
            provider="flutterwave",
            started_by=None,
            now=NOW,
        )
    assert not TopUp.objects.exists()


def test_a_provider_that_does_not_answer_leaves_a_row_to_try_again(flutterwave, lagos):
    flutterwave.control("faults", path="/payments", kind="503")
    wanted = {
        "organization": lagos,
        "amount": Decimal(15000),
        "currency": "NGN",
        "provider": "flutterwave",
        "started_by": None,
        "now": NOW,
    }
    with pytest.raises(ProviderUnavailable):
        checkout.top_up(**wanted)
    assert len([r for r in flutterwave.box.requests if r["path"] == "/payments"]) == 1
    assert checkout.top_up(**wanted)
    assert TopUp.objects.count() == 1


def test_the_api_opens_a_top_up_by_amount_and_currency(flutterwave, lagos, client_of):
    client = client_of(lagos.owner)
    asked = {"top_up_amount": "15000.50", "currency": "NGN"}
    answer = client.post(
        "/api/billing/create-checkout-session", asked, content_type="application/json"
    )
    assert answer.status_code == 200, answer.content
    assert answer.json()["checkout_url"] == TopUp.objects.get().checkout_url
    assert TopUp.objects.get().amount == Decimal("15000.50")
    for wrong in ({"top_up_amount": "1e4", "currency": "NGN"}, {"top_up_amount": "9000"}):
        answer = client.post(
            "/api/billing/create-checkout-session", wrong, content_type="application/json"
        )
        assert answer.status_code == 400


@pytest.mark.parametrize(
    ("raw", "status"),
    [
        (b'{"event": "charge.completed", "data": {"id": 1e99999999999999999999}}', 400),
        (b'{"event": "charge.completed", "data": {"id": NaN}}', 400),
        (b"[" * 100_000, 400),
        (b"", 400),
        (b'{"event": "a\\u0000b", "data": {"id": 1}}', 200),
        (b'{"event": "\\ud800", "data": {"id": 1, "tx_ref": "\\ud800"}}', 200),
        (b'{"\\ud800\\u0000": 1}', 200),
        (b'{"event": "charge.completed", "data": {"id": "1E+400", "amount": "NaN"}}', 200),
    ],
)
def test_whatever_comes_with_the_right_hash_is_stored_or_refused(
    flutterwave, lagos, raw, status
):
    assert deliver(raw) == status
    assert set(work()) <= {"ignored", "received"}
    assert balance(lagos) == 0
