"""Finding calls of an organization, newest first, page after page.

A page follows the last call shown, by time and id, so it costs the same wherever it lies and
new calls shift nothing.
"""

import re
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.db.models import Q, QuerySet

from accounts.models import Organization
from metering.models import Agent, Call, PhoneNumber
from metering.usage.reports import CallLine, call_line

LINES_MAX = 100
# Of agents, and of numbers, to choose from.
CHOICES_MAX = 100
# Words are looked for in the calls of this time, where no other is asked for.
SEARCH_BACK = timedelta(days=90)
_DIGITS_MIN = 3


@dataclass(frozen=True, slots=True)
class Wanted:
    """What calls are narrowed to; empty: everything. Times are half-open, lengths both
    included. `words` are digits of a caller's number, or a provider's call id."""

    words: str = ""
    agent_id: UUID | None = None
    number: str = ""
    status: str = ""
    since: datetime | None = None
    until: datetime | None = None
    seconds_min: int | None = None
    seconds_max: int | None = None


@dataclass(frozen=True, slots=True)
class Place:
    """After which call the next page begins."""

    occurred_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class CallPage:
    calls: tuple[CallLine, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class Choices:
    """The agents and numbers that calls can be narrowed to."""

    agents: tuple[tuple[UUID, str], ...]
    # Numbers with what they are called; the same number may have been held twice.
    numbers: tuple[tuple[str, str], ...]
    # Whether there are more numbers than those.
    has_more_numbers: bool


def find_calls(
    organization: Organization,
    wanted: Wanted,
    *,
    now: datetime,
    after: Place | None = None,
    limit: int = 50,
) -> CallPage:
    """Return a page of the calls that are wanted, with one statement."""
    size = max(1, min(limit, LINES_MAX))
    rows = _narrowed(Call.objects.filter(organization=organization), wanted, now)
    if after is not None:
        # The first condition lets the index begin there, the second settles equal times.
        rows = rows.filter(occurred_at__lte=after.occurred_at).exclude(
            occurred_at=after.occurred_at, id__gte=after.id
        )
    rows = rows.select_related("agent", "phone_number").defer("cost", "cost_breakdown")
    found = list(rows.order_by("-occurred_at", "-id")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return CallPage(
        calls=tuple(call_line(call) for call in found[:size]),
        next=Place(last.occurred_at, last.pk) if last else None,
    )


def choices_of(organization: Organization, wanted: Wanted) -> Choices:
    """Return the first agents, and the one that is wanted, and the first numbers, those given
    up too: their calls are still here."""
    agents = Agent.objects.filter(organization=organization).values_list("pk", "name")
    chosen = list(agents[:CHOICES_MAX])
    if wanted.agent_id and len(chosen) == CHOICES_MAX:
        chosen += agents.filter(pk=wanted.agent_id).exclude(pk__in=dict(chosen))
    rows = PhoneNumber.objects.filter(organization=organization)
    held = rows.order_by("e164", "valid_from").values_list("e164", "label")
    numbers = dict(held[: CHOICES_MAX + 1])
    return Choices(
        agents=tuple(chosen),
        numbers=tuple(numbers.items())[:CHOICES_MAX],
        has_more_numbers=len(numbers) > CHOICES_MAX,
    )


def _narrowed(rows: QuerySet[Call], wanted: Wanted, now: datetime) -> QuerySet[Call]:
    since = wanted.since
    if wanted.words and since is None:
        since = (wanted.until or now) - SEARCH_BACK
    limits = {
        "agent": wanted.agent_id,
        "phone_number__e164": wanted.number,
        "status": wanted.status,
        "occurred_at__gte": since,
        "occurred_at__lt": wanted.until,
        "duration_seconds__gte": wanted.seconds_min,
        "duration_seconds__lte": wanted.seconds_max,
    }
    rows = rows.filter(
        **{name: said for name, said in limits.items() if said not in (None, "")}
    )
    return rows.filter(_says(wanted.words)) if wanted.words else rows


def _says(words: str) -> Q:
    digits = re.sub(r"[^0-9]", "", words)
    found = Q(provider_call_id=words)
    if len(digits) >= _DIGITS_MIN and not re.search(r"[A-Za-z]", words):
        found |= Q(call_from__contains=digits) | Q(call_to__contains=digits)
    return found
