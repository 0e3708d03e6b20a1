"""The overview in a real browser: keyboard, theme, live figures, no script; and the way to it."""

import re
from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.utils import timezone
from playwright.sync_api import Page, expect

from accounts.models import Organization
from billing import catalogue_loading
from metering.balances import cycles
from tests.factories import accounts
from tests.factories import metering as make
from tests.factories.accounts import PASSWORD
from tests.pages import stories
from tests.pages.browsing import (
    PHONE,
    accessibility_faults,
    is_wider_than_the_screen,
    sign_in,
)

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

LONG_NAME = "Gesellschaft für außerordentlich lange Organisationsnamen mbH & Co. KG"


@pytest.fixture
def number(organization):
    """The organization has 100 minutes, and a number that was called in every way."""
    now = timezone.now()
    make.make_balances(now=now - timedelta(days=3), organization=organization)
    number = stories.number_of(organization, now=now)
    stories.talk(number, at=now - timedelta(hours=3), seconds=145)
    stories.talk(number, at=now - timedelta(hours=2), seconds=None)
    stories.talk(number, at=now - timedelta(hours=1), seconds=30, direction="web")
    stories.ring(number, at=now - timedelta(minutes=1), direction="outbound")
    cycles.set_standing(organization_id=organization.id, standing="past_due", now=now)
    stories.ring(number, at=now)
    cycles.set_standing(organization_id=organization.id, standing="good", now=now)
    return number


@pytest.fixture
def mine(page: Page, live_server, client_of, owner) -> Page:
    """The page of a browser in which the owner has signed in."""
    sign_in(page, client_of(owner), url=live_server.url)
    return page


def test_open_menus_are_accessible_and_close_with_escape(mine, number, owner):
    accounts.make_organization(name=LONG_NAME, owner=owner)
    mine.set_viewport_size(PHONE)
    mine.goto("/dashboard")
    for menu in mine.locator("details[data-menu]").all():
        menu.locator("summary").click()
        expect(menu.locator(".menu-panel")).to_be_visible()
        assert accessibility_faults(mine) == []
        assert not is_wider_than_the_screen(mine)
        mine.keyboard.press("Escape")
        expect(menu.locator(".menu-panel")).to_be_hidden()
        expect(menu.locator("summary")).to_be_focused()


def test_keyboard_reaches_the_content_first(mine, number):
    mine.goto("/dashboard")

    mine.keyboard.press("Tab")
    expect(mine.get_by_role("link", name="Skip to the content")).to_be_focused()
    mine.keyboard.press("Enter")
    expect(mine.locator("#main")).to_be_focused()


def test_chosen_theme_stays(mine, number):
    mine.emulate_media(color_scheme="light")
    mine.goto("/dashboard")
    paper = "getComputedStyle(document.body).backgroundColor"
    light = mine.evaluate(paper)

    mine.get_by_role("radio", name="Dark").check()
    dark = mine.evaluate(paper)
    assert dark != light
    mine.goto("/accounts/email/")
    assert mine.evaluate(paper) == dark
    mine.get_by_role("radio", name="As the device has it").check()
    mine.reload()
    assert mine.evaluate(paper) == light


def test_figures_follow_what_happens(mine, number, monkeypatch):
    monkeypatch.setattr("servicebilling.website.views.dashboard.LIVE_EVERY_SECONDS", 0.3)
    mine.goto("/dashboard")
    before = mine.locator('[data-part="usage"]').inner_text()

    stories.talk(number, at=timezone.now(), seconds=600)

    usage = mine.locator('[data-part="usage"]')
    expect(usage).to_contain_text("86\nminutes remaining", use_inner_text=True)
    expect(mine.locator('[data-part="calls"]')).to_contain_text("10:00")
    assert usage.inner_text() != before


def test_hidden_tab_asks_for_nothing(mine, number, monkeypatch):
    monkeypatch.setattr("servicebilling.website.views.dashboard.LIVE_EVERY_SECONDS", 0.2)
    mine.goto("/dashboard")
    with mine.expect_response("**/dashboard/live?*"):
        pass

    _hide(mine, hidden=True)
    mine.wait_for_timeout(300)
    asked = []
    mine.on("request", lambda request: asked.append(request.url))
    mine.wait_for_timeout(900)
    assert asked == []

    with mine.expect_response("**/dashboard/live?*"):
        _hide(mine, hidden=False)


def _hide(page: Page, *, hidden: bool) -> None:
    page.evaluate(
        """hidden => {
            Object.defineProperty(document, "hidden", {value: hidden, configurable: true});
            document.dispatchEvent(new Event("visibilitychange"));
        }""",
        hidden,
    )


