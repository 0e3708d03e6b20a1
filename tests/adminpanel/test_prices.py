"""Staff change what minutes cost: shown first, dated, traced, and in force everywhere."""

from datetime import timedelta
from decimal import Decimal

import pytest
from django.contrib.auth.models import Group
from django.urls import reverse
from django.utils import timezone

from accounts.models import AuditEntry, Setting
from billing.models import ExchangeRate, MinuteBundle
from billing.purchases import starting

pytestmark = pytest.mark.django_db


@pytest.fixture
def browser(staff, client_of):
    staff.groups.set([Group.objects.get(name="finance")])
    return client_of(staff)


@pytest.fixture
def bundle() -> MinuteBundle:
    return MinuteBundle.objects.create(code="hundred", minutes=100, currency="USD")


def asked(**fields: str) -> dict[str, str]:
    return {"markup_percent": "50", "base_minute_cost": '{"USD": "0.20"}'} | fields


def test_prices_are_shown_before_anything_changes(browser, bundle):
    shown = browser.post(reverse("adminpanel:prices"), asked()).content.decode()

    assert "$25.00" in shown
    assert "$30.00" in shown
    assert not Setting.objects.exists()


def test_confirmed_price_holds_at_once_with_a_trace(browser, bundle, organization):
    reply = browser.post(reverse("adminpanel:prices"), asked(confirm="yes"))

    assert reply.status_code == 302
    # What did not change has no new row.
    assert [row.key for row in Setting.objects.all()] == ["markup_percent"]
    price = starting.minute_price(organization, now=timezone.now())
    assert price.of(100) == Decimal("30.00")
    assert AuditEntry.objects.filter(action="setting.set").count() == 1


def test_announced_price_changes_nothing_yet(browser, organization):
    day = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d 00:00")
    browser.post(reverse("adminpanel:prices"), asked(confirm="yes", valid_from=day))

    assert starting.minute_price(organization, now=timezone.now()).markup_percent == 25
    later = timezone.now() + timedelta(days=3)
    assert starting.minute_price(organization, now=later).markup_percent == 50
    assert "announced" in browser.get(reverse("adminpanel:prices")).content.decode()


@pytest.mark.parametrize(
    "wrong",
    [
        {"markup_percent": "-1"},
        {"markup_percent": "much"},
        {"base_minute_cost": "0.20"},
        {"base_minute_cost": "{"},
        {"base_minute_cost": "{}"},
        {"valid_from": "2020-01-01 00:00"},
    ],
)
def test_price_that_cannot_be_is_said_and_kept_in_the_form(browser, wrong):
    reply = browser.post(reverse("adminpanel:prices"), asked(confirm="yes", **wrong))

    assert reply.status_code == 200
    assert "staff-error" in reply.content.decode()
    assert not Setting.objects.exists()


def test_rate_is_entered_from_now_on_with_a_trace(browser):
    place = reverse("adminpanel:rates")
    browser.post(place, {"base": "USD", "quote": "EUR", "rate": "0.9"})
    browser.post(place, {"base": "USD", "quote": "USD", "rate": "0.9"})
    browser.post(place, {"base": "USD", "quote": "EUR", "rate": "-1"})

    assert ExchangeRate.objects.get().rate == Decimal("0.9")
    assert AuditEntry.objects.filter(action="exchange_rate.entered").count() == 1
    assert "1 USD = 0.9 EUR" in browser.get(reverse("adminpanel:prices")).content.decode()


def test_support_changes_no_price(staff, client_of):
    staff.groups.set([Group.objects.get(name="support")])
    browser = client_of(staff)

    assert browser.get(reverse("adminpanel:prices")).status_code == 403
    assert browser.post(reverse("adminpanel:rates"), {}).status_code == 403
