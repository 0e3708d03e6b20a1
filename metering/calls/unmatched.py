"""Calls that nobody owns, as far as we know, and who might.

A call is unmatched where its number and its assistant were nobody's at that time. Mapping the
number settles them all; `assigning` is the way for a call that no mapping explains.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal

from django.db.models import Count, Max, QuerySet

from accounts.models import Organization
from metering.calls import vapi
from metering.models import Agent, InboundMessage, PhoneNumber
from metering.providers.base import CallReport, CallStatus, Message
from metering.providers.vapi import messages
from servicebilling.lib import keyset

PAGE_SIZE = 50
_LIST = "unmatched calls"
_UNMATCHED = InboundMessage.State.UNMATCHED


@dataclass(frozen=True, slots=True)
class Candidate:
    """An organization that has had the number, or whose agent answered. `until` is empty
    where that still holds."""

    organization: Organization
    because: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True, slots=True)
class Unmatched:
    """A call by what its messages say. `duration_seconds` is empty before its report came."""

    provider: str
    call_id: str
    received_at: datetime
    messages: int
    number_id: str
    assistant_id: str
    call_from: str
    call_to: str
    started_at: datetime | None
    duration_seconds: int | None
    cost: Decimal | None
    is_reported: bool
    candidates: tuple[Candidate, ...]


@dataclass(frozen=True, slots=True)
class Page:
    calls: tuple[Unmatched, ...]
    # Cursor of the next page; empty on the last.
    next: str


def page(*, cursor: str = "", limit: int = PAGE_SIZE) -> Page:
    """Return calls nobody owns, newest first. Raises `keyset.InvalidCursor`."""
    calls = (
        InboundMessage.objects.filter(state=_UNMATCHED)
        .exclude(provider_call_id="")
        .values("provider", "provider_call_id")
        .annotate(last=Max("pk"), count=Count("pk"))
        .order_by("-last")
    )
    if cursor:
        [last] = keyset.read(cursor, of=_LIST, parts=1)
        calls = calls.filter(last__lt=int(last))
    found = list(calls[: limit + 1])
    following = ""
    if len(found) > limit:
        following = keyset.write(str(found[limit - 1]["last"]), of=_LIST)
    names = [one["provider_call_id"] for one in found[:limit]]
    return Page(tuple(_told(names)), next=following)


def one(provider: str, call_id: str) -> Unmatched | None:
    """Return a call that nobody owns; None if somebody does, or it is not known."""
    return next((call for call in _told([call_id]) if call.provider == provider), None)


def meaning_of(row: InboundMessage) -> CallReport | CallStatus | None:
    """Return what a stored message says of a call; None if it says nothing that counts."""
    message = Message(
        provider=row.provider,
        kind=row.kind,
        external_id=row.external_id,
        body=row.body,
        received_at=row.received_at,
        call_id=row.provider_call_id,
    )
    meaning = messages.reread(message, vapi.config()).meaning
    return meaning if isinstance(meaning, CallReport | CallStatus) else None


def rows_of(call_ids: Iterable[str]) -> QuerySet[InboundMessage]:
    """Return the messages of these calls that have no owner."""
    return InboundMessage.objects.filter(
        state=_UNMATCHED, provider_call_id__in=list(call_ids)
    )


def _told(call_ids: list[str]) -> list[Unmatched]:
    """Return these calls, the one last heard of first."""
    rows: dict[tuple[str, str], list[InboundMessage]] = {}
    for row in rows_of(call_ids).order_by("-pk"):
        rows.setdefault((row.provider, row.provider_call_id), []).append(row)
    said = {key: _best(found) for key, found in rows.items()}
    refs = [meaning.ref for meaning in said.values() if meaning]
    by_number = _by_number({ref.number_id for ref in refs} - {""})
    by_agent = _by_agent({ref.assistant_id for ref in refs} - {""})
    told = []
    for (provider, call_id), found in rows.items():
        meaning = said[provider, call_id]
        report = meaning if isinstance(meaning, CallReport) else None
        ref = meaning.ref if meaning else None
        candidates = [
            *(by_number.get((provider, ref.number_id), []) if ref else []),
            *(by_agent.get((provider, ref.assistant_id), []) if ref else []),
        ]
        told.append(
            Unmatched(
                provider=provider,
                call_id=call_id,
                received_at=found[0].received_at,
                messages=len(found),
                number_id=ref.number_id if ref else "",
                assistant_id=ref.assistant_id if ref else "",
                call_from=ref.call_from if ref else "",
                call_to=ref.call_to if ref else "",
                started_at=report.started_at if report else None,
                duration_seconds=report.duration_seconds if report else None,
                cost=report.cost if report else None,
                is_reported=report is not None,
                candidates=tuple(candidates),
            )
        )
    return told


def _best(rows: list[InboundMessage]) -> CallReport | CallStatus | None:
    """Return what says most of a call: its report, else the newest status."""
    meanings = [meaning for row in rows if (meaning := meaning_of(row))]
    reports = [one for one in meanings if isinstance(one, CallReport)]
    return next(iter([*reports, *meanings]), None)


def _by_number(number_ids: set[str]) -> dict[tuple[str, str], list[Candidate]]:
    found: dict[tuple[str, str], list[Candidate]] = {}
    rows = PhoneNumber.objects.filter(provider_number_id__in=number_ids)
    for row in rows.select_related("organization").order_by("-valid_from"):
        found.setdefault((row.provider, row.provider_number_id), []).append(
            Candidate(row.organization, f"had {row.e164}", row.valid_from, row.valid_to)
        )
    return found


def _by_agent(assistant_ids: set[str]) -> dict[tuple[str, str], list[Candidate]]:
    rows = Agent.objects.filter(provider_assistant_id__in=assistant_ids)
    return {
        (row.provider, row.provider_assistant_id): [
            Candidate(row.organization, f"has the agent {row.name}", row.created_at, None)
        ]
        for row in rows.select_related("organization")
    }
