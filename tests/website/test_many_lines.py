"""An organization with more numbers and agents than a page holds."""

from urllib.parse import parse_qs, urlsplit

import pytest

from metering.calls import own_lines
from metering.models import Agent, PhoneNumber
from metering.usage import call_search
from servicebilling.website import usage_page
from tests.pages import stories
from tests.website.reading import cheaply, seen

pytestmark = pytest.mark.django_db

SETTINGS = "/dashboard/settings"
REFUSED = "/dashboard/alerts/refused"
BYTES_MAX = 150_000
MANY = 300


@pytest.fixture
def mine(client_of, owner, organization, now):
    agents = Agent.objects.bulk_create(
        Agent(
            organization=organization,
            name=f"Desk {count:04}",
            provider_assistant_id=f"assistant-{count:04}",
        )
        for count in range(MANY)
    )
    PhoneNumber.objects.bulk_create(
        PhoneNumber(
            organization=organization,
            e164=f"+1202555{count:04}",
            label=f"Branch {count}",
            provider_number_id=f"number-{count}",
            agent=agents[count],
            valid_from=now,
        )
        for count in range(MANY)
    )
    return client_of(owner)


def shown(answer, which: str) -> list[str]:
    return [
        one.e164 if which == "numbers" else one.name
        for one in getattr(answer.context["lines"], which)
    ]


def test_pages_stay_small(mine):
    for url in (SETTINGS, REFUSED, "/dashboard/calls", "/dashboard/usage"):
        cheaply(mine, url)
        assert len(mine.get(url).content) < BYTES_MAX, url


@pytest.mark.parametrize("which", ["numbers", "agents"])
def test_lists_are_read_page_by_page_to_the_end(mine, which):
    first = mine.get(SETTINGS)
    pages = first.context["lines"]
    following = getattr(pages, f"{which[:-1]}_pages").next_url
    second = mine.get(following)

    assert len(shown(first, which)) == len(shown(second, which)) == 25
    assert shown(second, which) == sorted(shown(second, which))
    assert shown(first, which)[-1] < shown(second, which)[0]
    late = mine.get(f"{SETTINGS}?{which}_after=zzz~{'f' * 32}")
    assert "fits these words" in seen(late)


def test_lines_are_found_by_digits_name_and_agent(mine):
    assert shown(mine.get(f"{SETTINGS}?numbers=%2B1 202 555 0234"), "numbers") == [
        "+12025550234"
    ]
    assert shown(mine.get(f"{SETTINGS}?numbers=branch 77"), "numbers") == ["+12025550077"]
    assert shown(mine.get(f"{SETTINGS}?numbers=desk 0299"), "numbers") == ["+12025550299"]
    assert shown(mine.get(f"{SETTINGS}?agents=assistant-0042"), "agents") == ["Desk 0042"]
    nobody = mine.get(f"{SETTINGS}?agents=nobody&numbers=50299")
    assert "No agent fits these words" in seen(nobody)
    assert shown(nobody, "numbers") == ["+12025550299"]


def test_saving_a_line_leads_back_to_its_page(mine, organization):
    page = mine.get(f"{SETTINGS}?numbers=50299&agents=desk 0007")
    number = PhoneNumber.objects.get(e164="+12025550299")
    other = Agent.objects.get(name="Desk 0007")

    saved = mine.post(
        f"{SETTINGS}/number",
        {
            "phone_number": number.pk,
            "agent": other.pk,
            "label": "Front",
            "place": page.context["lines"].place,
        },
    )

    number.refresh_from_db()
    assert (number.agent, number.label) == (other, "Front")
    assert parse_qs(urlsplit(saved.url).query) == {
        "organization": [organization.slug],
        "numbers": ["50299"],
        "agents": ["desk 0007"],
    }
    astray = mine.post(f"{SETTINGS}/number", {"place": "next=//evil.example&numbers=1"})
    assert astray.url == f"{SETTINGS}?organization={organization.slug}&numbers=1"


def test_words_for_an_agent_of_a_later_page_are_not_lost(mine):
    agent = Agent.objects.get(name="Desk 0150")
    place = mine.get(f"{REFUSED}?agents=0150").context["page"].place
    said = {"of": str(agent.pk), "words": "Call us tomorrow.", "place": place}

    tried = mine.post(f"{REFUSED}/words", said | {"act": "try"})
    saved = mine.post(f"{REFUSED}/words", said)

    assert "A caller would hear “Call us tomorrow.”" in seen(tried)
    assert "Own words “Call us tomorrow.”" in seen(mine.get(saved.url))


def test_calls_are_narrowed_to_any_number_and_agent(mine, organization):
    agent = Agent.objects.get(name="Desk 0150")
    page = mine.get("/dashboard/calls", {"agent": agent.pk, "number": "+1 202 5550150"})

    assert page.context["list"].wanted.number == "+12025550150"
    assert f'<option value="{agent.pk}" selected>' in page.content.decode()
    assert 'name="number" value="+12025550150"' in page.content.decode()
    choices = call_search.choices_of(organization, call_search.Wanted())
    assert len(choices.agents) == len(choices.numbers) == call_search.CHOICES_MAX


def test_usage_sums_what_it_does_not_list(
    client_of, owner, organization, number, now, monkeypatch
):
    monkeypatch.setattr(usage_page, "SHARES_SHOWN", 1)
    second = Agent.objects.create(
        organization=organization, name="Night", provider_assistant_id="night"
    )
    stories.talk(number, at=now, seconds=120)
    own_lines.assign(
        organization,
        number_id=str(number.pk),
        agent_id=str(second.pk),
        actor=owner,
        now=now,
    )
    number.refresh_from_db()
    stories.talk(number, at=now, seconds=60)

    first = Agent.objects.exclude(pk=second.pk).get()
    page = client_of(owner).get("/dashboard/usage").context["page"]

    assert [one.name for one in page.agents] == [first.name]
    assert (page.other_agents.count, page.other_agents.used.talk_seconds) == (1, 60)
    assert page.other_numbers is None
