"""Whoever asks first is admitted only if something can pay, however many ask at once."""

from datetime import timedelta
from decimal import Decimal

import pytest

from metering.balances import cycles, ledger
from metering.calls import gate
from metering.models import Allowance, UsageEvent, UsageHold
from metering.usage import holds
from metering.usage.errors import (
    BadEvent,
    HoldClosed,
    KeyReused,
    NothingPays,
    QuotaReached,
    UnknownEvent,
)
from tests.crowd import Crowd
from tests.factories import metering as make
from tests.usage.uses import balance, begin, sums, use, used

pytestmark = pytest.mark.django_db

HOUR = timedelta(hours=1)
ONE = Decimal(1)


def held(organization, quantity="1", *, now, reference="", **fields):
    return holds.hold(
        organization,
        meter="api_call",
        quantity=Decimal(quantity),
        reference=reference or make.reference_of(),
        now=now,
        **fields,
    )


def refused(organization, quantity="1", *, now) -> str:
    with pytest.raises((NothingPays, QuotaReached)) as caught:
        held(organization, quantity, now=now)
    return caught.value.code


def test_what_is_held_is_not_given_to_another(now):
    organization = begin(now, when_exhausted="cut_off", included="5")

    held(organization, "3", now=now)

    assert refused(organization, "3", now=now) == "included_used_up"
    held(organization, "2", now=now)


def test_events_may_not_use_what_is_held(now):
    organization = begin(now, when_exhausted="cut_off", included="5")
    held(organization, "3", now=now)

    recorded = used(organization, use("3"), use("2"), now=now)

    assert recorded[0].error.code == "included_used_up"
    assert recorded[1].error is None


def test_a_hard_quota_holds_whoever_could_pay(now):
    organization = begin(now, wallet="100", included="1", quota="3")
    held(organization, "2", now=now)

    assert refused(organization, "2", now=now) == "quota_reached"
    assert used(organization, use("2"), now=now)[0].error.status == 429


def test_the_wallet_is_promised_once(now):
    organization = begin(now, wallet="0.05", unit_price="0.01")
    first = held(organization, "3", now=now)

    assert refused(organization, "3", now=now) == "wallet_empty"
    assert used(organization, use("3"), now=now)[0].error.status == 402
    with pytest.raises(ledger.NotAvailable):
        ledger.spend_money(
            organization_id=organization.id,
            amount=Decimal("0.03"),
            kind="purchase",
            reference="x",
            now=now,
        )
    holds.release(organization, hold_id=first.hold_id, now=now)
    held(organization, "5", now=now)


def test_calls_and_usage_share_the_wallet(now):
    organization = begin(now, wallet="1", unit_price="0.01", terms={"unit_price": "0.10"})
    allowance = Allowance.objects.get(organization=organization)
    assert allowance.minutes_ceiling == 10

    held(organization, "40", now=now)

    allowance.refresh_from_db()
    assert allowance.minutes_ceiling == 6


def test_money_of_running_calls_is_not_spent_on_usage(now):
    organization = begin(now, wallet="1", unit_price="0.01", terms={"unit_price": "0.10"})
    number = make.make_number(organization=organization, valid_from=now)
    request = make.make_request(make.call_ref(number), at=now)
    # Three of ten minutes.
    assert gate.admit(request, now=now).minutes == 3

    assert refused(organization, "71", now=now) == "wallet_empty"
    assert used(organization, use("71"), now=now)[0].error.code == "wallet_empty"
    held(organization, "70", now=now)


def test_the_credit_limit_counts_what_is_held(now):
    organization = begin(
        now,
        when_exhausted="postpaid",
        unit_price="1",
        terms={"postpaid_limit_amount": Decimal(5)},
    )
    held(organization, "3", now=now)

    assert refused(organization, "3", now=now) == "credit_limit"


def test_the_same_reference_gets_the_same_hold(now):
    organization = begin(now, wallet="1")
    first = held(organization, "2", reference="job-1", now=now)

    again = held(organization, "2", reference="job-1", now=now + HOUR / 2)

    assert again == first
    with pytest.raises(KeyReused):
        held(organization, "3", reference="job-1", now=now)
    assert UsageHold.objects.count() == 1


def test_settling_records_what_was_used_once(now):
    organization = begin(now, wallet="1", unit_price="0.01")
    hold = held(organization, "5", now=now)

    for _ in range(2):
        settled = holds.settle(
            organization, hold_id=hold.hold_id, quantity=ONE * 4, now=now
        )
        assert settled.state == "settled"

    assert sums(organization)[0] == 4
    assert balance(organization) == Decimal("0.96")
    with pytest.raises(HoldClosed):
        holds.settle(organization, hold_id=hold.hold_id, quantity=ONE, now=now)
    with pytest.raises(HoldClosed):
        holds.release(organization, hold_id=hold.hold_id, now=now)


def test_true_usage_beyond_the_hold_always_counts(now):
    organization = begin(now, wallet="0.02", unit_price="0.01")
    hold = held(organization, "2", now=now)

    holds.settle(organization, hold_id=hold.hold_id, quantity=ONE * 5, now=now)

    assert balance(organization) == Decimal("-0.03")


