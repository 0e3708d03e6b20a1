"""The webhook and the page that a customer reloads, in the same instant: credited once."""

from decimal import Decimal

import pytest

from billing import checkout, pending, tasks
from billing.models import Payment, TopUp
from metering.models import WalletTransaction
from tests.billing.flutterwave.conftest import NOW, balance, deliver, work
from tests.crowd import Crowd
from tests.length import IS_LONG

AMOUNT = Decimal(15000)
DELIVERIES_MAX = 5


@pytest.mark.races
@pytest.mark.django_db(transaction=True)
def test_a_webhook_and_a_reloaded_page_at_once_credit_once(flutterwave, lagos, monkeypatch):
    """Half of the threads bring the webhook and work on it, half reload the page. With
    LONG=1: 200 payments, else 3."""
    rounds = 200 if IS_LONG else 3
    monkeypatch.setattr(tasks, "wake", lambda event_id: None)

    def race(thread: int) -> str:
        if thread % 2:
            return pending.confirm(lagos, top_up.pk, now=NOW)
        # Turned away by a busy machine, the provider sends it again.
        answers = (deliver(raw) for _ in range(DELIVERIES_MAX))
        assert next(filter(lambda status: status != 503, answers)) == 200
        work()
        return "delivered"

    with Crowd(8) as crowd:
        for number in range(1, rounds + 1):
            checkout.top_up(
                organization=lagos,
                amount=AMOUNT,
                currency="NGN",
                provider="flutterwave",
                started_by=None,
                now=NOW,
            )
            top_up = TopUp.objects.get(state="pending")
            flutterwave.pay(top_up)
            raw = flutterwave.last_hook()
            assert set(crowd.at_once(race)) == {"credited", "delivered"}
            assert balance(lagos) == AMOUNT * number
    assert Payment.objects.count() == rounds
    assert WalletTransaction.objects.count() == rounds
    assert set(TopUp.objects.values_list("state", flat=True)) == {"credited"}
