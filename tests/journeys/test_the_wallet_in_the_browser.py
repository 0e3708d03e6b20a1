"""Somebody in Lagos fills a wallet in a real browser, talks, lets it fill itself, and is
refused when the card fails: pages, redirects, webhooks and what may be called afterwards."""

from collections.abc import Iterator
from datetime import timedelta

import pytest
from django.utils import timezone
from playwright.sync_api import Page, expect

from billing import catalogue_loading, plans
from billing.providers import registry
from billing.topups import charging
from metering.models import Wallet
from metering.verification.run import verify
from servicebilling.celery import app
from servicebilling.sandbox.flutterwave.running import Sandbox
from tests.factories import metering as make
from tests.pages import stories
from tests.pages.browsing import sign_in

pytestmark = [pytest.mark.browser, pytest.mark.django_db(transaction=True)]

HASH = "test-secret-hash"
# What the card of wallet-starter-ngn says.
CALL_MINUTES_MAX, MINUTE_PRICE = 14, 150
AGAIN_AFTER_DECLINE = timedelta(hours=3)


@pytest.fixture
def bank(live_server, settings) -> Iterator[Sandbox]:
    """The provider's stand-in; what it says is worked on while it waits."""
    sandbox = Sandbox(
        webhook_secret=HASH, webhook_url=f"{live_server.url}/api/webhooks/flutterwave"
    )
    sandbox.start()
    settings.WEBSITE_URL = live_server.url
    settings.FLUTTERWAVE_SECRET_KEY = "FLWSECK_TEST-sandbox-X"  # noqa: S105
    settings.FLUTTERWAVE_WEBHOOK_SECRETS = [HASH]
    settings.FLUTTERWAVE_API_BASE = f"{sandbox.url}/v3"
    registry.get.cache_clear()
    app.conf.task_always_eager = True
    yield sandbox
    app.conf.task_always_eager = False
    sandbox.stop()


@pytest.fixture
def lagos(bank, organization):
    now = timezone.now()
    catalogue_loading.load(now=now)
    plan = plans.get("wallet-starter-ngn")
    plans.open_organization(organization=organization, plan=plan, now=now)
    yield organization
    assert verify(now=timezone.now()).findings == []


def top_up(page: Page, amount: str) -> None:
    page.goto("/dashboard/billing")
    page.get_by_label("Add funds in NGN").fill(amount)
    page.get_by_role("button", name="Add funds").click()
    page.get_by_role("button", name="Pay", exact=True).click()
    expect(page.get_by_text("The wallet is filled")).to_be_visible()


def shows_wallet(page: Page, amount: str) -> None:
    page.goto("/dashboard/billing")
    expect(page.locator("#funds")).to_contain_text(amount)


def test_wallet_from_the_first_top_up_to_a_failing_card_and_back(
    page, live_server, client_of, owner, bank, lagos
):
    sign_in(page, client_of(owner), url=live_server.url)
    number = stories.number_of(lagos, now=timezone.now())
    assert not stories.ring(number, at=timezone.now()).admitted

    top_up(page, "5000")
    assert stories.talk(number, at=timezone.now(), seconds=80).admitted
    shows_wallet(page, "4,800.00")

    page.get_by_role("link", name="Automatic top-ups").click()
    for label, amount in (
        ("When less than this is free", "4000"),
        ("Add", "5000"),
        ("At most in a day", "20000"),
        ("At most in a month", "90000"),
    ):
        page.get_by_label(label, exact=True).fill(amount)
    page.get_by_label("Charge the card without asking").check()
    page.get_by_role("button", name="Turn it on").click()
    expect(page.get_by_text("The wallet fills itself from now on")).to_be_visible()

    ref = make.call_ref(number)
    running_at = timezone.now()
    assert stories.ring(number, at=running_at, call_id=ref.call_id).admitted
    assert charging.charge_due(now=timezone.now()) == {"credited": 1}
    stories.talk(number, at=running_at, seconds=480, call_id=ref.call_id)
    shows_wallet(page, "8,600.00")

    bank.box.settings["declines_tokens"] = True
    asked_at = spend_all(lagos, number)
    for _ in range(3):
        assert not stories.ring(number, at=asked_at).admitted
        assert charging.charge_due(now=asked_at) == {"declined": 1}
        asked_at += AGAIN_AFTER_DECLINE
    page.goto("/dashboard/billing/auto-top-up")
    expect(page.locator("main")).to_contain_text("The card was declined 3 times in a row")

    top_up(page, "6000")
    assert stories.ring(number, at=asked_at).admitted
    page.goto("/dashboard/billing/auto-top-up")
    page.get_by_label("Charge the card without asking").check()
    page.get_by_role("button", name="Save").click()
    expect(page.locator("main")).to_contain_text("On")
    expect(page.locator("main")).not_to_contain_text("declined")


def spend_all(lagos, number):
    """Talk until less than a minute is left; returns when that was."""
    at = timezone.now()
    while (left := Wallet.objects.get(organization=lagos).balance) >= MINUTE_PRICE:
        seconds = min(60 * CALL_MINUTES_MAX, int(left / MINUTE_PRICE * 60))
        if not stories.talk(number, at=at, seconds=seconds).admitted:
            break
        at += timedelta(minutes=20)
    return at
