"""Trying what callers hear before it is kept, by keyboard and in a real browser."""

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from metering.models import Agent
from tests.factories import metering as make
from tests.pages import stories
from tests.pages.browsing import PHONE, accessibility_faults, sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]


def test_words_are_tried_and_kept_on_a_phone(
    page: Page, live_server, client_of, owner, organization
):
    now = timezone.now()
    make.make_balances(now=now, organization=organization)
    agent = stories.number_of(organization, now=now).agent
    assert agent is not None
    sign_in(page, client_of(owner), url=live_server.url)
    page.set_viewport_size(PHONE)
    page.goto("/dashboard/alerts/refused")
    row = page.locator(f"#of-{agent.pk}")

    row.get_by_text("Change").press("Enter")
    row.get_by_label("Words").fill("Our office opens at nine.")
    row.get_by_role("button", name="Preview").click()

    expect(row.get_by_role("status")).to_contain_text("“Our office opens at nine.”")
    assert accessibility_faults(page, within=f"#of-{agent.pk}") == []
    assert Agent.objects.get().refusal_text == ""
    row.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. The next refused caller hears it.")).to_be_visible()
    assert Agent.objects.get().refusal_text == "Our office opens at nine."
