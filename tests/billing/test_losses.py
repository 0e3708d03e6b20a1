"""Whoever costs more than they bring is found: organizations, agents, calls."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from adminpanel.organizations import margins
from billing import losses, plan_margins
from billing.letters import digest
from billing.models import ExchangeRate, Letter, Payment, Plan, Subscription, TopUp
from metering.models import PhoneNumber
from tests.factories import accounts
from tests.factories import metering as make
from tests.metering.story import Story, begin

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)


def talks(currency: str = "USD", *, paid: str, cost: str, **card) -> Story:
    """An organization that paid so much, and whose call of two minutes cost us that."""
    story = begin(NOW, make.make_card(currency=currency, **card))
    top_up = TopUp.objects.create(
        organization=story.owner,
        amount=Decimal(paid),
        currency=currency,
        state=TopUp.State.CREDITED,
        provider="stripe",
        created_at=NOW,
    )
    Payment.objects.create(
        organization=story.owner,
        top_up=top_up,
        provider="stripe",
        provider_payment_id=f"pay-{story.owner.pk}",
        amount=Decimal(paid),
        currency=currency,
        paid_at=NOW,
        created_at=NOW,
    )
    story.report(story.admitted(), 120, cost=cost)
    return story


def test_organizations_are_compared_in_dollars_the_worst_first():
    ExchangeRate.objects.create(
        base="USD", quote="NGN", rate=1000, valid_from=NOW - timedelta(days=9),
        created_at=NOW,
    )  # fmt: skip
    small = talks(paid="1", cost="3.50")
    worse = talks("NGN", paid="1000", cost="5")
    talks(paid="10", cost="5")
    talks("EUR", paid="1", cost="5")

    found = losses.find(now=NOW)

    assert [(one.name, one.margin) for one in found.worst_organizations] == [
        (worse.owner.name, Decimal(-4000)),
        (small.owner.name, Decimal("-2.5")),
    ]
    assert found.organizations == 2
    assert found.are_any


def test_an_agent_loses_what_its_share_of_the_payment_does_not_cover():
    story = talks(paid="4", cost="1")
    first = story.number
    second = make.make_number(organization=story.owner, valid_from=NOW)
    story.number = second
    story.report(story.admitted(), 120, cost="2.50")

    found = losses.find(now=NOW)

    assert found.organizations == 0
    (one,) = found.worst_agents
    agent = PhoneNumber.objects.get(pk=second.pk).agent
    assert (one.agent, one.margin) == (agent.name, Decimal("-0.5"))
    assert first.agent.name != agent.name


def test_a_call_that_minutes_paid_before_stand_against_is_no_loss():
    talks(paid="100", cost="3", included_minutes=5)
    talks(paid="100", cost="3", when_exhausted="postpaid", included_minutes=0)

    found = losses.find(now=NOW + timedelta(hours=1))

    # Two minutes at 0.10.
    assert (found.calls, found.calls_margin_usd) == (1, Decimal("-2.8"))
    assert losses.find(now=NOW + timedelta(days=2)).calls == 0


def test_staff_are_written_to_in_figures_without_money():
    accounts.make_user(email="staff@example.org", is_staff=True)
    talks(paid="1", cost="3.50")

    assert digest.write_due(now=NOW) == 1

    words = str(Letter.objects.get().words)
    assert "cost more than they paid" in words
    assert "2.5" not in words


def test_the_cost_does_not_grow_with_the_organizations(django_assert_num_queries):
    for _ in range(3):
        talks(paid="1", cost="3.50")
    with django_assert_num_queries(4):
        losses.find(now=NOW)


def test_who_paid_for_a_year_pays_for_each_month_of_it():
    card = make.make_card(code="yearly-2")
    story = begin(NOW, card)
    subscription = Subscription.objects.create(
        organization=story.owner,
        plan=Plan.objects.create(code="yearly", name="Y", currency="USD", rate_card=card),
        rate_card=card,
        price=Decimal(365),
        currency="USD",
        billing_period="yearly",
        provider="stripe",
        provider_subscription_id="sub_1",
        status="active",
        created_at=NOW,
    )
    began = NOW - timedelta(days=200)
    Payment.objects.create(
        organization=story.owner,
        subscription=subscription,
        provider="stripe",
        provider_payment_id="in_1",
        amount=Decimal(365),
        currency="USD",
        period_starts_at=began,
        period_ends_at=began + timedelta(days=365),
        paid_at=began,
        created_at=began,
    )
    story.report(story.admitted(), 120, cost="30")
    assert losses.find(now=NOW).organizations == 0
    earned = margins.of([story.owner], since=NOW - losses.SPAN, now=NOW)
    assert earned == {story.owner.pk: Decimal(1)}

    story.report(story.admitted(), 120, cost="3")
    assert [one.margin for one in losses.find(now=NOW).worst_organizations] == [Decimal(-2)]
    assert margins.of([story.owner], since=NOW - losses.SPAN, now=NOW) == {
        story.owner.pk: Decimal(-2)
    }


def test_the_plan_that_loses_most_comes_first_with_what_a_minute_costs():
    talks(paid="10", cost="5", code="good-1")
    for number, paid in enumerate(("1", "2"), start=1):
        talks(paid=paid, cost="4", code=f"bad-{number}")
    talks("EUR", paid="1", cost="9", code="bad-3")

    bad, good = plan_margins.of_all(now=NOW)

    assert (bad.plan, bad.organizations, bad.without_rate) == ("bad", 3, 1)
    assert (bad.paid_usd, bad.cost_usd, bad.margin_usd) == (3, 8, -5)
    assert (bad.minutes, bad.cost_of_a_minute_usd) == (4, 2)
    assert (good.plan, good.margin_usd, good.paid_for_a_minute_usd) == ("good", 5, 5)
