"""The list of recorded usage: what the address asks for, and the links that keep it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime

from accounts.models import Organization
from metering.usage import event_accounts
from metering.usage.event_accounts import EventPage, Place
from servicebilling.website import addresses
from servicebilling.website.frames import url_of

LINES = 25


@dataclass(frozen=True, slots=True)
class EventList:
    page: EventPage
    meters: tuple[str, ...]
    meter: str
    first: date | None
    last: date | None
    next_url: str
    newest_url: str
    is_narrowed: bool


def of(organization: Organization, query: Mapping[str, str], *, now: datetime) -> EventList:
    """Return the events that a query asks for; what makes no sense in it is passed over."""
    meters = event_accounts.meters_of(organization)
    meter = query.get("meter", "")
    meter = meter if meter in meters else ""
    first = addresses.day(query.get("first", ""))
    last = addresses.day(query.get("last", ""))
    place = addresses.place(query.get("after", ""))
    page = event_accounts.find_events(
        organization,
        now=now,
        meter=meter,
        since=addresses.midnight(first) if first else None,
        until=addresses.midnight_after(last) if last else None,
        after=Place(*place) if place else None,
        limit=LINES,
    )
    kept = {
        "meter": meter,
        "first": first.isoformat() if first else "",
        "last": last.isoformat() if last else "",
    }
    here = url_of("website:usage-events", organization)
    return EventList(
        page=page,
        meters=tuple(meters),
        meter=meter,
        first=first,
        last=last,
        next_url=addresses.following(here, kept, page.next),
        newest_url=addresses.joined(here, kept) if place else "",
        is_narrowed=any(kept.values()),
    )