def test_nothing_used_settles_without_an_event(now):
    organization = begin(now, wallet="1")
    hold = held(organization, now=now)

    holds.settle(organization, hold_id=hold.hold_id, quantity=Decimal(0), now=now)

    assert not UsageEvent.objects.exists()


def test_a_hold_belongs_to_the_cycle_and_card_that_admitted_it(now):
    organization = begin(now, wallet="10", unit_price="0.01")
    hold = held(organization, "2", now=now, lasts=HOUR)
    dearer = make.make_card(when_exhausted="wallet", included_minutes=0)
    make.make_rate(dearer, unit_price="1")
    cycles.change_card(organization_id=organization.id, card_id=dearer.id, now=now)
    later = now + timedelta(days=40)
    cycles.roll_over(organization.id, now=later)

    holds.settle(organization, hold_id=hold.hold_id, quantity=ONE * 2, now=later)

    assert balance(organization) == Decimal("9.98")
    event = UsageEvent.objects.get()
    assert event.cycle.ends_at <= later
    assert event.occurred_at == now


def test_a_hold_that_ran_out_is_free_again_and_can_still_be_settled(now):
    organization = begin(now, when_exhausted="cut_off", included="2")
    hold = held(organization, "2", now=now, lasts=HOUR)

    assert holds.sweep(now=now + HOUR / 2) == 0
    assert holds.sweep(now=now + HOUR) == 1
    assert holds.sweep(now=now + HOUR) == 0

    held(organization, "2", now=now + HOUR)
    late = holds.settle(
        organization, hold_id=hold.hold_id, quantity=ONE * 2, now=now + 2 * HOUR
    )
    assert late.recorded.outcome == "recorded"


def test_releasing_is_quiet_the_second_time(now):
    organization = begin(now, wallet="1")
    hold = held(organization, now=now)

    for _ in range(2):
        assert (
            holds.release(organization, hold_id=hold.hold_id, now=now).state == "released"
        )
    with pytest.raises(HoldClosed):
        holds.settle(organization, hold_id=hold.hold_id, quantity=ONE, now=now)


def test_somebody_elses_hold_does_not_exist(now):
    hold = held(begin(now, wallet="1"), now=now)

    with pytest.raises(UnknownEvent):
        holds.release(begin(now), hold_id=hold.hold_id, now=now)


def test_nothing_is_held_for_ever(now):
    with pytest.raises(BadEvent):
        held(begin(now, wallet="1"), now=now, lasts=timedelta(days=2))


def test_who_owes_or_is_suspended_is_refused(now):
    organization = begin(now, wallet="1")
    cycles.set_standing(organization_id=organization.id, standing="past_due", now=now)
    assert refused(organization, now=now) == "past_due"
    organization.status = "suspended"
    organization.save(update_fields=["status"])
    assert refused(organization, now=now) == "suspended"


def test_shadow_mode_lets_through_and_remembers(now):
    organization = begin(now, when_exhausted="cut_off", included="1")
    cycles.set_enforcement(organization_id=organization.id, enforcement="shadow", now=now)

    held(organization, "2", now=now)

    assert UsageHold.objects.get().would_refuse
    assert used(organization, use("3"), now=now)[0].outcome == "recorded"
    asked = holds.check(organization, meter="api_call", quantity=ONE, now=now)
    assert asked.reason == ""


@pytest.mark.parametrize("status", ["suspended", "closed"])
def test_shadow_mode_lets_nobody_through_who_may_not_use_anything(now, status):
    organization = begin(now, wallet="1")
    cycles.set_enforcement(organization_id=organization.id, enforcement="shadow", now=now)
    organization.status = status
    organization.save(update_fields=["status"])

    assert refused(organization, now=now) == status
    assert used(organization, use(), now=now)[0].error.code == status
    asked = holds.check(organization, meter="api_call", quantity=ONE, now=now)
    assert asked.reason == status


def test_checking_answers_and_holds_nothing(now):
    organization = begin(now, when_exhausted="cut_off", included="5", quota="9")
    held(organization, "3", now=now)
    used(organization, use(), now=now)

    fits = holds.check(organization, meter="api_call", quantity=ONE, now=now)
    not_so = holds.check(organization, meter="api_call", quantity=ONE * 2, now=now)

    assert (fits.reason, not_so.reason) == ("", "included_used_up")
    assert (fits.used, fits.held, fits.included, fits.quota_limit) == (1, 3, 5, 9)
    assert UsageHold.objects.count() == 1


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize(
    "rate",
    [
        {"when_exhausted": "cut_off", "included": "1"},
        {"wallet": "0.01", "unit_price": "0.01"},
        {"wallet": "9", "unit_price": "0.01", "quota": "1"},
    ],
    ids=["included", "wallet", "quota"],
)
def test_of_twenty_at_once_with_room_for_one_one_is_admitted(now, rate):
    organization = begin(now, **rate)

    def ask(number: int) -> str:
        try:
            return held(organization, reference=f"job-{number}", now=now).state
        except (NothingPays, QuotaReached) as error:
            return error.code

    with Crowd(20) as crowd:
        answers = crowd.at_once(ask)

    assert answers.count("open") == 1
    assert UsageHold.objects.count() == 1
