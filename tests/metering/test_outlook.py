"""Which of an organization's means runs out next, and when."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

import pytest

from metering.balances import cycles
from metering.calls import gate, settle
from metering.usage import outlook, reports
from tests.factories import metering as make

pytestmark = pytest.mark.django_db
BEGIN = datetime(2026, 1, 5, tzinfo=UTC)
TODAY = BEGIN + timedelta(days=21)


def live(*, card, minutes_a_day=5, days=21, **balances):
    """An organization that talks so much each day at noon, and its outlook after that."""
    organization = make.make_balances(now=BEGIN, card=card, **balances)
    number = make.make_number(organization=organization, valid_from=BEGIN)
    for day in range(days):
        at = BEGIN + timedelta(days=day, hours=12)
        ref = make.call_ref(number)
        gate.admit(make.make_request(ref, at=at), now=at)
        settle.settle(
            [make.make_report(ref, started_at=at, seconds=60 * minutes_a_day)], now=at
        )
    return organization


def outlook_of(organization, now=TODAY):
    report = reports.usage_this_cycle(organization, now=now)
    return outlook.outlook_of(organization, report, now=now)


def test_minutes_end_before_the_cycle_does():
    found = outlook_of(live(card=make.make_card(included_minutes=120)))

    assert (found.what, found.left, found.renews_first) == ("minutes", 15, False)
    assert found.projected.likely == date(2026, 1, 28)


def test_minutes_that_last_until_the_next_cycle_do_not_run_out():
    found = outlook_of(live(card=make.make_card(included_minutes=200)))

    assert found.renews_first
    assert found.run_out.likely >= date(2026, 2, 5)
    assert found.projected is None


def test_unpaid_renewal_fills_nothing_up():
    found = outlook_of(
        live(
            card=make.make_card(included_minutes=200),
            rolls_until=BEGIN + timedelta(days=30),
        )
    )

    assert found.projected is not None


def test_bought_minutes_alone_are_not_renewed():
    found = outlook_of(live(card=make.make_card(included_minutes=0), credit_minutes=300))

    assert found.left == 195
    assert found.projected.likely > date(2026, 2, 5)


def test_overage_counts_up_to_its_limit_once_the_minutes_are_gone():
    card = make.make_card(
        when_exhausted="overage", included_minutes=50, overage_limit_minutes=75
    )

    found = outlook_of(live(card=card))

    assert (found.what, found.left) == ("overage_minutes", 20)
    assert found.projected.likely == date(2026, 1, 29)


def test_wallet_is_counted_in_money():
    card = make.make_card(when_exhausted="wallet", included_minutes=0, unit_price="0.10")

    found = outlook_of(live(card=card, wallet="12"))

    assert (found.what, found.left) == ("wallet", Decimal("1.5"))
    assert found.projected.likely == date(2026, 1, 28)


def test_credit_limit_is_counted_in_money():
    card = make.make_card(
        when_exhausted="postpaid",
        included_minutes=0,
        unit_price="0.10",
        postpaid_limit_amount=Decimal(12),
    )

    assert outlook_of(live(card=card)).what == "credit_limit"


def test_new_organization_has_no_outlook():
    found = outlook_of(live(card=make.make_card(), days=2), BEGIN + timedelta(days=2))

    assert (found.run_out, found.projected) == (None, None)


def test_evening_leaves_less_of_today():
    organization = live(card=make.make_card(included_minutes=110))

    morning = outlook_of(organization)
    evening = outlook_of(organization, TODAY + timedelta(hours=20))

    assert morning.projected.likely == date(2026, 1, 26)
    assert evening.projected.likely == date(2026, 1, 27)


def test_it_is_one_statement_more(django_assert_num_queries):
    organization = live(card=make.make_card(), days=4)
    cycles.roll_over(organization.pk, now=TODAY)
    report = reports.usage_this_cycle(organization, now=TODAY)

    with django_assert_num_queries(1):
        outlook.outlook_of(organization, report, now=TODAY)
