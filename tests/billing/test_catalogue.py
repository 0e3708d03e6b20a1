"""The shipped catalogue: complete, put in place once, and changed by new cards only."""

from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal

import pytest

from billing import catalogue, catalogue_loading, plans
from billing.errors import NotSold
from billing.models import MinuteBundle, Plan
from metering.balances import cards
from metering.models import Allowance, RateCard
from tests.factories import accounts

NOW = datetime(2026, 1, 15, 12, tzinfo=UTC)

CODES = {
    "starter", "growth", "enterprise", "cutoff", "payg", "graduated", "hybrid",
    "wallet-starter", "wallet-growth", "wallet-scale", "wallet-enterprise",
    "wallet-starter-ngn", "wallet-growth-ngn", "basic", "free-legacy", "none",
}  # fmt: skip


@pytest.fixture
def loaded(db) -> None:
    catalogue_loading.load(now=NOW)


def test_every_code_exists_after_loading(loaded) -> None:
    assert set(Plan.objects.values_list("code", flat=True)) == CODES
    assert MinuteBundle.objects.count() == 5
    assert RateCard.objects.filter(included_minutes=0, code__startswith="none").count() == 3


def test_loading_twice_changes_nothing(loaded) -> None:
    cards_before = set(RateCard.objects.values_list("code", flat=True))
    assert catalogue_loading.load(now=NOW) == []
    assert set(RateCard.objects.values_list("code", flat=True)) == cards_before


def test_a_dry_run_says_what_it_would_do_and_keeps_nothing(db) -> None:
    assert len(catalogue_loading.load(now=NOW, dry_run=True)) > len(CODES)
    assert not Plan.objects.exists()


@pytest.mark.parametrize(
    ("code", "monthly", "yearly", "setup", "minutes"),
    [
        ("starter", "204", "2203.20", "249", 500),
        ("growth", "366", "3952.80", "249", 1000),
        ("enterprise", "624", "6739.20", "249", 2000),
        ("cutoff", "49", None, "0", 100),
        ("hybrid", "49", None, "0", 1000),
    ],
)
def test_prices_are_those_of_the_price_list(
    loaded, code, monthly, yearly, setup, minutes
) -> None:
    plan = Plan.objects.get(code=code)
    assert plan.price_monthly == Decimal(monthly)
    assert plan.price_yearly == (yearly and Decimal(yearly))
    assert plan.setup_fee == Decimal(setup)
    assert plan.rate_card.included_minutes == minutes


def test_graduated_tiers_come_out_as_they_are_listed(loaded) -> None:
    card = cards.from_row(RateCard.objects.get(code="graduated-1"))
    assert [(t.up_to_minutes, t.unit_price) for t in card.tiers] == [
        (500, Decimal("0.06")),
        (2000, Decimal("0.04")),
        (None, Decimal("0.02")),
    ]


def test_changed_terms_make_a_new_card_and_old_subscribers_keep_theirs(
    loaded, monkeypatch
) -> None:
    organization = accounts.make_organization(name="Keeps", currency="USD")
    plans.open_organization(organization=organization, plan=plans.get("cutoff"), now=NOW)
    changed = tuple(
        replace(terms, card=replace(terms.card, included_minutes=80))
        if terms.code == "cutoff"
        else terms
        for terms in catalogue.PLANS
    )
    monkeypatch.setattr(catalogue, "PLANS", changed)
    (change,) = catalogue_loading.load(now=NOW)
    assert (change.code, change.detail) == ("cutoff", "new terms in card cutoff-2")
    assert Plan.objects.get(code="cutoff").rate_card.included_minutes == 80
    allowance = Allowance.objects.get(organization=organization)
    assert allowance.rate_card.code == "cutoff-1"
    assert allowance.plan_minutes == 100


def test_changed_terms_without_a_plan_hold_in_every_currency(loaded, monkeypatch) -> None:
    changed = tuple(
        replace(
            terms,
            other_cards={
                code: replace(card, included_minutes=1)
                for code, card in terms.other_cards.items()
            },
        )
        for terms in catalogue.PLANS
    )
    monkeypatch.setattr(catalogue, "PLANS", changed)
    changes = catalogue_loading.load(now=NOW)
    assert [(one.what, one.code) for one in changes] == [
        ("card", "none-eur-2"),
        ("card", "none-ngn-2"),
    ]
    assert plans.card_without_plan("EUR").code == "none-eur-2"
    assert catalogue_loading.load(now=NOW) == []


def test_opening_an_organization_takes_the_plans_currency_and_minutes(loaded) -> None:
    organization = accounts.make_organization(name="Euro", currency="USD")
    plans.open_organization(organization=organization, plan=plans.get("starter"), now=NOW)
    organization.refresh_from_db()
    assert organization.currency == "EUR"
    assert organization.allowance.plan_minutes == 500
    assert organization.allowance.minutes_ceiling == 500 + 1000
    assert organization.wallet.currency == "EUR"


def test_an_unknown_plan_is_refused_with_those_that_exist(loaded) -> None:
    with pytest.raises(NotSold, match="cutoff"):
        plans.get("platinum")
