"""What goes back with the money: refund × spent × dispute × partial × duplicate × order."""

from datetime import timedelta
from decimal import Decimal
from itertools import permutations

import pytest

from billing import inbox
from billing.events import Disputed, Paid, Refunded
from billing.models import Dispute, Payment, PaymentEvent, Purchase, Refund
from billing.purchases import fulfilling, starting
from billing.reversals import parts, recording
from billing.reversals.parts import Given
from metering.balances import ledger
from metering.calls import gate
from metering.models import Allowance, BillingCycle, MinuteTransaction, Notice
from tests.billing.conftest import stored
from tests.factories import metering as make

MINUTES, PRICE = 100, Decimal(25)


def _purchase(buyer, now) -> Purchase:
    return starting.start(
        organization=buyer,
        bundle_code="minutes-100-usd",
        provider="stripe",
        started_by=None,
        now=now,
    )


@pytest.fixture
def payment(buyer, now) -> Payment:
    """A hundred minutes, bought for 25."""
    paid = Paid("stripe", _purchase(buyer, now).pk, "pi_1", PRICE, "USD", now)
    assert fulfilling.fulfil(paid, now=now) == Purchase.State.FULFILLED
    return Payment.objects.get()


def _refund(amount, now, *, id="re_1", status="succeeded") -> Refunded:
    away = status in ("succeeded", "pending")
    named = ("pi_1", "ch_1")
    return Refunded("stripe", id, named, Decimal(amount), "USD", status, away, now)


def _dispute(amount, now, *, id="dp_1", status="needs_response") -> Disputed:
    away = status in ("needs_response", "under_review", "lost")
    return Disputed("stripe", id, ("pi_1",), Decimal(amount), "USD", status, away, now)


def _remaining(buyer) -> int:
    found = Allowance.objects.get(organization=buyer)
    return found.plan_minutes + found.credit_minutes - found.minutes_used_this_cycle


def _spend(buyer, minutes: int, now) -> None:
    if minutes:
        ledger.adjust_used(
            organization_id=buyer.pk,
            minutes=minutes,
            reference="test:spent",
            reason="spent",
            now=now,
        )


HALF = PRICE / 2
# What happened, spent before it → minutes left of a hundred. Negative: debt.
TABLE = [
    ([("refund", PRICE, "succeeded")], 0, 0),
    ([("refund", PRICE, "succeeded")], 100, -100),
    ([("refund", PRICE, "succeeded")], 30, -30),
    ([("refund", HALF, "succeeded")], 0, 50),
    ([("refund", HALF, "succeeded")], 80, -30),
    ([("refund", "0.10", "succeeded")], 0, 100),
    ([("refund", "0.30", "succeeded")], 0, 99),
    ([("refund", PRICE, "pending")], 0, 0),
    ([("refund", PRICE, "failed")], 0, 100),
    ([("refund", PRICE, "succeeded"), ("refund", PRICE, "failed")], 40, 60),
    ([("refund", PRICE, "pending"), ("refund", PRICE, "canceled")], 0, 100),
    ([("dispute", PRICE, "warning_needs_response")], 0, 100),
    ([("dispute", PRICE, "needs_response")], 0, 0),
    ([("dispute", PRICE, "needs_response")], 100, -100),
    ([("dispute", PRICE, "needs_response"), ("dispute", PRICE, "won")], 70, 30),
    ([("dispute", PRICE, "needs_response"), ("dispute", PRICE, "lost")], 70, -70),
    ([("dispute", HALF, "needs_response")], 0, 50),
    ([("refund", HALF, "succeeded"), ("dispute", HALF, "lost")], 0, 0),
    ([("refund", HALF, "succeeded"), ("dispute", PRICE, "lost")], 20, -20),
    ([("dispute", PRICE, "won"), ("refund", HALF, "succeeded")], 10, 40),
]


