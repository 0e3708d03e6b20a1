"""However a request is bent, the card is charged the catalogue's price, or nothing."""

from collections.abc import Iterator
from decimal import Decimal
from typing import Any

import pytest

from billing.models import Payment, Plan, Purchase, TopUp
from billing.providers import registry
from metering.models import Allowance, Wallet
from tests.billing.stripe.tampering import EXTRAS, Till, mutations, said
from tests.factories import accounts as make
from tests.length import IS_LONG

pytestmark = pytest.mark.django_db

SESSION = "/api/billing/create-checkout-session"
CHANGE = "/api/billing/subscription/change"
PREVIEW = "/api/billing/subscription/preview"
# Before a test replaces it: an unknown provider must be refused as it is in earnest.
any_provider = registry.get
# Each mutation by itself with LONG=1, else each so many.
STEP = 1 if IS_LONG else 41

# The catalogue as customers know it, in cents, the setup fee within.
FIRST_CHARGE = {
    ("starter", "monthly"): (20400 + 24900, "EUR"),
    ("starter", "yearly"): (220320 + 24900, "EUR"),
    ("growth", "monthly"): (36600 + 24900, "EUR"),
    ("payg", "monthly"): (0, "USD"),
}
BUNDLES = {"minutes-50-usd": 1250, "minutes-100-usd": 2500, "minutes-1000-usd": 25000}


def sampled(requests: Iterator[dict[str, Any]]) -> list[dict[str, Any]]:
    return list(requests)[::STEP]


@pytest.fixture
def till(paying, settings, monkeypatch) -> Till:
    monkeypatch.setattr(registry, "get", any_provider)
    settings.API_REQUESTS_PER_MINUTE = {"read": 100_000, "write": 100_000}
    return Till(paying.stripe)


@pytest.fixture
def program(till, organization_key, key_client):
    return key_client(organization_key)


@pytest.fixture
def browser(till, client_of, owner):
    return client_of(owner)


@pytest.fixture
def cheap_but_not_for_sale(till) -> list[str]:
    """Plans that a customer may know of and may not buy: one taken back, one not shown."""
    starter = Plan.objects.get(code="starter")
    codes = []
    for number, terms in enumerate(({"is_active": False}, {"is_public": False})):
        codes.append(f"cheap-{number}")
        Plan.objects.create(
            code=codes[-1],
            name="Cheap",
            currency="EUR",
            price_monthly=Decimal(1),
            rate_card=starter.rate_card,
            provider_ids=starter.provider_ids,
            **terms,
        )
    return codes


def test_a_plan_costs_what_the_catalogue_says(
    paying, till, program, browser, cheap_but_not_for_sale
):
    bent = {
        "plan_id": ("growth", "none", "free-legacy", "payg", *cheap_but_not_for_sale),
        "billing_period": ("yearly", "weekly", "MONTHLY", "once"),
        "provider": ("flutterwave", "wallet", "paypal"),
    }
    base = {"plan_id": "starter", "billing_period": "monthly", "provider": "stripe"}
    assert said(program, SESSION, base)[0] == 200
    for body in [base, *sampled(mutations(base, bent))]:
        status, answer = said(program, SESSION, body)
        if status != 200:
            assert 400 <= status < 500, (body, answer)
            continue
        wanted = (body["plan_id"].strip(), body.get("billing_period", "monthly"))
        till.sees(answer["checkout_url"], *FIRST_CHARGE[wanted])
    form = {"plan": "starter", "period": "monthly", "provider": "stripe"}
    bent = {"plan": bent["plan_id"], "period": bent["billing_period"]}
    for fields in sampled(mutations(form, bent)):
        answer = browser.post("/dashboard/billing/subscribe", as_form(fields))
        if is_refused(answer):
            continue
        till.sees(answer.url, *FIRST_CHARGE[fields["plan"], fields["period"]])
    till.is_alone()

    _, answer = said(program, SESSION, base | dict.fromkeys(EXTRAS, "0.01"))
    till.charges(answer["checkout_url"].rsplit("/", 1)[1])
    paying.hear()
    assert Payment.objects.get().amount == Decimal("453.00")
    assert Allowance.objects.get(organization=paying.organization).plan_minutes == 500


def test_minutes_cost_what_the_catalogue_says(paying, till, program, browser):
    bent = {
        "bundle_id": ("minutes-50-usd", "minutes-1000-usd", "minutes-1-usd", "minutes-0"),
        "provider": ("flutterwave", "paypal", "wallet"),
    }
    base = {"bundle_id": "minutes-100-usd", "provider": "stripe"}
    assert said(program, SESSION, base)[0] == 200
    for body in [base, *sampled(mutations(base, bent))]:
        status, answer = said(program, SESSION, body)
        if status != 200:
            assert 400 <= status < 500, (body, answer)
            continue
        till.sees(answer["checkout_url"], BUNDLES[body["bundle_id"].strip()], "USD")
    form = {"bundle": "minutes-100-usd", "provider": "stripe"}
    for fields in sampled(mutations(form, {"bundle": bent["bundle_id"]})):
        answer = browser.post("/dashboard/billing/buy", as_form(fields))
        if not is_refused(answer):
            till.sees(answer.url, BUNDLES[fields["bundle"]], "USD")
    till.is_alone()
    assert set(Purchase.objects.values_list("provider", flat=True)) == {"stripe"}

    till.charges(*till.wanted)
    paying.hear()
    credited = Allowance.objects.get(organization=paying.organization).credit_minutes
    assert 100 * credited == sum(till.wanted.values()) * 4
    assert set(Purchase.objects.values_list("state", flat=True)) == {"fulfilled"}


