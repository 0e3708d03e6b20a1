"""Somebody buys, in a real browser, at the payment provider's stand-in: pages, redirects
under the content security policy, signed webhooks, and what is theirs afterwards."""

import re
from datetime import timedelta

import pytest
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Organization
from billing.models import Subscription
from billing.subscriptions import standing, transitions
from tests.factories.accounts import PASSWORD
from tests.pages import stories
from tests.pages.browsing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

GOOD_CARD, DECLINED_CARD = "4242424242424242", "4000000000000002"
LOOKS_MAX, PAUSE_MILLISECONDS = 20, 500
# Can be kept, but every charge fails.
FAILING_CARD = "4000000000000341"


@pytest.fixture
def buyer(page: Page, live_server, client_of, owner, customer) -> Page:
    sign_in(page, client_of(owner), url=live_server.url)
    return page


def pay(page: Page, card: str) -> None:
    """On the provider's page."""
    page.get_by_label("Card number").fill(card)
    page.locator("button.main").click()


def subscribe(page: Page, plan: str, *, card: str = GOOD_CARD, query: str = "") -> None:
    page.goto(f"/pricing?currency=EUR{query}")
    page.get_by_role("button", name=f"Subscribe to {plan}").click()
    pay(page, card)


def shows(page: Page, text: str, *, at: str, where: str) -> None:
    """Look at a page again until the provider's news has come."""
    for _ in range(LOOKS_MAX):
        page.goto(at)
        if text in page.locator(where).inner_text():
            return
        page.wait_for_timeout(PAUSE_MILLISECONDS)
    expect(page.locator(where)).to_contain_text(text)


def sign_up(page: Page) -> None:
    page.goto("/")
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("E-mail address").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Organization").fill("Brand New Practice")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your address")
    page.goto(re.search(r"https?://\S+", mail.outbox[-1].body)[0])
    page.get_by_role("button", name="Yes, confirm it").click()
    page.get_by_role("button", name="Create the organization").click()


def test_from_sign_up_by_the_prices_to_a_paid_call(page, shop):
    sign_up(page)
    page.get_by_role("link", name="Choose a plan").click()
    page.get_by_role("link", name="EUR").click()
    page.get_by_role("button", name="Subscribe to Starter").click()
    expect(page.locator("body")).to_contain_text("453.00")
    pay(page, GOOD_CARD)

    expect(page.locator("main")).to_contain_text("Thank you")
    expect(page.locator('[data-part="usage"]')).to_contain_text("500")
    made = Organization.objects.get()
    number = stories.number_of(made, now=timezone.now())
    stories.talk(number, at=timezone.now(), seconds=61)
    page.goto("/dashboard/billing")
    expect(page.locator("#plan")).to_contain_text("Starter")
    expect(page.locator("main")).to_contain_text("2 of 500 used")


def test_year_is_paid_at_once_and_counted_by_the_month(buyer, customer):
    subscribe(buyer, "Growth", query="&period=yearly")

    expect(buyer.locator('[data-part="usage"]')).to_contain_text("1,000")
    buyer.goto("/dashboard/billing")
    expect(buyer.locator("#plan")).to_contain_text("€3,952.80 a year")
    expect(buyer.locator("#payments")).to_contain_text("Growth")
    assert Subscription.objects.get().billing_period == "yearly"


def test_minutes_are_bought_paid_and_credited(buyer, customer):
    buyer.goto("/dashboard/billing")
    buyer.get_by_role("radio", name="100 min").check()
    buyer.get_by_role("button", name="Continue to payment").click()
    pay(buyer, GOOD_CARD)

    expect(buyer.get_by_text("100 minutes were credited")).to_be_visible()
    buyer.get_by_role("link", name="Back to billing").click()
    expect(buyer.locator("main")).to_contain_text(
        "100\nminutes remaining", use_inner_text=True
    )
    expect(buyer.locator("#payments")).to_contain_text("$25.00")
    assert stories.ring(
        stories.number_of(customer, now=timezone.now()), at=timezone.now()
    ).admitted


def test_declined_card_buys_nothing_and_going_back_is_friendly(buyer, customer):
    subscribe(buyer, "Starter", card=DECLINED_CARD)
    expect(buyer.locator("body")).to_contain_text("declined")
    buyer.get_by_role("link", name="← Back").click()

    expect(buyer.get_by_text("Nothing was charged")).to_be_visible()
    assert not Subscription.objects.exists()


def test_plan_is_cancelled_and_kept_after_all(buyer, customer):
    subscribe(buyer, "Starter")
    shows(buyer, "500", at="/dashboard", where='[data-part="usage"]')

    buyer.goto("/dashboard/billing")
    buyer.get_by_role("link", name="Change or cancel the plan").click()
    buyer.get_by_text("Cancel the plan", exact=True).click()
    buyer.get_by_role("button", name="Cancel at the end of the period").click()
    shows(buyer, "Ends on", at="/dashboard/billing", where="#plan")
    expect(buyer.locator("#plan")).to_contain_text("Cancelled")

    buyer.get_by_role("link", name="Keep the plan, or change it").click()
    buyer.get_by_role("button", name="Keep the plan", exact=True).click()
    shows(buyer, "Renews on", at="/dashboard/billing", where="#plan")


def test_lower_plan_begins_when_what_is_paid_ends_unless_it_is_undone(buyer, customer):
    subscribe(buyer, "Growth")
    shows(buyer, "1,000", at="/dashboard", where='[data-part="usage"]')

    buyer.goto("/dashboard/billing/plan?plan=starter&period=monthly")
    expect(buyer.locator("main")).to_contain_text("Nothing is charged now")
    buyer.get_by_role("button", name="Change with the next period").click()
    shows(buyer, "Starter", at="/dashboard/billing", where="#plan")
    assert Subscription.objects.get().next_plan.code == "starter"

    buyer.get_by_role("link", name="Keep the plan, or change it").click()
    buyer.get_by_role("button", name="Keep Growth").click()
    shows(buyer, "Renews on", at="/dashboard/billing", where="#plan")
    assert Subscription.objects.get().next_plan is None


def test_failed_renewal_refuses_until_it_is_paid(buyer, shop, customer):
    subscribe(buyer, "Starter")
    expect(buyer.locator('[data-part="usage"]')).to_contain_text("500")
    number = stories.number_of(customer, now=timezone.now())
    assert stories.ring(number, at=timezone.now()).admitted
    _new_card(buyer, FAILING_CARD)

    shop.control("clock", months="1", hours="2", wait="each")
    buyer.goto("/dashboard")
    expect(buyer.get_by_text("A payment is late")).to_be_visible()
    after_grace = timezone.now() + standing.GRACE + timedelta(hours=1)
    transitions.push_overdue(now=after_grace)
    buyer.reload()
    expect(buyer.get_by_text("A payment is overdue")).to_be_visible()
    assert not stories.ring(number, at=timezone.now()).admitted

    buyer.get_by_role("link", name="Settle the payment").click()
    _new_card(buyer, GOOD_CARD)
    (invoice,) = [one for one in shop.every("invoice") if one["status"] == "open"]
    shop.post(f"invoices/{invoice['id']}/pay")
    shop.control("clock", seconds="1", wait="each")
    buyer.goto("/dashboard")
    expect(buyer.get_by_text("A payment is overdue")).to_be_hidden()
    assert stories.ring(number, at=timezone.now()).admitted


def _new_card(page: Page, card: str) -> None:
    page.goto("/dashboard/billing")
    page.get_by_role("button", name="Cards and payment method").click()
    page.get_by_label("Another card").fill(card)
    page.get_by_role("button", name="Use this card").click()
