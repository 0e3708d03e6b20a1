"""Staff see what is sold and change it: shown first, on sale by the second click, once."""

from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import AuditEntry
from adminpanel.catalogue.forms import initial_of
from billing import plan_versions
from billing.models import MinuteBundle, Plan, PlanVersion
from metering.models import RateCard

pytestmark = pytest.mark.django_db
QUERIES_MAX = 20


def filled(code: str, **fields) -> dict[str, str]:
    plan = Plan.objects.get(code=code)
    shown = initial_of(plan_versions.terms_of(plan), plan_versions.number_of(plan))
    said = {name: "" if value is None else str(value) for name, value in shown.items()}
    return said | {"reason": "dearer now"} | fields


def place(code: str) -> str:
    return reverse("adminpanel:plan", args=[code])


def test_change_is_shown_first_and_made_by_the_second_click_once(browser_as):
    browser = browser_as("admin")
    form = filled("cutoff", price_monthly="59", included_minutes="50")

    shown = browser.post(place("cutoff"), form).content.decode()
    assert not PlanVersion.objects.exists()
    for _ in range(2):
        browser.post(place("cutoff"), form | {"confirm": "yes"})

    assert "Price monthly, a new rate card." in shown
    # 100 minutes: the fee alone now; then a bundle of 50 at 12.50 more.
    assert "$49.00" in shown
    assert "$71.50" in shown
    assert Plan.objects.get(code="cutoff").price_monthly == Decimal(59)
    assert PlanVersion.objects.count() == 2
    assert AuditEntry.objects.filter(action="plan.changed").count() == 1


@pytest.mark.parametrize("code", ["starter", "cutoff", "graduated", "basic", "payg"])
def test_a_plan_as_it_is_changes_nothing(browser_as, code):
    browser = browser_as("admin")
    cards = RateCard.objects.count()

    page = browser.post(place(code), filled(code) | {"confirm": "yes"})

    assert page.status_code == 302
    assert RateCard.objects.count() == cards
    assert not PlanVersion.objects.exists()


@pytest.mark.parametrize(
    ("code", "fields", "said"),
    [
        ("starter", {"minute_price": ""}, "need a price"),
        ("starter", {"minute_price": "500: 0.5, *: 0.4"}, "one price a minute"),
        ("starter", {"overage_limit_minutes": ""}, "needs a limit"),
        ("starter", {"step_seconds": "1"}, "whole minute"),
        ("starter", {"price_monthly": "204.001"}, "smallest coin"),
        ("starter", {"price_monthly": "-1"}, "greater than or equal to 0"),
        ("wallet-starter", {"price_yearly": "490"}, "a year is one payment"),
        ("payg", {"postpaid_limit_amount": ""}, "needs a credit limit"),
        ("graduated", {"minute_price": "500: 0.06\n400: 0.05\n*: 0.02"}, "tiers that rise"),
        ("graduated", {"minute_price": "500: 0.06"}, "tiers that rise"),
        ("basic", {"api_call_price": ""}, "A quota needs a price"),
        ("cutoff", {"call_minutes_max": "15"}, "less than or equal to 14"),
        ("cutoff", {"reason": ""}, "required"),
        ("cutoff", {"version": "7"}, "changed this meanwhile"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(browser_as, code, fields, said):
    browser = browser_as("admin")
    form = filled(code, **{"name": "Kept words"} | fields)

    page = browser.post(place(code), form | {"confirm": "yes"}).content.decode()

    assert said in page
    assert "Kept words" in page
    assert not PlanVersion.objects.exists()


def test_tiers_become_the_next_card(browser_as):
    price = "300: 0.05\n*: 0.03"
    form = filled("graduated", minute_price=price, confirm="yes")
    browser_as("admin").post(place("graduated"), form)

    plan = Plan.objects.get(code="graduated")
    assert plan.rate_card.code == "graduated-2"
    assert plan.rate_card.rates.get().tiers[0] == {"up_to": 300, "unit_price": "0.05"}


def test_page_says_that_a_provider_must_be_told(browser_as):
    browser = browser_as("admin")
    Plan.objects.update(provider_ids={"stripe": {"monthly": "price_1"}})
    told = browser.get(place("cutoff")).content.decode()
    browser.post(place("cutoff"), filled("cutoff", price_monthly="59", confirm="yes"))
    untold = browser.get(place("cutoff")).content.decode()

    assert "cannot be paid yet" not in told
    assert "cannot be paid yet" in untold


def test_finance_reads_and_support_sees_nothing_of_it(browser_as):
    for group, status in (("finance", 200), ("support", 403)):
        browser = browser_as(group)
        assert browser.get(reverse("adminpanel:catalogue")).status_code == status
        assert browser.get(place("cutoff")).status_code == status
        form = filled("cutoff", price_monthly="1", confirm="yes")
        assert browser.post(place("cutoff"), form).status_code == 403
        assert browser.post(reverse("adminpanel:bundle-make"), {}).status_code == 403
    assert not PlanVersion.objects.exists()


def test_bundles_are_made_and_offered_once(browser_as):
    browser = browser_as("admin")
    make = reverse("adminpanel:bundle-make")
    shown = browser.get(make, {"minutes": "75", "currency": "USD"}).content.decode()
    assert MinuteBundle.objects.count() == 5
    for _ in range(2):
        browser.post(make, {"minutes": "75", "currency": "USD", "confirm": "sell"})
    browser.post(make, {"minutes": "0", "currency": "USD", "confirm": "sell"})
    taken = browser.get(make, {"minutes": "75", "currency": "USD"}).content.decode()
    bundle = MinuteBundle.objects.get(minutes=75)
    stop = reverse("adminpanel:bundle-offer", args=[bundle.pk])
    for _ in range(2):
        browser.post(stop, {"is_active": "no"})
    page = browser.get(reverse("adminpanel:catalogue")).content.decode()

    # 75 minutes at 0.20 and a quarter more.
    assert "$18.75" in shown
    assert "$3.75" in shown
    assert "of this size already" in taken
    assert "$18.75" in page
    bundle.refresh_from_db()
    assert not bundle.is_active
    assert MinuteBundle.objects.count() == 6
    trail = AuditEntry.objects.filter(action__startswith="bundle.")
    assert [one.action for one in trail.order_by("id")] == ["bundle.made", "bundle.offered"]


def test_plan_without_terms_of_its_own_is_not_edited_here(browser_as):
    page = browser_as("admin").get(place("none")).content.decode()
    assert "Sell it on other terms" not in page


def test_list_costs_the_same_for_few_plans_and_many(browser_as):
    browser = browser_as("finance")
    counts = []
    for number in range(2):
        with CaptureQueriesContext(connection) as asked:
            assert browser.get(reverse("adminpanel:catalogue")).status_code == 200
        counts.append(len(asked))
        for plan in list(Plan.objects.all()):
            Plan.objects.create(
                code=f"{plan.code}-{number}",
                name="B",
                currency=plan.currency,
                rate_card=plan.rate_card,
            )
    assert counts[0] == counts[1] <= QUERIES_MAX
