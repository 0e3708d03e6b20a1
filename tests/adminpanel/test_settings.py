"""Staff see every dated setting with its history, and put the next value in force, traced."""

from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts import settings_history
from accounts.models import AuditEntry, Setting
from accounts.setting_definitions import DEFINITIONS
from adminpanel.settings import values
from billing.models import ExchangeRate
from metering.calls import refusals
from metering.notices import telling

pytestmark = pytest.mark.django_db
QUERIES_MAX = 16


@pytest.fixture
def browser(staff, client_of):
    staff.groups.set([Group.objects.get(name="admin")])
    return client_of(staff)


def place(key: str) -> str:
    return reverse("adminpanel:setting", args=[key])


def value(key: str):
    return settings_history.value_at(key, None, timezone.now())


def test_every_setting_is_listed_with_what_holds_and_what_is_next(browser, staff):
    now = timezone.now()
    for days, given in ((0, 60), (3, 90)):
        settings_history.set_value(
            "retention_days",
            given,
            organization=None,
            actor=staff,
            now=now,
            valid_from=now + timedelta(days=days),
        )
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(reverse("adminpanel:settings")).content.decode()

    assert [key for key in DEFINITIONS if f">{key}<" not in page] == []
    for shown in ("60", "90", "announced", "staff@example.org"):
        assert shown in page
    assert len(asked) <= QUERIES_MAX


@pytest.mark.parametrize(
    ("key", "said", "kept"),
    [
        ("retention_days", "45", 45),
        ("low_usage_thresholds_percent", "90, 50", [50, 90]),
        ("low_minutes_thresholds", "20, 5.5", ["5.5", "20"]),
        ("low_usage_letters", "no", False),
        ("provider_balance_alert", "35.50", "35.50"),
        ("top_up_minimum", "USD: 5\nEUR: 6", {"USD": "5", "EUR": "6"}),
        ("call_countries", "US, DE", ["DE", "US"]),
    ],
)
def test_value_is_shown_first_and_put_in_force_once(browser, key, said, kept):
    before = value(key)
    shown = browser.post(place(key), {"value": said})
    assert "Put in force" in shown.content.decode()
    assert value(key) == before
    for _ in range(2):
        browser.post(place(key), {"value": said, "confirm": "yes"})

    assert value(key) == kept
    assert values.read(key, values.written(kept)) == kept
    assert Setting.objects.filter(key=key).count() == 1
    assert AuditEntry.objects.filter(action="setting.set").count() == 1


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("retention_days", "0"),
        ("retention_days", "soon"),
        ("low_usage_thresholds_percent", "120"),
        ("low_usage_thresholds_percent", "x"),
        ("low_usage_letters", "perhaps"),
        ("top_up_minimum", "ten dollars"),
        ("top_up_minimum", "USD: ten"),
        ("call_countries", "Germany"),
    ],
)
def test_what_cannot_be_is_said_and_kept_in_the_form(browser, key, said):
    page = browser.post(place(key), {"value": said, "confirm": "yes"}).content.decode()
    assert "staff-error" in page
    assert said.splitlines()[0] in page
    assert not Setting.objects.exists()


def test_emptied_value_gives_way_to_the_default(browser):
    browser.post(place("retention_days"), {"value": "45", "confirm": "yes"})
    browser.post(place("retention_days"), {"value": "", "confirm": "yes"})
    assert value("retention_days") == 30
    assert "default: 30" in browser.get(place("retention_days")).content.decode()


def test_refusal_texts_are_heard_before_they_are_spoken(browser, organization):
    said = {"text_no_minutes": "Please write to us instead.", "text_default": "Sorry."}
    shown = browser.post(place("refusal_texts"), said).content.decode()
    assert shown.count("<strong>Sorry.</strong>") == len(refusals.WORDED) - 1
    bad = browser.post(place("refusal_texts"), {"text_no_plan": "{x}", "confirm": "y"})
    assert "no braces" in bad.content.decode()
    browser.post(place("refusal_texts"), said | {"confirm": "yes"})

    def heard(rule: str) -> str:
        return refusals.text(rule, organization_id=organization.pk, now=timezone.now())

    assert heard("no_minutes") == "Please write to us instead."
    assert heard("wallet_empty") == "Sorry."


def test_announced_value_waits_for_its_day(browser):
    day = (timezone.now() + timedelta(days=2)).strftime("%Y-%m-%d 00:00")
    form = {"value": "45", "valid_from": day, "confirm": "yes"}
    browser.post(place("retention_days"), form)
    assert value("retention_days") == 30
    later = timezone.now() + timedelta(days=3)
    assert settings_history.value_at("retention_days", None, later) == 45
    past = {"value": "45", "valid_from": "2020-01-01 00:00", "confirm": "yes"}
    assert (
        "only change from now on"
        in browser.post(place("retention_days"), past).content.decode()
    )


def test_a_row_of_another_process_holds_here_without_a_restart(organization):
    """Nothing is told to anybody: what another process has written is read."""
    now = timezone.now()
    assert telling._thresholds(organization.pk, now).percents == (80,)
    for key, given in (("retention_days", 1), ("low_usage_thresholds_percent", [55])):
        Setting.objects.create(key=key, value=given, valid_from=now)

    assert value("retention_days") == 1
    later = now + telling.KEPT_FOR
    assert telling._thresholds(organization.pk, later).percents == (55,)


def test_prices_have_a_page_of_their_own_and_others_are_none(browser):
    assert browser.get(place("markup_percent")).url == reverse("adminpanel:prices")
    assert browser.get(place("nothing-like-it")).status_code == 404


def test_rates_are_entered_in_one_place_alone(browser, staff):
    staff.is_superuser = True
    staff.save()
    add = reverse("admin:billing_exchangerate_add")
    browser.post(add, {"base": "USD", "quote": "EUR", "rate": "2"})
    assert browser.get(add).status_code == 403
    assert not ExchangeRate.objects.exists()


def test_support_changes_no_setting(staff, client_of):
    staff.groups.set([Group.objects.get(name="support")])
    browser = client_of(staff)
    assert browser.get(reverse("adminpanel:settings")).status_code == 403
    reply = browser.post(place("retention_days"), {"value": "1", "confirm": "yes"})
    assert reply.status_code == 403
    assert not Setting.objects.exists()


def test_what_a_colleague_changed_meanwhile_is_not_taken_back_unseen(browser, staff):
    def form(at: str) -> dict[str, str]:
        shown = browser.get(at).context["form"]
        return {name: str(shown[name].value() or "") for name in shown.fields}

    prices = reverse("adminpanel:prices")
    mine = {at: form(at) for at in (prices, place("retention_days"))}
    for key, given in (("markup_percent", "40"), ("retention_days", 60)):
        settings_history.set_value(
            key, given, organization=None, actor=staff, now=timezone.now()
        )
    mine[prices] |= {"base_minute_cost": '{"USD": "0.25"}', "confirm": "yes"}
    mine[place("retention_days")] |= {"value": "45", "confirm": "yes"}
    for at, said in mine.items():
        assert "A colleague changed this" in browser.post(at, said).content.decode()
    assert (value("markup_percent"), value("retention_days")) == ("40", 60)

    # Shown what holds now, the second click is meant.
    for at, said in mine.items():
        seen = browser.post(at, said).context["form"]["seen"].value()
        browser.post(at, said | {"seen": seen})
    assert value("base_minute_cost") == {"USD": "0.25"}
    assert value("retention_days") == 45
