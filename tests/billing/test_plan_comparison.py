"""What a month of calls costs on each plan, from its sums."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
from django.core.management import call_command
from hypothesis import given
from hypothesis import strategies as st

from billing import plan_comparison, plan_costs, plans
from billing.models import Plan, Subscription
from billing.plan_costs import Bundle, Taken, Terms
from metering import rating
from metering.calls import gate, settle
from tests.factories import accounts
from tests.factories import metering as make

NOW = datetime(2026, 2, 3, tzinfo=UTC)
BUNDLES = [
    Bundle(50, Decimal("12.50")),
    Bundle(100, Decimal(25)),
    Bundle(1000, Decimal(200)),
]


def card(when_exhausted="overage", included=100, price="0.50", step=60, **limits):
    return rating.Card(
        id=uuid4(),
        code="test",
        when_exhausted=when_exhausted,
        included_minutes=included,
        currency="USD",
        tiers=(rating.Tier(None, Decimal(price)),),
        increment_first_seconds=step,
        increment_step_seconds=step,
        **limits,
    )


def cost(taken, terms_card, fee="0", grant="0", bundles=()):
    terms = Terms(terms_card, Decimal(fee), Decimal(grant))
    return plan_costs.month_cost(taken, terms, bundles)


def test_overage_is_charged_beyond_the_included_minutes_up_to_its_limit():
    overage = card(overage_limit_minutes=40)

    within = cost(Taken(120, 6000), overage, fee="49")
    beyond = cost(Taken(150, 7000), overage, fee="49")

    assert (within.total, within.refused_minutes) == (Decimal(59), 0)
    assert (beyond.total, beyond.refused_minutes) == (Decimal(69), 10)


def test_calls_by_the_second_cost_what_was_talked():
    by_second = card("postpaid", 0, "0.06", 1, postpaid_limit_amount=Decimal(500))

    found = cost(Taken(10, 433), by_second)

    assert (found.total, found.is_estimate) == (Decimal("0.433"), False)


def test_credit_limit_ends_what_is_served():
    limited = card("postpaid", 0, "0.50", 60, postpaid_limit_amount=Decimal(10))

    found = cost(Taken(30, 1500), limited)

    assert (found.total, found.refused_minutes) == (Decimal(10), 10)


def test_grant_of_the_wallet_pays_first_and_not_more_than_there_is():
    wallet = card("wallet", 0, "0.10", 1)

    small = cost(Taken(100, 6000), wallet, fee="49", grant="49")
    large = cost(Taken(1000, 60000), wallet, fee="49", grant="49")

    assert (small.paid_by_grant, small.total) == (Decimal(10), Decimal(49))
    assert (large.paid_by_grant, large.total) == (Decimal(49), Decimal(100))


def test_seconds_beyond_included_minutes_are_an_estimate_and_say_so():
    wallet = card("wallet", 60, "0.02", 1)

    found = cost(Taken(120, 6000), wallet)

    assert (found.calls, found.is_estimate) == (Decimal(1), True)
    assert not cost(Taken(60, 3000), wallet).is_estimate


def test_cut_off_plan_needs_bundles_or_refuses():
    cut_off = card("cut_off", 100)

    with_bundles = cost(Taken(230, 12000), cut_off, fee="49", bundles=BUNDLES)
    without = cost(Taken(230, 12000), cut_off, fee="49")

    assert (with_bundles.total, with_bundles.bundle_minutes) == (Decimal("86.5"), 150)
    assert (without.total, without.refused_minutes) == (Decimal(49), 130)


@given(st.integers(0, 5000))
def test_bundles_cover_what_is_asked_with_little_to_spare(minutes):
    price, covered = plan_costs.cheapest(BUNDLES, minutes=minutes)

    assert minutes <= covered < minutes + 50
    assert price >= covered * Decimal("0.2")


@given(st.integers(0, 4000), st.integers(0, 500))
def test_more_minutes_never_cost_less(minutes, more):
    for one in (
        card(overage_limit_minutes=1000),
        card("wallet", 60, "0.10", 1),
        card("postpaid", 0, "0.05", 60, postpaid_limit_amount=Decimal(50)),
    ):
        before = cost(Taken(minutes, 60 * minutes), one)
        after = cost(Taken(minutes + more, 60 * (minutes + more)), one)
        assert after.total >= before.total
        assert after.refused_minutes >= before.refused_minutes


@pytest.fixture
def customer(db):
    """Talked 300 minutes in January on the plan `payg`."""
    call_command("load_catalogue", verbosity=0)
    organization = accounts.make_organization(now=NOW - timedelta(days=40))
    plan = Plan.objects.get(code="payg")
    plans.open_organization(
        organization=organization, plan=plan, now=NOW - timedelta(days=40)
    )
    number = make.make_number(
        organization=organization, valid_from=NOW - timedelta(days=40)
    )
    for day in range(30):
        at = datetime(2026, 1, 1, 12, tzinfo=UTC) + timedelta(days=day)
        ref = make.call_ref(number)
        gate.admit(make.make_request(ref, at=at), now=at)
        settle.settle([make.make_report(ref, started_at=at, seconds=570)], now=at)
    return organization


def test_last_month_is_priced_on_every_plan_of_the_currency(customer):
    found = plan_comparison.compare_plans(customer, month=date(2026, 1, 31), now=NOW)

    totals = {one.code: one.cost.total for one in found.plans}
    assert (found.minutes, found.talk_seconds) == (300, 17100)
    assert totals["payg"] == Decimal("14.25")
    assert totals["graduated"] == Decimal("17.10")
    assert totals["hybrid"] == Decimal(49)
    assert totals["cutoff"] == 49 + 200 * Decimal("0.25")
    assert totals["wallet-starter"] == Decimal(49)
    assert "starter" not in totals, "another currency"
    assert "none" not in totals


def test_cheapest_is_named_and_what_refuses_is_not(customer):
    found = plan_comparison.compare_plans(customer, month=date(2026, 1, 1), now=NOW)

    assert [one.code for one in found.plans if one.is_cheapest] == ["basic"]
    payg = next(one for one in found.plans if one.code == "payg")
    assert payg.per_minute == Decimal("0.05")
    assert found.current == payg


def test_own_plan_keeps_the_terms_it_began_with(customer):
    plan = Plan.objects.get(code="hybrid")
    Subscription.objects.create(
        organization=customer,
        plan=plan,
        rate_card=plan.rate_card,
        price=Decimal("39"),
        currency="USD",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        created_at=NOW,
    )
    Plan.objects.filter(pk=plan.pk).update(is_public=False, price_monthly=Decimal(99))

    found = plan_comparison.compare_plans(customer, month=date(2026, 1, 1), now=NOW)

    assert found.current.code == "hybrid"
    assert found.current.cost.total == Decimal(39)


def test_a_month_without_calls_costs_the_fees(customer):
    found = plan_comparison.compare_plans(customer, month=date(2025, 11, 1), now=NOW)

    assert {one.code: one.cost.total for one in found.plans}["hybrid"] == Decimal(49)
    assert all(one.per_minute is None for one in found.plans)
