"""Changing a plan on our own page: the cost first, then the deed; an end, and a change of
mind. The provider is a stand-in."""

from datetime import timedelta

import pytest

from billing.models import Plan, Subscription
from billing.providers import registry
from billing.providers.base import ProviderError
from tests.fakes import FakePayments
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

PLAN = "/dashboard/billing/plan"


@pytest.fixture
def payments(monkeypatch) -> FakePayments:
    fake = FakePayments()
    monkeypatch.setattr(registry, "get", lambda name: fake)
    return fake


@pytest.fixture
def plans(catalogue) -> tuple[Plan, Plan]:
    sold = Plan.objects.filter(
        currency="USD", is_active=True, is_public=True, price_monthly__gt=0
    )
    found = list(sold.order_by("price_monthly"))
    for plan in found:
        plan.provider_ids = {"stripe": {"monthly": f"price_{plan.code}"}}
        plan.save(update_fields=["provider_ids"])
    return found[0], found[-1]


@pytest.fixture
def subscription(plans, organization, payments, now) -> Subscription:
    low, _ = plans
    payments.subscribe(
        plan_code=low.code,
        at=now,
        until=now + timedelta(days=30),
        amount=low.price_monthly,
        currency="USD",
    )
    return Subscription.objects.create(
        organization=organization,
        plan=low,
        rate_card=low.rate_card,
        price=low.price_monthly,
        currency="USD",
        billing_period="monthly",
        provider="stripe",
        provider_subscription_id="sub_fake",
        status="active",
        period_ends_at=now + timedelta(days=30),
        created_at=now,
    )


@pytest.fixture
def mine(number, subscription, client_of, owner):
    return client_of(owner)


def asked(payments) -> list[str]:
    return [name for name, _ in payments.calls if name != "preview_change"]


def test_cost_is_shown_before_anything_is_asked(mine, plans, payments):
    page = cheaply(mine, f"{PLAN}?plan={plans[1].code}&period=monthly")

    assert "To pay now $75.50" in page
    assert "Then each month $200.00" in page
    assert "Change, and pay $75.50" in page
    assert asked(payments) == []


def test_lower_plan_is_not_offered_for_payment(mine, plans, payments, subscription):
    Subscription.objects.update(
        plan=plans[1], rate_card=plans[1].rate_card, price=plans[1].price_monthly
    )

    page = cheaply(mine, f"{PLAN}?plan={plans[0].code}&period=monthly")

    assert "costs less than what is paid for" in page
    assert "Change, and pay" not in page


def test_each_deed_is_asked_of_the_provider(mine, plans, payments):
    answer = mine.post(f"{PLAN}/change", {"plan": plans[1].code, "period": "monthly"})
    assert "The change is asked for" in seen(mine.get(answer.url))
    mine.post(f"{PLAN}/cancel")
    mine.post(f"{PLAN}/keep")

    assert asked(payments) == ["change_plan", "cancel_at_end", "undo_cancel"]


def test_page_offers_to_keep_a_plan_that_is_to_end(mine, now):
    assert "Cancel at the end of the period" in cheaply(mine, PLAN)
    Subscription.objects.update(cancel_at=now + timedelta(days=30))

    page = cheaply(mine, PLAN)

    assert "Keep the plan" in page
    assert "Cancel at the end" not in page


@pytest.mark.parametrize("query", ["plan=no-such&period=monthly", "plan=x%00&period=x"])
def test_nonsense_is_refused_in_words(mine, query):
    assert 'role="alert"' in mine.get(f"{PLAN}?{query}").content.decode()


def test_silent_provider_is_told_and_nothing_changes(mine, payments, monkeypatch):
    def silent(*_args, **_named):
        raise ProviderError("time-out", retry=True)

    monkeypatch.setattr(payments, "cancel_at_end", silent)

    answer = mine.post(f"{PLAN}/cancel")

    assert "did not answer" in seen(mine.get(answer.url))
    assert Subscription.objects.get().cancel_at is None


def test_without_subscription_there_is_the_price_list(number, catalogue, client_of, owner):
    browser = client_of(owner)

    assert "/pricing" in browser.get(PLAN).url
    assert "no subscription" in seen(browser.get(browser.post(f"{PLAN}/cancel").url))


def test_a_lower_plan_that_is_to_follow_can_be_undone(mine, payments, plans, now):
    Subscription.objects.update(
        plan=plans[1],
        next_plan=plans[0],
        next_billing_period="monthly",
        period_ends_at=now + timedelta(days=9),
    )

    page = cheaply(mine, PLAN)

    assert f"It is to become {plans[0].name}, paid monthly" in page
    assert f"Keep {plans[1].name}" in page
    assert "Keep the plan, or change it" in seen(mine.get("/dashboard/billing"))
    mine.post(f"{PLAN}/keep")
    assert asked(payments) == ["undo_cancel"]


def test_only_what_can_be_changed_to_is_a_choice(mine, subscription, plans):
    """Without a price at the provider, or without a fee, a plan is none."""
    Plan.objects.filter(code="payg").update(provider_ids={"stripe": {"monthly": "price_0"}})
    Plan.objects.filter(code="wallet-growth").update(provider_ids={})

    page = cheaply(mine, PLAN)

    assert f"{plans[1].name}, monthly" in page
    assert "Pay as you go" not in page
    assert "Wallet Growth" not in page
    assert "$0" not in page


def test_where_plans_are_not_changed_it_says_what_to_do(mine, payments, plans):
    payments.changes_plans = False

    page = cheaply(mine, f"{PLAN}?plan={plans[1].code}&period=monthly")

    assert "Cancel it, use it until what is paid ends" in page
    assert "and is not charged again" in page
    assert "See the cost" not in page
    answer = mine.post(f"{PLAN}/change", {"plan": plans[0].code, "period": "monthly"})
    assert answer.status_code == 302
    assert asked(payments) == []


def test_a_change_that_could_not_be_charged_says_so(mine, plans, payments):
    payments.is_paid = False
    answer = mine.post(f"{PLAN}/change", {"plan": plans[1].code, "period": "monthly"})
    assert "could not be charged to the card on file" in seen(mine.get(answer.url))


def test_a_plan_that_is_not_paid_for_promises_no_renewal(mine):
    assert "Renews on" in seen(mine.get("/dashboard/billing"))
    Subscription.objects.update(status="past_due")
    page = seen(mine.get("/dashboard/billing"))
    assert "Payment overdue" in page
    assert "Renews on" not in page
