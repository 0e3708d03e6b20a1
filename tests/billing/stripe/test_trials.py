"""A trial is of some minutes and costs nothing; the first month that is paid begins anew.
A promotion code makes the first one cheaper, or free."""

from datetime import timedelta
from decimal import Decimal

import pytest

from billing.models import Payment, Plan
from billing.subscriptions import changes
from metering.calls import gate, settle
from metering.models import Allowance, BillingCycle, PhoneNumber, WalletTransaction
from metering.usage import reports
from tests.billing.stripe.talking import use_up
from tests.factories import metering as make

pytestmark = pytest.mark.django_db

TRIED_FOR = timedelta(days=14)


@pytest.fixture
def on_trial(paying):
    """Fourteen days and 50 minutes of a plan of 500, three minutes of them used."""
    Plan.objects.filter(code="starter").update(trial_days=14, trial_minutes=50, setup_fee=0)
    began_at = paying.now
    number = make.make_number(organization=paying.organization, valid_from=began_at)
    paying.subscribe("starter")
    ref = make.call_ref(number)
    assert gate.admit(make.make_request(ref, at=began_at), now=began_at).admitted
    report = make.make_report(ref, started_at=began_at, seconds=170)
    settle.settle([report], now=report.at)
    return paying


def allowance(paying) -> Allowance:
    return Allowance.objects.get(organization=paying.organization)


def test_the_first_paid_month_begins_with_all_its_minutes_when_the_trial_is_over(on_trial):
    ends_at = on_trial.now + TRIED_FOR
    mine = allowance(on_trial)
    assert (mine.plan_minutes, mine.minutes_used_this_cycle, mine.standing) == (
        50,
        3,
        "good",
    )
    assert on_trial.subscription.status == "trialing"
    assert on_trial.stripe.every("charge") == []

    on_trial.wait(days=14, hours=2)

    mine = allowance(on_trial)
    assert on_trial.subscription.status == "active"
    assert (mine.plan_minutes, mine.minutes_used_this_cycle) == (500, 0)
    assert mine.anchor_at == ends_at
    cards = ["starter.trial-1", "starter-1"]
    cycles = BillingCycle.objects.filter(rate_card__code__in=cards).order_by("starts_at")
    assert list(cycles.values_list("starts_at", "included_minutes", "minutes_used")) == [
        (ends_at - TRIED_FOR, 50, 3),
        (ends_at, 500, 0),
    ]
    amounts = Payment.objects.order_by("period_starts_at").values_list("amount", flat=True)
    assert list(amounts) == [Decimal(0), Decimal(204)]


def test_a_trial_is_never_overdrawn_and_the_plan_charges_overage_again(on_trial):
    """Nobody bills what is used while a subscription is tried."""
    use_up(on_trial, 47)
    number = PhoneNumber.objects.get()
    request = make.make_request(make.call_ref(number), at=on_trial.now)
    assert not gate.admit(request, now=on_trial.now).admitted
    report = reports.usage_this_cycle(on_trial.organization, now=on_trial.now)
    assert (report.plan, report.when_exhausted) == ("starter", "cut_off")

    changes.change(on_trial.organization, "growth", "monthly", on_trial.now)
    on_trial.hear()
    assert allowance(on_trial).rate_card.when_exhausted == "cut_off"

    on_trial.wait(days=14, hours=2)
    assert allowance(on_trial).rate_card.code == "growth-1"
    use_up(on_trial, 1000)
    request = make.make_request(make.call_ref(number), at=on_trial.now)
    assert gate.admit(request, now=on_trial.now).admitted


def test_who_cancels_a_trial_pays_nothing_and_keeps_no_minutes(on_trial):
    changes.cancel_at_period_end(on_trial.organization, on_trial.now)
    on_trial.hear()
    on_trial.wait(days=14, hours=2)

    assert on_trial.subscription.status == "canceled"
    assert on_trial.stripe.every("charge") == []
    # Three minutes of the trial were used; no others are left.
    mine = allowance(on_trial)
    assert (mine.plan_minutes, mine.standing) == (3, "no_plan")


def test_money_for_the_wallet_comes_with_the_first_payment_not_with_the_trial(paying):
    Plan.objects.filter(code="wallet-starter").update(trial_days=7)
    paying.subscribe("wallet-starter")
    assert not WalletTransaction.objects.exists()

    paying.wait(days=7, hours=2)

    assert WalletTransaction.objects.get().amount == 49


@pytest.mark.parametrize(("percent", "paid"), [(25, "153"), (100, "0")])
def test_a_promotion_code_takes_off_its_part_once(paying, percent, paid):
    Plan.objects.filter(code="starter").update(setup_fee=0)
    coupon = paying.stripe.post("coupons", percent_off=percent, duration="once")
    paying.stripe.post(
        "promotion_codes",
        **{
            "code": "SPRING",
            "promotion[type]": "coupon",
            "promotion[coupon]": coupon["id"],
        },
    )
    paying.subscribe("starter", code="SPRING")
    assert allowance(paying).plan_minutes == 500

    paying.wait(days=28, hours=2)

    amounts = Payment.objects.order_by("period_starts_at").values_list("amount", flat=True)
    assert list(amounts) == [Decimal(paid), Decimal(204)]