@pytest.mark.parametrize(("told", "spent", "left"), TABLE)
@pytest.mark.parametrize("times", [1, 3])
def test_the_balance_is_as_the_table_says(buyer, payment, now, told, spent, left, times):
    _spend(buyer, spent, now)
    for kind, amount, status in told:
        make = _refund if kind == "refund" else _dispute
        for _ in range(times):
            recording.record(make(amount, now, status=status), now=now)
    assert _remaining(buyer) == left


@pytest.mark.parametrize(
    ("amount", "told"),
    [
        (HALF, ("percent_used", 80, False)),
        (PRICE, ("minutes_left", 0, True)),
    ],
)
def test_a_refund_that_leaves_little_or_nothing_is_noticed(
    buyer, payment, now, amount, told
):
    _spend(buyer, 45, now)
    assert not Notice.objects.exists()
    for _ in range(2):
        recording.record(_refund(amount, now), now=now)
    notice = Notice.objects.get()
    assert (notice.kind, notice.threshold, notice.is_gone) == told


def test_refunds_in_parts_take_the_same_in_every_order(buyer, payment, now):
    """Thirds of 25 for 100 minutes: nothing is lost in rounding, whoever comes first."""
    ends = set()
    for turn, order in enumerate(permutations(range(4))):
        thirds = [("a", "8.33"), ("b", "8.33"), ("c", "8.34"), ("c", "8.34")]
        facts = [_refund(amount, now, id=f"re_{turn}_{id}") for id, amount in thirds]
        for number in order:
            recording.record(facts[number], now=now)
        for status in ("needs_response", "won"):
            dispute = _dispute("8.33", now, id=f"dp_{turn}", status=status)
            recording.record(dispute, now=now)
        ends.add(_remaining(buyer))
        for fact in facts[:3]:
            gone = _refund(fact.amount, now, id=fact.refund_id, status="failed")
            recording.record(gone, now=now)
        assert _remaining(buyer) == MINUTES
    assert ends == {0}
    rows = MinuteTransaction.objects.filter(organization=buyer)
    taken = rows.filter(kind__in=["refund", "dispute"])
    assert sum(taken.values_list("credit_change", flat=True)) == 0


def test_a_refund_told_twice_is_one_row_and_one_movement(buyer, payment, now):
    for _ in range(3):
        recording.record(_refund(PRICE, now), now=now)
    assert Refund.objects.get().minutes == MINUTES
    assert MinuteTransaction.objects.filter(kind="refund").count() == 1


def test_news_of_a_refund_before_the_payment_waits(buyer, payments, now):
    purchase = _purchase(buyer, now)
    payments.other_facts["refund.created"] = _refund(PRICE, now)
    event = stored("refund.created", now=now)
    assert inbox.process(event, now=now) == PaymentEvent.State.RECEIVED
    fulfilling.fulfil(Paid("stripe", purchase.pk, "pi_1", PRICE, "USD", now), now=now)
    later = now + timedelta(minutes=1)
    assert inbox.process(event, now=later) == PaymentEvent.State.PROCESSED
    assert (_remaining(buyer), Refund.objects.count()) == (0, 1)


def test_a_mismatched_purchase_gave_nothing_to_take_back(buyer, now):
    paid = Paid("stripe", _purchase(buyer, now).pk, "pi_1", Decimal(20), "USD", now)
    assert fulfilling.fulfil(paid, now=now) == Purchase.State.MISMATCHED
    assert recording.record(_refund(20, now), now=now) == "nothing moved"
    assert _remaining(buyer) == 0


def test_tax_that_came_on_top_is_part_of_what_was_paid(buyer, now):
    paid = Paid(
        "stripe", _purchase(buyer, now).pk, "pi_1", PRICE, "USD", now, tax=Decimal(5)
    )
    fulfilling.fulfil(paid, now=now)
    recording.record(_refund(15, now), now=now)
    assert _remaining(buyer) == 50


@pytest.fixture
def subscribed(buyer, payments, now):
    """A month of 100 minutes for 49."""
    until = now + timedelta(days=28)
    payments.subscribe(
        plan_code="cutoff", at=now, until=until, amount=Decimal(49), currency="USD"
    )
    inbox.process(stored("invoice.paid", now=now, period=0), now=now)
    return Payment.objects.get(subscription__isnull=False)


