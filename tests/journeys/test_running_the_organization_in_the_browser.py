"""An owner runs the organization in a real browser: a colleague joins, a key and a webhook are
made, and in the end it is closed."""

import re

import pytest
from django.core import mail
from playwright.sync_api import Page, expect

from accounts.models import ApiKey, Membership, Organization
from metering.models import WebhookEndpoint
from tests.factories import metering as make
from tests.pages.browsing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


@pytest.fixture
def mine(page: Page, live_server, client_of, owner, organization, now, settings) -> Page:
    """The page of a browser in which the owner has signed in."""
    settings.WEBSITE_URL = live_server.url
    make.make_balances(now=now, organization=organization)
    sign_in(page, client_of(owner), url=live_server.url)
    return page


def test_colleague_is_invited_by_letter_and_joins(
    mine, browser, live_server, client_of, stranger
):
    mine.goto("/dashboard/team")
    mine.get_by_label("E-mail address").fill(stranger.email)
    mine.get_by_label("Role", exact=True).select_option("accountant")
    mine.get_by_role("button", name="Send the invitation").click()
    expect(mine.get_by_text("Waiting for an answer")).to_be_visible()
    link = re.search(r"https?://\S+/invitations/\S+", mail.outbox[-1].body)[0]

    context = browser.new_context(base_url=live_server.url)
    theirs = context.new_page()
    sign_in(theirs, client_of(stranger), url=live_server.url)
    theirs.goto(link)
    theirs.get_by_role("button", name="Join as").click()

    expect(theirs.get_by_text("Welcome to Acme Dental")).to_be_visible()
    assert Membership.objects.get(user=stranger).role == "accountant"
    context.close()


def test_key_and_webhook_are_made_shown_once_and_taken_away(mine):
    mine.goto("/dashboard/api-keys")
    mine.get_by_label("Name").fill("Reporting")
    mine.get_by_label(re.compile("usage:read")).check()
    mine.get_by_role("button", name=re.compile("Make|Create")).click()
    key = mine.locator("#new-key").inner_text()
    mine.goto("/dashboard/api-keys")
    expect(mine.get_by_text(key)).to_have_count(0)
    mine.locator("summary", has_text="Revoke").click()
    mine.locator("button", has_text="Revoke").click()
    expect(mine.locator(".chip", has_text="Revoked")).to_be_visible()
    assert ApiKey.objects.get().name == "Reporting"

    mine.goto("/dashboard/webhooks")
    mine.get_by_role("textbox", name="Address").fill("https://hooks.example.com/billing")
    mine.get_by_label("Minutes run low").check()
    mine.get_by_role("button", name=re.compile("Add")).click()
    secret = mine.locator("#new-secret").inner_text()
    assert WebhookEndpoint.objects.get().secret == secret
    mine.goto("/dashboard/webhooks")
    expect(mine.get_by_text(secret)).to_have_count(0)


def test_organization_is_closed_by_typing_its_name(mine):
    mine.goto("/dashboard/settings")
    mine.get_by_role("link", name=re.compile("[Cc]los")).first.click()
    mine.get_by_label("Type the organization's name").fill("Acme Dental")
    mine.get_by_role("button", name="Close for good").click()

    expect(mine.get_by_text("Acme Dental is closed.")).to_be_visible()
    assert Organization.objects.get(name="Acme Dental").status == "closed"
