"""The price list: what is sold, what a month would cost, and the button for it."""

import pytest
from django.test import Client
from playwright.sync_api import expect

from billing import catalogue_loading
from billing.models import Plan
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db


def test_says_price_minutes_and_what_happens_after_them(catalogue):
    page = cheaply(Client(), "/pricing")

    assert "Starter" in page
    assert "€204 a month Paid monthly Yearly saves €244.80" in page
    assert "500 minutes a month" in page
    assert "Then calls go on at €0.50 a minute, for at most 1,000 more minutes" in page
    assert "€249.00 setup, once" in page


def test_year_shows_its_saving(catalogue):
    page = seen(Client().get("/pricing?period=yearly"))

    assert "€183.60 a month €2,203.20 a year, paid at once You save €244.80 a year" in page


def test_estimates_follow_the_minutes(catalogue):
    little = seen(Client().get("/pricing?minutes=500"))
    much = seen(Client().get("/pricing?minutes=1200"))

    assert "At 500 minutes €204.00 covers 500 minutes" in little
    assert "At 1,200 minutes €466.00 €366.00 plus €100.00 for minutes" in much
    assert "Starter Cheapest for 500 min" in little
    assert "Growth Cheapest for 1,200 min" in much


def test_minutes_that_a_plan_refuses_are_said(catalogue):
    page = seen(Client().get("/pricing?currency=USD&minutes=150"))

    assert "$49.00 50 of 150 minutes not covered" in page


@pytest.mark.parametrize(
    "query",
    [
        "minutes=-1",
        "minutes=9" * 9,
        "minutes=x",
        "currency=XXX",
        "period=never",
        "minutes=٣",
    ],
)
def test_nonsense_in_the_address_shows_the_usual_page(catalogue, query):
    assert "At " in seen(Client().get(f"/pricing?{query}"))


def test_coming_back_from_the_payment_page_is_friendly(catalogue):
    page = seen(Client().get("/pricing?payment=cancelled"))

    assert "Nothing was charged" in page


def test_without_a_catalogue_it_says_so(db):
    assert "Nothing is for sale yet" in seen(Client().get("/pricing"))


def test_owner_can_subscribe_where_it_can_be_paid(
    catalogue, client_of, owner, number, settings
):
    settings.STRIPE_SECRET_KEY = "sk_test_x"
    Plan.objects.filter(code="starter").update(
        provider_ids={"stripe": {"monthly": "price_1"}}
    )
    browser = client_of(owner)

    page = seen(browser.get("/pricing?currency=EUR"))
    assert "Subscribe to Starter" in page
    assert "Ask for Growth" in page
    yearly = seen(browser.get("/pricing?currency=EUR&period=yearly"))
    assert "Ask for Starter" in yearly


def test_member_is_told_who_chooses(catalogue, client_of, member, number):
    page = seen(client_of(member).get("/pricing"))

    assert "Plans are chosen by those who look after the bills of Acme Dental" in page


def test_private_plans_stay_private(catalogue):
    assert "Wallet Enterprise" not in seen(Client().get("/pricing?currency=USD"))


@pytest.mark.browser
@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("scripts", [False, True])
def test_minutes_are_chosen_with_scripts_and_without(browser, live_server, now, scripts):
    catalogue_loading.load(now=now)
    context = browser.new_context(base_url=live_server.url, java_script_enabled=scripts)
    page = context.new_page()
    page.goto("/pricing")

    if scripts:
        expect(page.get_by_role("slider")).to_be_visible()
        page.get_by_role("slider").fill("1200")
        expect(page.get_by_label("Minutes you talk")).to_have_value("1200")
    else:
        expect(page.get_by_role("slider")).to_be_hidden()
        page.get_by_label("Minutes you talk").fill("1200")
        page.get_by_role("button", name="Estimate").click()

    expect(page.get_by_text("At 1,200 minutes").first).to_be_visible()
    assert "minutes=1200" in page.url
    context.close()
