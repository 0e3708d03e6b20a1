"""Staff change a plan by a new version: sold from now on, kept by nobody who had it before."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest

from accounts.models import AuditEntry
from billing import catalogue, catalogue_loading, inbox, plan_versions, plans
from billing.errors import ChangedMeanwhile
from billing.models import Plan, PlanVersion, Subscription
from billing.plans_in_force import plan_in_force
from billing.subscriptions.overage_items import _of_other_plans
from metering.balances import months
from metering.models import Allowance, WalletTransaction
from tests.billing.conftest import stored
from tests.factories import accounts

pytestmark = pytest.mark.django_db


@pytest.fixture
def loaded(now) -> None:
    catalogue_loading.load(now=now)


def changed(code: str, *, now, expected=None, card=None, actor=None, **terms) -> list[str]:
    plan = Plan.objects.get(code=code)
    before = plan_versions.terms_of(plan)
    wanted = replace(before, card=replace(before.card, **card or {}), **terms)
    return plan_versions.change(
        plan,
        wanted,
        actor=actor or accounts.make_user(),
        now=now,
        expected=expected,
        reason="a try",
    )


def subscribe(payments, at, *, plan: str) -> None:
    until = months.boundary(at, 1)
    payments.subscribe(
        plan_code=plan, at=at, until=until, amount=Decimal(49), currency="USD"
    )


def tell(now, number: int = 0, **body) -> None:
    event = stored("invoice.paid", now=now, number=number, **body)
    assert inbox.process(event, now=now) == "processed"


def test_loading_again_leaves_alone_what_staff_changed(loaded, now, monkeypatch):
    assert changed("cutoff", now=now, price_monthly="59", card={"included_minutes": 120})
    assert catalogue_loading.load(now=now) == []
    shipped = tuple(
        replace(one, price_monthly="39") if one.code in ("cutoff", "hybrid") else one
        for one in catalogue.PLANS
    )
    monkeypatch.setattr(catalogue, "PLANS", shipped)

    assert [one.code for one in catalogue_loading.load(now=now)] == ["hybrid"]

    plan = Plan.objects.get(code="cutoff")
    assert (plan.price_monthly, plan.rate_card.code) == (Decimal(59), "cutoff-2")
    assert plan_versions.number_of(plan) == 2


def test_who_subscribed_keeps_card_price_and_grant(buyer, payments, now):
    subscribe(payments, now, plan="wallet-starter")
    tell(now + timedelta(minutes=1), period=0)
    changed(
        "wallet-starter",
        now=now,
        price_monthly="99",
        monthly_wallet_grant="5",
        card={"included_minutes": 9},
    )
    second = months.boundary(now, 1)
    payments.pay(
        at=second, until=months.boundary(now, 2), amount=Decimal(49), currency="USD"
    )
    tell(second + timedelta(minutes=1), 1, period=1)

    mine = Subscription.objects.get()
    assert (mine.price, mine.rate_card.code) == (Decimal(49), "wallet-starter-1")
    grants = WalletTransaction.objects.filter(kind="monthly_grant")
    assert [row.amount for row in grants] == [Decimal(49), Decimal(49)]
    assert Allowance.objects.get(organization=buyer).plan_minutes == 0
    assert plan_in_force(buyer).name == "Wallet Starter"


def test_who_was_paying_meanwhile_gets_what_was_shown_to_them(buyer, payments, now):
    Plan.objects.filter(code="cutoff").update(
        provider_ids={"stripe": {"monthly": "price_flat"}}
    )
    changed("cutoff", now=now, price_monthly="99", card={"included_minutes": 9})

    subscribe(payments, now, plan="cutoff")
    tell(now + timedelta(minutes=1), period=0)

    mine = Subscription.objects.get()
    assert (mine.price, mine.rate_card.code) == (Decimal(49), "cutoff-1")
    assert Allowance.objects.get(organization=buyer).plan_minutes == 100


def test_a_plan_that_is_not_sold_any_more_is_still_followed(buyer, payments, now):
    subscribe(payments, now, plan="cutoff")
    plan = Plan.objects.get(code="cutoff")
    for _ in range(2):
        plan_versions.offer(plan, is_active=False, is_public=False, actor="a test", now=now)

    tell(now + timedelta(minutes=1), period=0)

    assert Subscription.objects.get().plan == plan
    assert AuditEntry.objects.filter(action="plan.offered").count() == 1


@pytest.mark.parametrize(
    ("terms", "is_sold"),
    [
        ({"card": {"included_minutes": 7}}, True),
        ({"name": "Start"}, True),
        ({"price_monthly": "205"}, False),
        ({"price_yearly": None}, False),
        ({"setup_fee": "0"}, False),
    ],
)
def test_a_new_amount_is_sold_once_the_provider_knows_it(loaded, now, terms, is_sold):
    ids = {"stripe": {"monthly": "price_1", "overage": "price_2"}}
    Plan.objects.filter(code="starter").update(provider_ids=ids)

    assert changed("starter", now=now, **terms)

    assert Plan.objects.get(code="starter").provider_ids == (ids if is_sold else {})
    assert PlanVersion.objects.get(number=1).provider_ids == ids


def test_overage_sold_before_is_known_when_a_subscriber_moves_on(loaded, now):
    """Its price is not on sale any more, and is still billed until it is replaced."""
    ids = {"stripe": {"monthly": "price_1", "overage": "price_old"}}
    Plan.objects.filter(code="starter").update(provider_ids=ids)
    rates = (catalogue.RateTerms("voice_minute", "0.60"),)
    changed("starter", now=now, card={"rates": rates})

    moved = Subscription(plan=plans.get("growth"), provider="stripe")
    assert "price_old" in _of_other_plans(moved)


def test_the_same_change_again_is_quiet_and_another_is_told(loaded, now):
    changed("cutoff", now=now, expected=1, price_monthly="59")
    assert changed("cutoff", now=now, expected=1, price_monthly="59") == []
    with pytest.raises(ChangedMeanwhile):
        changed("cutoff", now=now, expected=1, price_monthly="69")

    assert [one.number for one in PlanVersion.objects.all()] == [2, 1]
    assert AuditEntry.objects.filter(action="plan.changed").count() == 1


def test_terms_that_were_sold_before_reuse_no_old_card(loaded, now):
    changed("cutoff", now=now, card={"included_minutes": 9})
    changed("cutoff", now=now, card={"included_minutes": 100})
    assert plans.get("cutoff").rate_card.code == "cutoff-3"
