"""From any figure on a page there is a way down to the rows that it is made of."""

import re
from html.parser import HTMLParser

import pytest
from django.utils import timezone

from metering.usage import record
from tests.pages import stories

pytestmark = pytest.mark.django_db

# What shows figures, by the class of the list or table that they stand in.
FIGURES = {"figure-list", "tiles", "facts"}
# No sums of rows: a date, and one figure divided by another beside it.
NO_SUMS = {
    "/dashboard": {"Days left"},
    "/dashboard/usage": {"Average call"},
    "/dashboard/billing": {"Days left"},
}


class Figures(HTMLParser):
    """Each figure of a page that is a `dt` and its first `dd`: its name, and whether it leads
    anywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.found: dict[str, bool] = {}
        self._lists: list[bool] = []
        self._part = self._name = ""

    def handle_starttag(self, tag, attrs):
        if tag == "dl":
            classes = set((dict(attrs).get("class") or "").split())
            self._lists.append(bool(classes & FIGURES))
        if not any(self._lists):
            return
        if tag == "dt":
            self._part, self._name = "dt", ""
        elif tag == "small" and self._part == "dt":
            self._part = ""
        elif tag == "dd":
            self._part = "dd"
            self.found.setdefault(self._name.strip(), False)
        elif tag == "a" and self._part == "dd":
            self.found[self._name.strip()] = True

    def handle_endtag(self, tag):
        if tag == "dl" and self._lists:
            self._lists.pop()

    def handle_data(self, data):
        if self._part == "dt":
            self._name += data


@pytest.fixture
def mine(client_of, owner, organization, number, now):
    stories.talk(number, at=now, seconds=145)
    record.record_ai_query(organization, key="one", queries=4, now=now)
    return client_of(owner)


@pytest.mark.parametrize("page", NO_SUMS)
def test_every_figure_leads_to_rows(mine, number, now, page):
    stories.ring(number, at=now)
    figures = Figures()
    figures.feed(mine.get(page).content.decode())

    assert figures.found
    assert {name for name, leads in figures.found.items() if not leads} == NO_SUMS[page]


def test_every_call_of_the_list_leads_to_its_rows(mine):
    page = mine.get("/dashboard/calls")

    for call in page.context["list"].page.calls:
        assert f"/dashboard/calls/{call.id}?" in page.content.decode()


@pytest.mark.parametrize("page", ["/dashboard", "/dashboard/usage"])
def test_bars_of_days_lead_to_the_calls_of_their_day(mine, number, page):
    today = timezone.now().date().isoformat()
    text = mine.get(page).content.decode()
    bars = re.findall(r'<a class="chart-column" href="([^"]+)"', text)
    assert len(bars) == 1
    address = bars[0].replace("&amp;", "&")
    assert f"first={today}" in address

    calls = mine.get(address).context["list"].page.calls

    assert [call.duration_seconds for call in calls] == [145]
    assert f'<a class="row-link" href="{bars[0]}">' in text


def test_bars_of_a_meter_lead_to_its_events(mine):
    text = mine.get("/dashboard/usage?by=ai_query").content.decode()
    [bar] = re.findall(r'<a class="chart-column" href="([^"]+)"', text)

    events = mine.get(bar.replace("&amp;", "&")).context["list"].page.events

    assert [one.key for one in events] == ["one"]


def test_hours_can_be_split_by_agent(mine, organization, number, now):
    other = stories.number_of(organization, now=now)
    stories.talk(other, at=now, seconds=60)
    together = mine.get("/dashboard/usage").context["page"].hours_chart
    split = mine.get("/dashboard/usage?hours=agent").context["page"].hours_chart

    assert [name for _, name in together.names] == ["Calls"]
    assert {name for _, name in split.names} == {number.agent.name, other.agent.name}
    sums = [
        [sum(map(int, hour.shown)) for hour in one.columns] for one in (together, split)
    ]
    assert sums[0] == sums[1]
    assert sum(sums[0]) == 2