def _of_period(amount, now) -> Refunded:
    named = ("pi_9", "in_0")
    return Refunded("stripe", "re_9", named, Decimal(amount), "USD", "succeeded", True, now)


def test_a_refunded_month_takes_its_plan_minutes_and_the_next_one_is_whole(
    buyer, subscribed, now
):
    _spend(buyer, 60, now)
    recording.record(_of_period(49, now), now=now)
    assert _remaining(buyer) == -60
    next_month = Allowance.objects.get(organization=buyer).cycle_ends_at
    with ledger.opened_one(buyer.pk, now=next_month + timedelta(hours=1)):
        """The month closes: what was not used repays the debt."""
    assert BillingCycle.objects.filter(organization=buyer, state="closed").exists()
    assert Allowance.objects.get(organization=buyer).credit_minutes == -60


def test_half_a_refunded_month_takes_half_of_its_minutes(buyer, subscribed, now):
    recording.record(_of_period("24.50", now), now=now)
    assert _remaining(buyer) == 50
    assert recording.align_running(now=now + timedelta(days=1)) == 1
    assert _remaining(buyer) == 50


def test_parts_never_exceed_the_whole_and_always_add_up():
    given = Given(minutes=97, wallet=Decimal("33.33"))
    cents = [Decimal(n) / 100 for n in (1, 333, 1, 1000, 7, 2000)]
    taken = parts.shares(given, cents, paid=Decimal("33.42"), currency="USD")
    assert sum(one.minutes for one in taken) == 97
    assert sum(one.wallet for one in taken) == Decimal("33.33")
    assert all(one.minutes >= 0 and one.wallet >= 0 for one in taken)


def test_an_inquiry_that_becomes_a_dispute_takes_the_minutes_then(buyer, payment, now):
    recording.record(_dispute(PRICE, now, status="warning_under_review"), now=now)
    assert _remaining(buyer) == MINUTES
    recording.record(_dispute(PRICE, now, status="under_review"), now=now)
    assert (_remaining(buyer), Dispute.objects.get().minutes) == (0, MINUTES)


STALE = [
    ("refund", "failed", "pending", MINUTES),
    ("refund", "failed", "succeeded", MINUTES),
    ("refund", "canceled", "pending", MINUTES),
    ("refund", "succeeded", "pending", 0),
    ("dispute", "won", "needs_response", MINUTES),
    ("dispute", "won", "under_review", MINUTES),
    ("dispute", "lost", "warning_needs_response", 0),
]


@pytest.mark.parametrize(("kind", "known", "told", "left"), STALE)
def test_what_was_fetched_earlier_and_comes_later_undoes_nothing(
    buyer, payment, now, kind, known, told, left
):
    make = _refund if kind == "refund" else _dispute
    recording.record(make(PRICE, now, status=known), now=now)
    recording.record(make(PRICE, now, status=told), now=now)
    row = (Refund if kind == "refund" else Dispute).objects.get()
    assert (row.status, _remaining(buyer)) == (known, left)


def test_spent_minutes_that_went_back_refuse_calls_until_the_dispute_is_won(
    buyer, payment, now
):
    number = make.make_number(organization=buyer, valid_from=now)

    def ring() -> str:
        return gate.admit(make.make_request(make.call_ref(number), at=now), now=now).rule

    assert ring() == "ok"
    _spend(buyer, 60, now)
    recording.record(_dispute(PRICE, now), now=now)
    assert (_remaining(buyer), ring()) == (-60, "no_plan")
    recording.record(_dispute(PRICE, now, status="won"), now=now)
    assert (_remaining(buyer), ring()) == (40, "ok")


def test_a_dispute_that_was_lost_may_be_won_on_appeal(buyer, payment, now):
    for status in ("needs_response", "lost", "won"):
        recording.record(_dispute(PRICE, now, status=status), now=now)
    assert _remaining(buyer) == MINUTES
