"""Staff make a plan or a bundle that never was: shown first, made once, hidden until shown."""

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry
from adminpanel.catalogue.new_plan import BLANK, blank_of
from billing import catalogue_loading, plan_versions, plans
from billing.errors import NotSold
from billing.models import MinuteBundle, Plan, PlanVersion
from metering.models import RateCard

pytestmark = pytest.mark.django_db
NEW = reverse("adminpanel:plan-new")


def filled(like: str = "", **fields) -> dict[str, str]:
    terms = plan_versions.terms_of(Plan.objects.get(code=like)) if like else BLANK
    shown = blank_of(terms)
    said = {name: "" if value is None else str(value) for name, value in shown.items()}
    named = {"code": "clinic", "name": "Clinic", "reason": "for clinics"}
    return said | named | {"price_monthly": "79"} | fields


def test_plan_is_shown_first_then_made_once_and_hidden(browser_as):
    browser = browser_as("admin")
    form = filled(trial_days="14", trial_minutes="30")

    shown = browser.post(NEW, form).content.decode()
    assert not Plan.objects.filter(code="clinic").exists()
    answers = [browser.post(NEW, form | {"confirm": "yes"}) for _ in range(2)]

    assert "affects nobody" in shown
    assert "$79.00" in shown
    assert {one.headers["Location"] for one in answers} == {
        reverse("adminpanel:plan", args=["clinic"])
    }
    plan = Plan.objects.get(code="clinic")
    assert (plan.trial_days, plan.trial_minutes, plan.is_public) == (14, 30, False)
    assert plan.rate_card.code == "clinic-1"
    assert AuditEntry.objects.get(action="plan.made").detail["reason"] == "for clinics"
    assert plans.get("clinic") == plan
    with pytest.raises(NotSold):
        plans.on_sale("clinic")


def test_loading_the_catalogue_leaves_it_alone_and_showing_it_puts_it_on_sale(browser_as):
    browser = browser_as("admin")
    browser.post(NEW, filled("starter", confirm="yes"))
    place = reverse("adminpanel:plan-offer", args=["clinic"])
    browser.post(place, {"is_active": "yes", "is_public": "yes"})

    assert catalogue_loading.load(now=timezone.now()) == []
    plan = plans.on_sale("clinic")
    assert (plan.currency, plan.rate_card.included_minutes) == ("EUR", 500)
    assert PlanVersion.objects.get(plan=plan).number == 1


def test_other_minutes_of_a_trial_are_a_new_version(browser_as):
    browser = browser_as("admin")
    browser.post(NEW, filled(confirm="yes"))
    plan = Plan.objects.get(code="clinic")
    form = filled(version="1", trial_minutes="20", confirm="yes")
    browser.post(reverse("adminpanel:plan", args=["clinic"]), form)

    plan.refresh_from_db()
    assert plan.trial_minutes == 20
    kept = PlanVersion.objects.filter(plan=plan).order_by("number")
    assert [one.trial_minutes for one in kept] == [0, 20]


def test_new_currency_brings_the_card_of_those_without_a_plan(browser_as):
    browser_as("admin").post(NEW, filled(currency="GBP", confirm="yes"))

    assert plans.card_without_plan("GBP").code == "none-gbp-1"


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"code": "starter"}, "There is a plan with this code"),
        ({"code": "starter", "confirm": "yes"}, "something else on sale"),
        ({"code": "none-gbp"}, "without a plan"),
        ({"code": "Clinic"}, "Small letters"),
        ({"code": "a--b"}, "Small letters"),
        ({"currency": "usd"}, "Enter a valid value"),
        ({"currency": "JPY", "price_monthly": "0.50"}, "smallest coin"),
        ({"slice_minutes": "14", "call_minutes_max": "5"}, "may last that long"),
        ({"when_exhausted": "overage"}, "need a price"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_lost(browser_as, fields, said):
    plans_before, cards = Plan.objects.count(), RateCard.objects.count()
    form = filled(name="Kept words") | fields

    page = browser_as("admin").post(NEW, form).content.decode()

    assert said in page
    assert "Kept words" in page
    assert (Plan.objects.count(), RateCard.objects.count()) == (plans_before, cards)


def test_bundle_may_wait_and_one_without_a_base_cost_says_so(browser_as):
    browser = browser_as("admin")
    make = reverse("adminpanel:bundle-make")
    browser.post(make, {"minutes": "80", "currency": "USD", "confirm": "keep"})
    page = browser.get(make, {"minutes": "80", "currency": "GBP"}).content.decode()

    assert not MinuteBundle.objects.get(minutes=80).is_active
    assert "no base cost of a minute in GBP" in page


def test_only_admins_make_plans(browser_as):
    for group in ("finance", "support"):
        browser = browser_as(group)
        assert browser.get(NEW).status_code == 403
        assert browser.post(NEW, filled(confirm="yes")).status_code == 403
    assert not Plan.objects.filter(code="clinic").exists()
