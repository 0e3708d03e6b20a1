"""Reading and writing what addresses say. Whatever makes no sense is as if it were not there.

Days are those of the time zone in force.
"""

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from typing import Protocol
from urllib.parse import urlencode
from uuid import UUID

from django.utils import timezone

_ID_DIGITS_MAX = 18


def joined(url: str, query: Mapping[str, str]) -> str:
    """Return the address with what the query really says; `url` has a query already."""
    return f"{url}&{urlencode({key: said for key, said in query.items() if said})}"


def day(said: str) -> date | None:
    try:
        found = date.fromisoformat(said) if len(said) == len("2026-01-31") else None
    except ValueError:
        return None
    # Days at the edges of the calendar have no neighbour, or no moment in some zone.
    return found if found and 1970 <= found.year <= 9000 else None


def midnight(start_of: date) -> datetime:
    return timezone.make_aware(datetime.combine(start_of, time.min))


def midnight_after(last: date) -> datetime:
    return midnight(last + timedelta(days=1))


def row_id(said: str) -> int | None:
    is_number = said.isascii() and said.isdigit() and len(said) <= _ID_DIGITS_MAX
    return int(said) if is_number else None


def uuid(said: str) -> UUID | None:
    try:
        return UUID(said)
    except ValueError:
        return None


def text(said: str, *, length_max: int) -> str:
    """Return printable words in one line; a database keeps no NUL."""
    kept = " ".join(said.split())
    return kept if kept.isprintable() and len(kept) <= length_max else ""


def place(said: str) -> tuple[datetime, UUID] | None:
    """Return the time and id of the last row shown, as `place_of` wrote them."""
    moment, _, row = said.partition("~")
    try:
        at = datetime.fromisoformat(moment)
        return (at, UUID(row)) if at.tzinfo else None
    except ValueError:
        return None


def place_of(at: datetime, row: UUID) -> str:
    return f"{at.isoformat()}~{row}"


class _Place(Protocol):
    @property
    def occurred_at(self) -> datetime: ...
    @property
    def id(self) -> UUID: ...


def following(url: str, query: Mapping[str, str], last: _Place | None) -> str:
    """Return the address of the page after that row; "" where there is none."""
    if last is None:
        return ""
    return joined(url, {**query, "after": place_of(last.occurred_at, last.id)})
