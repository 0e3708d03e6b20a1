"""Usage in figures and charts, and the same calls on other plans."""

import re
from datetime import timedelta

import pytest

from metering.usage import record
from tests.factories import metering as make
from tests.pages import stories
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

USAGE = "/dashboard/usage"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def test_sums_and_charts_say_the_same(mine, number, now):
    stories.talk(number, at=now, seconds=145)
    stories.talk(number, at=now, seconds=35)

    page = cheaply(mine, USAGE)

    assert "Talk time 3.0 min before: 0.0 min" in page
    assert "Calls 2 before: 0" in page
    assert "Average call 1:30 before: –" in page
    assert f"{number.agent.name} 2 calls of {number.agent.name} 3.0 min $0.00" in page
    assert f"{number.e164} 2 calls of {number.e164} 3.0 min" in page
    assert sum(float(part) for part in _table(mine.get(USAGE))) == 3.0


def _table(response) -> list[str]:
    return [column.shown[0] for column in response.context["page"].days_chart.columns]


def test_days_before_are_beside_them(client_of, owner, organization, number, now):
    stories.talk(number, at=now, seconds=60)

    page = seen(client_of(owner).get(f"{USAGE}?days=7"))

    assert "Talk time 1.0 min before: 0.0 min" in page
    assert "7 days" in page


def test_days_are_drawn_by_what_each_meter_was_charged(client_of, owner, organization, now):
    card = make.make_card(when_exhausted="postpaid", included_minutes=0, unit_price="0.10")
    make.make_rate(card, meter="api_call", included=None, unit_price="0.01")
    make.make_balances(now=now, organization=organization, card=card)
    stories.talk(stories.number_of(organization, now=now), at=now, seconds=120)
    record.record_api_call(organization, key="a", now=now)
    browser = client_of(owner)

    chart = browser.get(f"{USAGE}?by=charged").context["page"].days_chart

    assert chart.columns[-1].shown == ("$0.20", "$0.01")
    assert [name for _, name in chart.names] == ["Minutes of calls", "API calls"]
    one = browser.get(f"{USAGE}?by=api_call").context["page"].days_chart
    assert one.columns[-1].shown == ("1",)
    agents = browser.get(f"{USAGE}?by=weather").context["page"].days_chart
    assert agents.title == "Minutes talked each day, by agent"


def test_figures_lead_to_the_calls_they_count(mine, number, now):
    stories.talk(number, at=now, seconds=60)
    page = mine.get(USAGE).content.decode()

    links = re.findall(r'href="(/dashboard/calls[?][^"]+first=[^"]+)"', page)

    assert len(links) == 6
    for link in links:
        shown = mine.get(link.replace("&amp;", "&")).context["list"].page.calls
        assert len(shown) == 1


@pytest.mark.parametrize("query", ["days=8", "days=x", "days=-7"])
def test_nonsense_shows_the_usual_days(mine, now, query):
    page = mine.get(f"{USAGE}?{query}").context["page"]

    assert page.last - page.first == timedelta(days=29)


def test_empty_days_read_right(mine):
    page = cheaply(mine, USAGE)

    assert "Nothing in this time." in page
    assert "No calls in these days." in page


def test_same_calls_are_priced_on_every_plan(catalogue, mine, number, now):
    stories.talk(number, at=now, seconds=145)

    page = cheaply(mine, f"{USAGE}/plans")

    assert "3 in whole minutes" in page
    assert "Hybrid $49.00 $0.00 $0.00 0 min $49.00" in page
    assert "Cheapest" in page


def test_member_sees_usage_and_no_prices_of_plans(client_of, member, number):
    browser = client_of(member)

    assert browser.get(USAGE).status_code == 200
    assert browser.get(f"{USAGE}/plans").status_code == 403
