"""The list of calls, and one call down to what made its price."""

from datetime import timedelta

import pytest

from metering.models import Call
from tests.factories import metering as make
from tests.pages import stories
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

CALLS = "/dashboard/calls"


@pytest.fixture
def mine(client_of, owner, number):
    return client_of(owner)


def listed(response) -> list:
    return list(response.context["list"].page.calls)


def test_empty_list_leads_to_the_first_steps(mine):
    assert "No calls yet" in cheaply(mine, CALLS)


def test_pages_follow_each_other_even_at_one_moment(mine, number, now):
    for _ in range(30):
        stories.talk(number, at=now, seconds=30)

    first = mine.get(CALLS)
    second = mine.get(first.context["list"].next_url)

    ids = [call.id for page in (first, second) for call in listed(page)]
    assert len(ids) == len(set(ids)) == 30
    assert second.context["list"].next_url == ""
    assert cheaply(mine, CALLS).count("Completed") >= 25


def test_filters_narrow(mine, number, now):
    stories.talk(number, at=now - timedelta(days=3), seconds=30, call_from="+15550100777")
    stories.talk(number, at=now, seconds=200)
    stories.talk(number, at=now, seconds=None)
    agent, today = number.agent_id, now.date().isoformat()

    for query, count in {
        "status=completed": 2,
        "status=failed": 1,
        "length=1-5": 1,
        "q=100777": 1,
        f"agent={agent}&status=completed&first={today}": 1,
        f"last={(now - timedelta(days=2)).date()}": 1,
        f"number={number.e164.replace('+', '%2B')}": 3,
        "number=%2B1999": 0,
        "status=nonsense&agent=x&after=y&length=z": 3,
        "after=2026-01-01T00:00:00%2B00:00~x": 3,
    }.items():
        assert len(listed(mine.get(f"{CALLS}?{query}"))) == count, query
    assert "No call fits all of this" in seen(mine.get(f"{CALLS}?number=%2B1999"))


def test_call_is_explained_from_the_question_to_the_row(mine, number, now):
    stories.talk(number, at=now - timedelta(hours=1), seconds=145)
    call = Call.objects.get()

    page = cheaply(mine, f"{CALLS}/{call.pk}")

    assert "2:25 145 seconds" in page
    assert "Paid by 3 plan minutes." in page
    assert "let through with 14 minutes held and a longest duration of 13:55" in page
    assert "Plan minutes 100" in page
    assert "+3 3 0 $0.00" in page
    assert "6.54" not in page, "the provider's cost is not the customer's matter"


def test_wallet_call_shows_the_money_it_took(client_of, owner, organization, now):
    card = make.make_card(when_exhausted="wallet", included_minutes=1)
    make.make_balances(now=now, organization=organization, card=card, wallet="20")
    number = stories.number_of(organization, now=now)
    stories.talk(number, at=now, seconds=120)

    page = seen(client_of(owner).get(f"{CALLS}/{Call.objects.get().pk}"))

    assert "Paid by 1 plan minute, and the wallet for 1 minute (1:00 billed)." in page
    assert "\N{MINUS SIGN}$0.10 $19.90" in page


def test_refused_call_says_why_and_costs_nothing(client_of, owner, organization, now):
    card = make.make_card(included_minutes=0)
    make.make_balances(now=now, organization=organization, card=card)
    stories.ring(stories.number_of(organization, now=now), at=now)

    page = seen(client_of(owner).get(f"{CALLS}/{Call.objects.get().pk}"))

    assert "Refused before it connected: no minutes left. It costs nothing." in page
    assert "refused, no minutes left" in page
    assert "Nothing: no balance was touched" in page


def test_callers_number_is_masked_on_every_page(mine, number, now):
    stories.talk(number, at=now, seconds=30, call_from="+4915123456789")

    for url in (CALLS, f"{CALLS}/{Call.objects.get().pk}"):
        assert "+4915123456789" not in mine.get(url).content.decode()
