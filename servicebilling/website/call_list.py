"""The list of calls: what the address asks for, and the links that keep it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from accounts.models import Organization
from metering.usage import call_search
from metering.usage.call_search import CallPage, Choices, Place, Wanted
from servicebilling.website import addresses
from servicebilling.website.frames import url_of

LINES = 25
STATUSES = {
    "completed": "Completed",
    "active": "In progress",
    "estimated": "Estimated",
    "failed": "Not answered",
    "refused": "Refused",
}
# Lengths to choose from: shortest and longest in seconds.
LENGTHS: dict[str, tuple[str, int | None, int | None]] = {
    "under-1": ("Under 1 minute", None, 59),
    "1-5": ("1 to 5 minutes", 60, 300),
    "5-10": ("5 to 10 minutes", 300, 600),
    "over-10": ("Over 10 minutes", 601, None),
}


@dataclass(frozen=True, slots=True)
class CallList:
    page: CallPage
    choices: Choices
    wanted: Wanted
    length: str
    first: date | None
    last: date | None
    next_url: str
    newest_url: str
    is_narrowed: bool
    # By more than words.
    is_sieved: bool
    statuses: tuple[tuple[str, str], ...] = tuple(STATUSES.items())
    lengths: tuple[tuple[str, str], ...] = tuple(
        (key, label) for key, (label, _, _) in LENGTHS.items()
    )


def of(organization: Organization, query: Mapping[str, str], *, now: datetime) -> CallList:
    """Return the calls that a query asks for; what makes no sense in it is passed over."""
    first = addresses.day(query.get("first", ""))
    last = addresses.day(query.get("last", ""))
    length = query.get("length", "")
    length = length if length in LENGTHS else ""
    _, seconds_min, seconds_max = LENGTHS.get(length, ("", None, None))
    status = query.get("status", "")
    wanted = Wanted(
        words=addresses.text(query.get("q", ""), length_max=60),
        agent_id=addresses.uuid(query.get("agent", "")),
        number="".join(addresses.text(query.get("number", ""), length_max=30).split()),
        status=status if status in STATUSES else "",
        since=addresses.midnight(first) if first else None,
        until=addresses.midnight_after(last) if last else None,
        seconds_min=seconds_min,
        seconds_max=seconds_max,
    )
    place = addresses.place(query.get("after", ""))
    after = Place(*place) if place else None
    page = call_search.find_calls(organization, wanted, now=now, after=after, limit=LINES)
    kept = {
        "q": wanted.words,
        "agent": str(wanted.agent_id or ""),
        "number": wanted.number,
        "status": wanted.status,
        "length": length,
        "first": first.isoformat() if first else "",
        "last": last.isoformat() if last else "",
    }
    here = url_of("website:calls", organization)
    return CallList(
        page=page,
        choices=call_search.choices_of(organization, wanted),
        wanted=wanted,
        length=length,
        first=first,
        last=last,
        next_url=addresses.following(here, kept, page.next),
        newest_url=addresses.joined(here, kept) if after else "",
        is_narrowed=any(kept.values()),
        is_sieved=any(said for key, said in kept.items() if key != "q"),
    )