def test_signed_out_elsewhere_is_told_and_left_alone(mine, number, monkeypatch):
    monkeypatch.setattr("servicebilling.website.views.dashboard.LIVE_EVERY_SECONDS", 0.2)
    mine.goto("/dashboard")

    Session.objects.all().delete()

    taken = mine.locator('[data-part="taken"]')
    expect(taken).to_contain_text("No longer updated: reload the page.")
    asked = []
    mine.on("request", lambda request: asked.append(request.url))
    mine.wait_for_timeout(700)
    assert asked == []


def test_without_scripts_the_page_reads_right(
    browser, live_server, client_of, owner, number
):
    context = browser.new_context(base_url=live_server.url, java_script_enabled=False)
    page = context.new_page()
    sign_in(page, client_of(owner), url=live_server.url)

    page.goto("/dashboard")

    text = page.locator("main").inner_text()
    assert re.search(r"96\s+minutes remaining", text)
    assert "Refused: payment overdue" in text
    expect(page.locator(".theme-switch")).to_be_hidden()
    page.locator(".switcher summary").click()
    expect(page.get_by_role("link", name="New organization")).to_be_visible()
    page.locator(".menu-end summary").click()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("link", name="Sign in").first).to_be_visible()
    context.close()


def test_from_sign_up_to_the_first_steps(page, live_server, settings):
    settings.WEBSITE_URL = live_server.url
    catalogue_loading.load(now=timezone.now())
    page.goto("/")
    page.get_by_role("link", name="Sign up").first.click()
    page.get_by_label("E-mail address").fill("new@example.com")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_label("Organization").fill("Brand New Practice")
    page.get_by_role("button", name="Sign up").click()
    expect(page.get_by_role("heading", level=1)).to_have_text("Confirm your address")

    page.goto(re.search(r"https?://\S+", mail.outbox[-1].body)[0])
    page.get_by_role("button", name="Yes, confirm it").click()
    expect(page.get_by_label("Name of your organization")).to_have_value(
        "Brand New Practice"
    )
    page.get_by_label("Time zone").select_option("Europe/Berlin")
    page.get_by_role("button", name="Create the organization").click()

    expect(page.get_by_role("heading", level=2, name="Your first call")).to_be_visible()
    expect(page.get_by_text("No plan and no minutes yet")).to_be_visible()
    assert Organization.objects.get().timezone == "Europe/Berlin"


def test_own_time_zone_is_proposed(browser, live_server, client_of, stranger):
    catalogue_loading.load(now=timezone.now())
    context = browser.new_context(base_url=live_server.url, timezone_id="Asia/Tokyo")
    page = context.new_page()
    sign_in(page, client_of(stranger), url=live_server.url)

    page.goto("/organizations/new")

    expect(page.get_by_label("Time zone")).to_have_value("Asia/Tokyo")
    context.close()


def test_webhook_address_can_be_copied(
    browser, live_server, client_of, owner, organization
):
    make.make_balances(now=timezone.now(), organization=organization)
    context = browser.new_context(
        base_url=live_server.url, permissions=["clipboard-read", "clipboard-write"]
    )
    page = context.new_page()
    sign_in(page, client_of(owner), url=live_server.url)
    page.goto("/dashboard")

    page.get_by_role("button", name="Copy").click()

    expect(page.get_by_role("button", name="Copied")).to_be_visible()
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied.endswith("/api/webhooks/vapi")
    context.close()


def test_the_chart_fits_a_telephone_and_is_printed_with_its_table(mine, number):
    mine.set_viewport_size(PHONE)
    mine.goto("/dashboard/usage")
    frame = mine.locator(".chart-frame").first
    table = mine.locator(".chart-table table").first

    assert frame.evaluate("one => one.scrollWidth <= one.clientWidth")
    size = frame.locator(".chart-tick").first.evaluate(
        "one => getComputedStyle(one).fontSize"
    )
    assert size == "12px"
    expect(table).not_to_be_visible()
    mine.emulate_media(media="print")
    expect(table).to_be_visible()
    expect(mine.locator(".tabs")).not_to_be_visible()


def test_filters_fold_away_on_a_telephone_and_not_on_a_desk(mine, number):
    mine.goto("/dashboard/calls")
    status = mine.get_by_label("Status")
    expect(status).to_be_visible()
    mine.set_viewport_size(PHONE)
    expect(status).not_to_be_visible()
    mine.get_by_text("Filters", exact=True).click()
    status.select_option("completed")
    mine.get_by_role("button", name="Show").click()

    expect(mine).to_have_url(re.compile("status=completed"))
    expect(status).to_be_visible()
