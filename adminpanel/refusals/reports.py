"""Answers to "why was this call refused?": decisions, what the caller heard, and how the
balance stood at that moment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from django.db.models import Exists, OuterRef, Q, QuerySet

from metering.calls import refusals
from metering.models import Call, Decision, Forward, PhoneNumber
from servicebilling.lib import keyset

PAGE_SIZE = 50
NAMES_MAX = 50
_LIST = "refusals"


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the list is narrowed to; None and empty narrow nothing. Times are half-open."""

    since: datetime
    until: datetime
    organization_id: UUID | None = None
    rule: str = ""
    number: str = ""
    with_watched: bool = False


@dataclass(frozen=True, slots=True)
class Line:
    id: int
    at: datetime
    rule: str
    # Shadow mode: it was admitted, though the rule says no.
    is_watched: bool
    organization_id: UUID | None
    organization: str
    provider_call_id: str
    call_id: UUID | None
    call_from: str
    call_to: str
    agent: str


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    # Cursor of the next page; empty on the last.
    next: str


@dataclass(frozen=True, slots=True)
class Explained:
    """A decision with what it was made of. `heard` is None where the call went through, or
    nobody's words are known."""

    decision: Decision
    call: Call | None
    heard: refusals.Heard | None
    # Whom the call was handed to instead of a sentence.
    forward: Forward | None
    inputs: tuple[tuple[str, Any], ...]


def page(wanted: Wanted, *, cursor: str = "", limit: int = PAGE_SIZE) -> Page:
    """Return a page of refusals, newest first, with two statements. Raises
    `keyset.InvalidCursor`."""
    rows = _narrowed(wanted)
    if cursor:
        at, identity = keyset.read(cursor, of=_LIST, parts=2)
        moment = datetime.fromisoformat(at)
        rows = rows.filter(
            Q(created_at__lt=moment) | Q(pk__lt=int(identity)), created_at__lte=moment
        )
    found = list(rows.order_by("-created_at", "-pk")[: limit + 1])
    following = ""
    if len(found) > limit:
        last = found[limit - 1]
        following = keyset.write(last.created_at.isoformat(), str(last.pk), of=_LIST)
    calls = _calls_of(found[:limit])
    lines = tuple(_line(row, calls.get(_key(row))) for row in found[:limit])
    return Page(lines, next=following)


def explain(decision_id: int) -> Explained:
    """Raises `Decision.DoesNotExist`."""
    rows = Decision.objects.select_related("organization", "hold")
    decision = rows.get(pk=decision_id)
    call = _calls_of([decision]).get(_key(decision))
    forward = Forward.objects.filter(
        provider=decision.provider, provider_call_id=decision.provider_call_id
    ).first()
    return Explained(
        decision=decision,
        call=call,
        heard=_heard(decision, call),
        forward=forward,
        inputs=tuple(decision.inputs.items()),
    )


def _narrowed(wanted: Wanted) -> QuerySet[Decision]:
    refused = Q(result=Decision.Result.REFUSED)
    if wanted.with_watched:
        refused |= Q(would_refuse=True)
    rows = Decision.objects.filter(
        refused, created_at__gte=wanted.since, created_at__lt=wanted.until
    ).select_related("organization")
    if wanted.organization_id is not None:
        rows = rows.filter(organization=wanted.organization_id)
    if wanted.rule:
        rows = rows.filter(rule=wanted.rule)
    if wanted.number:
        numbers = PhoneNumber.objects.filter(e164=wanted.number).values("pk")[:NAMES_MAX]
        of_number = Call.objects.filter(
            provider=OuterRef("provider"),
            organization=OuterRef("organization"),
            provider_call_id=OuterRef("provider_call_id"),
            phone_number__in=numbers,
        )
        rows = rows.filter(Exists(of_number))
    return rows


def _calls_of(rows: list[Decision]) -> dict[tuple[str, str, UUID | None], Call]:
    found = Call.objects.filter(
        provider__in={row.provider for row in rows},
        organization__in={row.organization_id for row in rows} - {None},
        provider_call_id__in=[row.provider_call_id for row in rows],
    ).select_related("agent", "phone_number")
    return {
        (call.provider, call.provider_call_id, call.organization_id): call for call in found
    }


def _key(row: Decision) -> tuple[str, str, UUID | None]:
    return (row.provider, row.provider_call_id, row.organization_id)


def _line(row: Decision, call: Call | None) -> Line:
    return Line(
        id=row.pk,
        at=row.created_at,
        rule=row.rule,
        is_watched=row.would_refuse,
        organization_id=row.organization_id,
        organization=row.organization.name if row.organization else "",
        provider_call_id=row.provider_call_id,
        call_id=call.pk if call else None,
        call_from=call.call_from if call else "",
        call_to=_called(call) if call else row.inputs.get("number_id") or "",
        agent=call.agent.name if call and call.agent else "",
    )


def _called(call: Call) -> str:
    return call.phone_number.e164 if call.phone_number else ""


def _heard(decision: Decision, call: Call | None) -> refusals.Heard | None:
    """By the texts in force at that moment; an agent's own is the one of today."""
    if decision.result != Decision.Result.REFUSED:
        return None
    if decision.organization is None:
        texts: tuple[dict[str, str], dict[str, str]] = ({}, {})
    else:
        texts = refusals.texts_of(decision.organization, decision.created_at)
    agent = call.agent if call else None
    own, platform = texts
    return refusals.heard(
        decision.rule,
        agent_text=agent.refusal_text if agent else "",
        own=own,
        platform=platform,
    )
