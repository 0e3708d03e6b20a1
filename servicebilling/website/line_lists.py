"""Numbers and agents a page at a time: what the address asks for, and the links that keep it."""

from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import parse_qsl, urlencode

from django.http import HttpRequest

from accounts.models import Organization
from metering.calls import own_lines
from metering.calls.own_lines import AgentLine, NumberLine
from servicebilling.website import addresses
from servicebilling.website.frames import url_of

LINES = 25
WORDS_MAX = 60
# What addresses say of the two lists.
KEYS = ("numbers", "numbers_after", "agents", "agents_after")


@dataclass(frozen=True, slots=True)
class Pages:
    """The ways through one list, for the pager; each empty where it leads nowhere."""

    words: str
    newest_url: str
    next_url: str
    # Where all of it is listed again.
    all_url: str
    # What the other list shows, which a search in this one keeps.
    beside: tuple[tuple[str, str], ...]

    @property
    def is_long(self) -> bool:
        """Whether there is more of it than one page shows, or less than there is."""
        return bool(self.words or self.newest_url or self.next_url)


@dataclass(frozen=True, slots=True)
class AgentList:
    lines: tuple[AgentLine, ...]
    pages: Pages
    place: str


@dataclass(frozen=True, slots=True)
class LineLists:
    numbers: tuple[NumberLine, ...]
    number_pages: Pages
    agents: tuple[AgentLine, ...]
    agent_pages: Pages
    # What the address says of both lists; forms bring it back.
    place: str


def of(organization: Organization, query: Mapping[str, str], *, page: str) -> LineLists:
    """Return both lists with two statements; `page` names the page that they are on."""
    kept = _kept(query)
    numbers = own_lines.find_numbers(
        organization,
        words=kept.get("numbers", ""),
        after=_place(kept.get("numbers_after", "")),
        limit=LINES,
    )
    here = url_of(page, organization)
    agents = _agents(organization, kept, here=here)
    return LineLists(
        numbers=numbers.lines,
        number_pages=_pages("numbers", kept, numbers.next, here=here),
        agents=agents.lines,
        agent_pages=agents.pages,
        place=agents.place,
    )


def agents_of(
    organization: Organization, query: Mapping[str, str], *, page: str
) -> AgentList:
    """Return a page of the agents alone, with one statement."""
    kept = {key: said for key, said in _kept(query).items() if key.startswith("agents")}
    return _agents(organization, kept, here=url_of(page, organization))


def place_of(request: HttpRequest) -> Mapping[str, str]:
    """Return what the page shows, or what the page that a form was sent from showed."""
    if request.method == "POST":
        return dict(parse_qsl(request.POST.get("place", "")))
    return request.GET


def back_to(url: str, request: HttpRequest) -> str:
    """Return the address of the page that a form was sent from."""
    kept = _kept(place_of(request))
    return addresses.joined(url, kept) if kept else url


def _agents(organization: Organization, kept: dict[str, str], *, here: str) -> AgentList:
    found = own_lines.find_agents(
        organization,
        words=kept.get("agents", ""),
        after=_place(kept.get("agents_after", "")),
        limit=LINES,
    )
    pages = _pages("agents", kept, found.next, here=here)
    return AgentList(found.lines, pages, place=urlencode(kept))


def _kept(query: Mapping[str, str]) -> dict[str, str]:
    said = {
        key: addresses.text(query.get(key, ""), length_max=WORDS_MAX)
        for key in ("numbers", "agents")
    }
    for key in ("numbers_after", "agents_after"):
        place = query.get(key, "")
        said[key] = place if _place(place) else ""
    return {key: said[key] for key in KEYS if said[key]}


def _place(said: str) -> own_lines.Place | None:
    name, _, row = said.rpartition("~")
    found = addresses.uuid(row)
    is_line = name and found and name.isprintable()
    return own_lines.Place(name, found) if is_line and found else None


def _pages(
    which: str, kept: dict[str, str], following: own_lines.Place | None, *, here: str
) -> Pages:
    after = f"{which}_after"
    first = {key: said for key, said in kept.items() if key != after}
    beside = {key: said for key, said in first.items() if key != which}
    anchor = f"#{which}"
    there = f"{following.name}~{following.id}" if following else ""
    return Pages(
        words=kept.get(which, ""),
        newest_url=addresses.joined(here, first) + anchor if after in kept else "",
        next_url=addresses.joined(here, first | {after: there}) + anchor if there else "",
        all_url=addresses.joined(here, beside) + anchor,
        beside=tuple(beside.items()),
    )
