"""The provider's whole seam against the sandbox: from the pay page to changes and ends."""

from datetime import UTC, datetime
from decimal import Decimal
from uuid import UUID

import pytest

from billing.events import Paid, PeriodPaid, SubscriptionChanged
from billing.providers.orders import PurchaseCheckout, SubscriptionCheckout
from tests.billing.stripe.conftest import ORGANIZATION

PURCHASE = UUID("01900000-0000-7000-8000-000000000002")
BACK = {
    "success_url": "http://localhost:8000/dashboard/billing/success",
    "cancel_url": "http://localhost:8000/pricing",
}
GOOD, DECLINED = "4242424242424242", "4000000000000002"


@pytest.fixture
def prices(stripe) -> dict[str, str]:
    """What is on sale, by name."""
    product = stripe.post("products", name="Starter")["id"]
    meter = stripe.post(
        "billing/meters",
        display_name="Minutes",
        event_name="voice_call_minutes",
        **{"default_aggregation[formula]": "sum"},
    )["id"]

    def price(amount: int, **recurring: str) -> str:
        terms = {f"recurring[{name}]": value for name, value in recurring.items()}
        made = stripe.post(
            "prices", product=product, currency="eur", unit_amount=amount, **terms
        )
        return made["id"]

    return {
        "monthly": price(20400, interval="month"),
        "dearer": price(36600, interval="month"),
        "yearly": price(220320, interval="year"),
        "overage": price(50, interval="month", usage_type="metered", meter=meter),
        "setup": price(24900),
    }


def ask(customer, prices, *, period: str = "monthly", **changes) -> SubscriptionCheckout:
    terms = {
        "customer": customer,
        "plan_code": "starter",
        "billing_period": period,
        "flat_price_id": prices[period],
        "metered_price_id": prices["overage"],
        "setup_fee_price_id": prices["setup"],
        "trial_days": 0,
        "idempotency_key": f"subscribe:{period}",
    }
    return SubscriptionCheckout(**(terms | BACK | changes))


@pytest.fixture
def subscribed(stripe, provider, customer, prices) -> str:
    """The id of a monthly subscription that is paid."""
    page = provider.start_subscription(ask(customer, prices))
    stripe.pay(page.id, card=GOOD)
    [found] = stripe.every("subscription")
    return found["id"]


def facts_of(provider, kind: str) -> list:
    since = datetime(2026, 1, 1, tzinfo=UTC)
    events = [one for one in provider.list_events(since=since) if one.type == kind]
    return [fact for one in events for fact in provider.fetch(kind, one.body).facts]


def test_month_overage_and_setup_fee_are_one_page_and_one_payment(
    provider, subscribed
) -> None:
    [paid] = [
        fact for fact in facts_of(provider, "invoice.paid") if isinstance(fact, PeriodPaid)
    ]
    assert paid.amount == Decimal(204) + Decimal(249)
    assert paid.subscription_id == subscribed
    state, *_ = facts_of(provider, "customer.subscription.created")
    assert isinstance(state, SubscriptionChanged)
    assert (state.plan_code, state.billing_period) == ("starter", "monthly")
    assert sorted(item.is_metered for item in state.items) == [False, True]


def test_the_same_attempt_opens_the_same_page(provider, customer, prices) -> None:
    asked = ask(customer, prices)
    assert provider.start_subscription(asked) == provider.start_subscription(asked)


def test_a_year_gets_its_monthly_overage_afterwards_and_once(
    stripe, provider, customer, prices
) -> None:
    page = provider.start_subscription(ask(customer, prices, period="yearly"))
    stripe.pay(page.id, card=GOOD)
    [made] = stripe.every("subscription")
    for _ in range(2):
        provider.attach_overage(made["id"], metered_price_id=prices["overage"])
    items = stripe.get(f"subscriptions/{made['id']}")["items"]["data"]
    spans = sorted(item["current_period_end"] - made["created"] for item in items)
    assert [round(span / 86400) for span in spans] == [28, 365]


def test_a_declined_card_buys_nothing(stripe, provider, customer, prices) -> None:
    page = provider.start_subscription(ask(customer, prices))
    stripe.control_fails(f"checkout/{page.id}/pay", card=DECLINED)
    assert stripe.get(f"checkout/sessions/{page.id}")["status"] == "open"
    assert facts_of(provider, "invoice.paid") == []


def test_a_bundle_is_paid_at_the_price_of_its_row(stripe, provider, customer) -> None:
    bundle = PurchaseCheckout(
        PURCHASE, customer, "100 minutes", Decimal("12.50"), "USD", **BACK
    )
    page = provider.start_purchase(bundle)
    assert provider.start_purchase(bundle) == page
    stripe.pay(page.id, card=GOOD)
    [paid] = facts_of(provider, "checkout.session.completed")
    assert isinstance(paid, Paid)
    assert (paid.purchase_id, paid.amount, paid.currency) == (
        PURCHASE,
        Decimal("12.50"),
        "USD",
    )


def test_a_dearer_plan_costs_the_difference_now_as_the_preview_says(
    stripe, provider, subscribed, prices
) -> None:
    preview = provider.preview_change(subscribed, price_id=prices["dearer"])
    assert (preview.due_now, preview.next_amount) == (Decimal(162), Decimal(366))
    provider.change_plan(subscribed, price_id=prices["dearer"], key="change:1")
    items = stripe.get(f"subscriptions/{subscribed}")["items"]["data"]
    now = {item["price"]["id"] for item in items}
    assert now == {prices["dearer"], prices["overage"]}


def test_the_end_of_a_subscription_is_asked_for_and_undone(
    stripe, provider, subscribed
) -> None:
    provider.cancel_at_end(subscribed, key="cancel:1")
    found = stripe.get(f"subscriptions/{subscribed}")
    assert found["cancel_at"] == found["items"]["data"][0]["current_period_end"]
    provider.undo_cancel(subscribed, key="undo:1")
    assert stripe.get(f"subscriptions/{subscribed}")["cancel_at"] is None


def test_a_trial_is_not_charged(stripe, provider, customer, prices) -> None:
    asked = ask(customer, prices, trial_days=14, setup_fee_price_id="")
    stripe.pay(provider.start_subscription(asked).id, card=GOOD)
    [made] = stripe.every("subscription")
    assert made["status"] == "trialing"
    assert stripe.every("charge") == []


def test_an_organization_has_one_customer_and_a_portal(provider, customer) -> None:
    assert provider.create_customer(customer) == customer.id
    assert customer.organization_id == ORGANIZATION
    url = provider.portal_url(customer.id, return_url=BACK["cancel_url"])
    assert url.startswith("http://127.0.0.1:")