def test_what_fills_a_wallet_is_what_was_charged(paying, till, program, browser):
    bent = {
        "top_up_amount": (
            *("50", 50.0, "50.001", "0.50", "-50", "1000000", "5e1", "50,00", "+50"),
            50.000000000000001,
        ),
        "currency": ("EUR", "usd", "NGN", "EURO", "XXX"),
    }
    base = {"top_up_amount": "50.00", "currency": "USD", "provider": "stripe"}
    assert said(program, SESSION, base)[0] == 200
    for body in [base, *sampled(mutations(base, bent))]:
        status, answer = said(program, SESSION, body)
        if status != 200:
            assert 400 <= status < 500, (body, answer)
            continue
        assert Decimal(str(body["top_up_amount"])) == 50
        till.sees(answer["checkout_url"], 5000, "USD")
    form = {"amount": "50.00", "provider": "stripe"}
    for fields in sampled(mutations(form, {"amount": bent["top_up_amount"]})):
        answer = browser.post("/dashboard/billing/top-up", as_form(fields))
        if not is_refused(answer):
            assert Decimal(str(fields["amount"]).strip()) == 50
            till.sees(answer.url, 5000, "USD")
    till.is_alone()

    till.charges(*till.wanted)
    paying.hear()
    charged = Decimal(sum(till.wanted.values())) / 100
    assert Wallet.objects.get(organization=paying.organization).balance == charged
    assert set(TopUp.objects.values_list("provider", "state")) == {("stripe", "credited")}


def test_a_change_of_plan_costs_the_difference(
    paying, till, program, browser, cheap_but_not_for_sale
):
    paying.subscribe("starter")
    before = charged(paying)
    bent = {
        "plan_id": ("none", "cutoff", "payg", "hybrid", *cheap_but_not_for_sale),
        "billing_period": ("weekly", "MONTHLY"),
    }
    base = {"plan_id": "growth", "billing_period": "monthly"}
    for body in sampled(mutations(base, bent)):
        status, answer = said(program, PREVIEW, body)
        if status == 200:
            assert body["plan_id"].strip() == "growth"
            assert (answer["due_now"], answer["currency"]) == (162, "EUR")
        else:
            assert 400 <= status < 500, (body, answer)
            assert said(program, CHANGE, body)[0] == status
            form = {"plan": body.get("plan_id"), "period": body.get("billing_period", "")}
            assert is_refused(browser.post("/dashboard/billing/plan/change", as_form(form)))
    assert charged(paying) == before
    assert paying.prices_at_stripe() == {"starter_monthly", "starter_overage"}

    fields = {"plan": "growth", "period": "monthly"} | dict.fromkeys(EXTRAS, "0.01")
    fields["plan"] = "growth"
    browser.post("/dashboard/billing/plan/change", fields)
    assert charged(paying) == before + 16200
    assert said(program, CHANGE, base | dict.fromkeys(EXTRAS, "0.01"))[0] == 200
    paying.hear()
    assert charged(paying) == before + 16200
    assert paying.subscription.plan.code == "growth"


def test_nobody_buys_for_somebody_else(paying, till, program, browser, other_organization):
    for name in ("organization", "org_id", "businessId"):
        for which in (other_organization.slug, str(other_organization.pk)):
            status, _ = said(program, SESSION, {"plan_id": "starter", name: which})
            assert status == 404
            form = {"plan": "starter", "period": "monthly", name: which}
            assert browser.post("/dashboard/billing/subscribe", form).status_code == 404
    reader = make.make_key(organization=paying.organization, scopes=["billing:read"])
    program.defaults["HTTP_AUTHORIZATION"] = f"Bearer {reader.key}"
    assert said(program, SESSION, {"plan_id": "starter"})[0] == 403
    till.is_alone()


def charged(paying) -> int:
    """What all cards together have paid at Stripe, in cents."""
    return sum(one["amount"] for one in paying.stripe.every("charge") if one["paid"])


def as_form(fields: dict[str, Any]) -> dict[str, str]:
    return {name: "" if value is None else str(value) for name, value in fields.items()}


def is_refused(answer) -> bool:
    """A page goes back to one of ours to say why."""
    assert answer.status_code == 302 or 400 <= answer.status_code < 500
    return answer.status_code != 302 or answer.url.startswith("/")
