"""Money and minutes by other hands: true facts always post, wishes only if they are free."""

from decimal import Decimal

import pytest
from django.db import IntegrityError, transaction

from metering.balances import ledger
from metering.models import MinuteTransaction, WalletTransaction
from tests.factories import metering as make
from tests.metering.story import begin

pytestmark = pytest.mark.django_db


def wallet_card(price: str = "0.10", **terms):
    return make.make_card(
        when_exhausted="wallet", included_minutes=0, unit_price=price, **terms
    )


# Minutes


def test_bought_minutes_are_credited_once_per_reference(now):
    story = begin(now)
    grant = {
        "organization_id": story.owner.id,
        "minutes": 50,
        "kind": "purchase",
        "reference": "purchase:1",
        "now": now,
    }
    ledger.add_credit_minutes(**grant)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.add_credit_minutes(**grant)
    assert story.allowance.credit_minutes == 50
    assert story.allowance.minutes_ceiling == 150


def test_a_refund_after_use_leaves_debt(now):
    story = begin(now, make.make_card(included_minutes=0), credit_minutes=10)
    story.talk_unasked(8 * 60)
    story.buy(-10, kind="refund")
    assert story.remaining == -8
    assert story.ask()[1].rule == "no_minutes"


@pytest.mark.parametrize(("minutes", "is_free"), [(-7, True), (-8, False)])
def test_staff_take_no_more_credit_than_is_free(now, minutes, is_free):
    story = begin(now, make.make_card(included_minutes=0), credit_minutes=12)
    story.admitted()
    story.talk_unasked(2 * 60)
    assert story.allowance.minutes_held == 3
    if is_free:
        story.adjust_credit(minutes)
        assert story.allowance.minutes_ceiling == 3
    else:
        with pytest.raises(ledger.NotAvailable, match="only 7"):
            story.adjust_credit(minutes)
        assert story.allowance.credit_minutes == 12


@pytest.mark.parametrize(("minutes", "is_free"), [(7, True), (8, False)])
def test_staff_count_no_more_minutes_than_are_free(now, minutes, is_free):
    story = begin(now, make.make_card(included_minutes=10))
    story.admitted()
    if is_free:
        story.adjust_used(minutes)
        assert story.remaining == 3
    else:
        with pytest.raises(ledger.NotAvailable, match="only 7"):
            story.adjust_used(minutes)


def test_staff_take_back_no_more_than_was_used(now):
    story = begin(now)
    story.talk(120)
    with pytest.raises(ledger.NotAvailable, match="only 2"):
        story.adjust_used(-3)
    story.adjust_used(-2)
    assert story.allowance.minutes_used_this_cycle == 0


def test_minutes_taken_back_return_the_money_they_cost(now):
    story = begin(now, wallet_card(), wallet="1")
    story.talk_unasked(4 * 60)
    story.adjust_used(-3)
    assert story.wallet == Decimal("0.9")
    amounts = WalletTransaction.objects.filter(kind="adjustment")
    assert [row.amount for row in amounts] == [Decimal("0.3")]


def test_of_two_cards_the_one_in_force_gives_back_first(now):
    story = begin(now, wallet_card("0.10"), wallet="5")
    story.talk_unasked(2 * 60)
    story.change_card(wallet_card("1.00"))
    story.talk_unasked(2 * 60)
    story.adjust_used(-3)
    assert story.wallet == 5 - Decimal("0.10")
    (row,) = MinuteTransaction.objects.filter(kind="adjustment")
    assert (row.charged_change, row.amount) == (-3, Decimal("-2.10"))
    assert WalletTransaction.objects.filter(kind="adjustment").count() == 2


# Money


def test_a_top_up_is_credited_once_per_reference(now):
    story = begin(now, wallet_card())
    top_up = {
        "organization_id": story.owner.id,
        "amount": Decimal("5"),
        "kind": "top_up",
        "reference": "payment:1",
        "now": now,
    }
    ledger.move_money(**top_up)
    with pytest.raises(IntegrityError), transaction.atomic():
        ledger.move_money(**top_up)
    assert story.wallet == 5
    assert story.allowance.minutes_ceiling == 50


def test_a_dispute_may_leave_the_wallet_in_debt(now):
    story = begin(now, wallet_card(), wallet="1")
    story.talk_unasked(8 * 60)
    ledger.move_money(
        organization_id=story.owner.id,
        amount=Decimal("-1"),
        kind="dispute",
        reference="dispute:1",
        now=now,
    )
    assert story.wallet == Decimal("-0.8")
    assert story.ask()[1].rule == "wallet_empty"


@pytest.mark.parametrize(("amount", "is_free"), [("0.70", True), ("0.71", False)])
def test_a_purchase_leaves_open_calls_their_money(now, amount, is_free):
    story = begin(now, wallet_card(), wallet="1")
    story.admitted()
    if is_free:
        story.spend(amount)
        assert story.wallet == Decimal("0.30")
    else:
        with pytest.raises(ledger.NotAvailable):
            story.spend(amount)
        assert story.wallet == 1


@pytest.mark.parametrize(("amount", "is_free"), [("0.70", True), ("0.71", False)])
def test_it_leaves_them_their_money_after_a_change_of_card_too(now, amount, is_free):
    """Where the new card does not live on the wallet, its ceiling does not know of the
    money that open calls of the old one are promised."""
    story = begin(now, wallet_card(), wallet="1")
    ref = story.admitted()
    story.change_card(make.make_card(included_minutes=100))
    if not is_free:
        with pytest.raises(ledger.NotAvailable):
            story.spend(amount)
        return
    story.spend(amount)
    story.buy(-100, kind="refund")
    story.report(ref, 180)
    assert story.wallet == 0


def test_debt_of_minutes_does_not_stop_a_purchase_that_mends_it(now):
    """With a call open and minutes overdrawn, a bundle could not be bought with money that
    lay in the wallet."""
    story = begin(now, make.make_card(included_minutes=3), wallet="10")
    ref = story.admitted()
    story.talk_unasked(5 * 60)
    story.spend("10")
    story.buy(50)
    assert story.wallet == 0
    assert story.ask()[1].admitted
    story.report(ref, 60)


@pytest.mark.parametrize("amount", ["0", "-1"])
def test_a_debit_of_nothing_or_less_is_an_error(now, amount):
    story = begin(now, wallet_card(), wallet="1")
    with pytest.raises(ValueError, match="positive"):
        story.spend(amount)
    assert story.wallet == 1


@pytest.mark.parametrize("amount", ["0.0000001", "NaN"])
def test_an_amount_that_six_places_do_not_hold_is_an_error_and_not_rounded(now, amount):
    """The ledger rounded the row and the balance apart, so they no longer added up."""
    story = begin(now, wallet_card(), wallet="1")
    with pytest.raises((ValueError, ArithmeticError)):
        story.top_up(amount)
    assert story.wallet == 1


def test_unknown_organizations_have_no_books(now):
    with pytest.raises(ledger.UnknownOrganization):
        ledger.move_money(
            organization_id=make.reference_of().split(":")[1],
            amount=Decimal(1),
            kind="top_up",
            reference="x",
            now=now,
        )


def test_a_wallet_negative_without_a_price_is_still_written(now):
    """A book in debt whose cards cost nothing could not be written at all."""
    free = wallet_card("0")
    story = begin(now, free, wallet="1")
    story.admitted()
    story.change_card(wallet_card("0"))
    story.top_up("-3")
    assert story.allowance.minutes_ceiling == 0
