"""Staff see revenue, cost and margin by day and month, from sums that are never out of step."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from uuid import uuid4

import pytest
import time_machine
from django.contrib.auth.models import Group
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Organization, PeriodicRun
from adminpanel.over_time import reports
from billing import exchange, money_days
from billing.models import MoneyDay, Payment, Refund, TopUp
from metering.models import DailyUsage
from metering.verification.run import verify

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 3, 5, 12, tzinfo=UTC)


def paid(organization: Organization, amount: str, at: datetime, currency="USD") -> Payment:
    common = {
        "organization": organization,
        "amount": amount,
        "currency": currency,
        "provider": "stripe",
        "created_at": at,
    }
    top_up = TopUp.objects.create(**common)
    return Payment.objects.create(
        top_up=top_up, provider_payment_id=str(uuid4()), paid_at=at, **common
    )


def cost(organization: Organization, amount: str, day: date) -> None:
    DailyUsage.objects.create(
        organization=organization, day=day, meter="voice_minute", cost=amount
    )


@pytest.fixture
def story(organization):
    """Yesterday: 100 paid, 30 back, cost 20. Last month: EUR 50, and a cost of 80 later."""
    yesterday, before = NOW - timedelta(days=1), NOW - timedelta(days=20)
    Refund.objects.create(
        organization=organization,
        payment=paid(organization, "100", yesterday),
        provider="stripe",
        provider_id="re_1",
        amount=30,
        currency="USD",
        is_effective=True,
        created_at=yesterday,
        updated_at=yesterday,
    )
    cost(organization, "20", yesterday.date())
    paid(organization, "50", before, "EUR")
    cost(organization, "80", before.date() + timedelta(days=1))
    money_days.sum_recent(now=NOW)
    return organization


def test_days_and_months_add_up_and_a_lacking_rate_is_said(story):
    days = {one.first: one for one in reports.by_day(now=NOW)}
    yesterday = days[(NOW - timedelta(days=1)).date()]
    assert (yesterday.revenue, yesterday.cost_usd) == ((("USD", Decimal(70)),), Decimal(20))
    assert (yesterday.margin_usd, yesterday.margin_percent) == (Decimal(50), 71)
    assert len(days) == reports.DAYS
    last_month = reports.by_month(now=NOW)[-2]
    assert (last_month.revenue_usd, last_month.margin_usd) == (None, None)

    exchange.enter(
        base="EUR",
        quote="USD",
        rate=Decimal("1.10"),
        actor="a test",
        now=NOW - timedelta(days=30),
    )
    last_month = reports.by_month(now=NOW)[-2]
    assert (last_month.revenue_usd, last_month.cost_usd) == (Decimal(55), Decimal(80))
    assert last_month.margin_usd == Decimal(-25)


def rows() -> list[tuple]:
    columns = ("day", "currency", "paid", "given_back", "cost")
    return list(MoneyDay.objects.order_by("day", "currency").values_list(*columns))


def test_summing_again_changes_nothing_and_finds_what_came_late(story):
    before = rows()
    for _ in range(2):
        money_days.sum_late(now=NOW)
    assert rows() == before

    cost(story, "7", NOW.date() - timedelta(days=40))
    money_days.sum_recent(now=NOW)
    assert rows() == before
    money_days.sum_late(now=NOW)
    assert rows()[0][-1] == Decimal(7)
    DailyUsage.objects.filter(cost=7).delete()
    money_days.sum_late(now=NOW)
    assert rows() == before


def test_history_is_summed_once_and_goes_on_where_it_was_broken_off(story):
    for days in (60, 100, 300):
        cost(story, str(days), NOW.date() - timedelta(days=days))
    MoneyDay.objects.all().delete()
    money_days.sum_recent(now=NOW)
    whole = rows()
    assert [row[-1] for row in whole[:3]] == [Decimal(300), Decimal(100), Decimal(60)]

    MoneyDay.objects.filter(day__lt=NOW.date() - timedelta(days=80)).delete()
    money_days.sum_recent(now=NOW)
    assert len(rows()) == len(whole) - 2
    money_days.sum_late(now=NOW)
    assert rows() == whole


def test_days_that_the_clock_missed_and_what_a_bank_decided_late_are_summed_again(story):
    cost(story, "5", NOW.date() + timedelta(days=20))
    back = NOW + timedelta(days=90)
    # The newest sums are of days that are old by now; between them and those lies a gap.
    money_days.sum_recent(now=back)
    assert Decimal(5) not in [row[-1] for row in rows()]
    money_days.sum_late(now=back)
    assert Decimal(5) in [row[-1] for row in rows()]

    assert [row[3] for row in rows() if row[3]] == [Decimal(30)]
    Refund.objects.update(is_effective=False, updated_at=back - timedelta(days=1))
    money_days.sum_late(now=back)
    assert [row[3] for row in rows() if row[3]] == []


@pytest.mark.breaks_books
def test_sums_that_differ_from_their_rows_are_found_from_the_next_night_on(story):
    """What calls cost is compared once a day is summed no more."""

    def found(at: datetime) -> list[str]:
        findings = verify(now=at).findings
        return [one.row for one in findings if one.rule == "sums_by_day_are_of_their_rows"]

    night = NOW + timedelta(days=90)
    money_days.sum_late(now=night)
    PeriodicRun.objects.create(task="sum_late_money_days", period="1", started_at=night)
    Payment.objects.filter(currency="EUR").update(created_at=night, amount=9)
    cost(story, "4", NOW.date() - timedelta(days=3))
    cost(story, "4", (night - timedelta(days=9)).date())
    assert found(night + timedelta(hours=1)) == []
    # The payment was told of later than that night, so it waits for the next.
    assert found(night + timedelta(hours=3)) == ["money_days 2026-03-02 USD"]

    Payment.objects.filter(currency="EUR").update(created_at=NOW)
    assert found(night + timedelta(hours=3)) == [
        "money_days 2026-02-13 EUR",
        "money_days 2026-03-02 USD",
    ]


def test_page_shows_it_to_those_who_may_see_money_in_few_statements(
    story, staff, client_of, time_machine
):
    time_machine.move_to(NOW, tick=False)
    staff.groups.set([Group.objects.get(name="finance")])
    browser, place = client_of(staff), reverse("adminpanel:money")
    with CaptureQueriesContext(connection) as asked:
        page = browser.get(place).content.decode()
    assert "An exchange rate to USD lacks" in page
    assert "+$50.00" in page.replace("</data>", "").replace('<data value="50.000000">', "")
    assert "71 %" in page
    assert len(asked) <= 10
    assert "€50.00" in browser.get(place, {"by": "month"}).content.decode()
    assert browser.get(place, {"by": "year"}).status_code == 400
    staff.groups.set([Group.objects.get(name="support")])
    assert client_of(staff).get(place).status_code == 403


def test_before_the_first_sum_no_zeros_are_shown(story, staff, client_of):
    MoneyDay.objects.all().delete()
    staff.groups.set([Group.objects.get(name="finance")])

    page = client_of(staff).get(reverse("adminpanel:money")).content.decode()

    assert "Nothing is summed yet" in page
    assert "$0.00" not in page


@pytest.mark.breaks_books
def test_first_page_counts_the_month_as_this_one_does(organization, staff, client_of):
    last = datetime(2026, 1, 31, 12, tzinfo=UTC)
    Refund.objects.create(
        organization=organization,
        payment=paid(organization, "10", last),
        provider="stripe",
        provider_id="re_1",
        amount=4,
        currency="USD",
        is_effective=True,
        created_at=last,
        updated_at=last,
    )
    # The month's first day is its thirty-first before the last.
    cost(organization, "1", date(2026, 1, 1))
    money_days.sum_recent(now=last)
    staff.groups.set([Group.objects.get(name="admin")])
    with time_machine.travel(last, tick=False):
        shown = client_of(staff).get("/admin/overview/live").context

    [month] = reports.by_month(now=last, count=1)
    assert shown["cost_this_month"] == month.cost_usd == 1
    assert [one.amount for one in shown["revenue_this_month"]] == [month.revenue_usd]
    assert shown["margin_this_month"] == month.margin_usd == 5
