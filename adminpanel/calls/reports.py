"""The calls of all organizations, newest first, with what they cost us and what they brought.

A page follows the key of the last call shown, so each costs the same however many there are.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from django.db.models import Q, QuerySet

from adminpanel.calls import losing
from adminpanel.calls.asking import Wanted
from billing.errors import NoRate
from billing.exchange import Rates
from metering.models import Call
from servicebilling.lib import keyset, phone_numbers

PAGE_SIZE = 50
EXPORT_MAX = 100_000
_BATCH = 2000
_LIST = "calls of all organizations"


@dataclass(frozen=True, slots=True)
class Line:
    id: UUID
    provider_call_id: str
    occurred_at: datetime
    organization_id: UUID
    organization: str
    agent: str
    number: str
    number_label: str
    call_from: str
    call_to: str
    direction: str
    status: str
    # Why it ended, or the rule that refused it.
    reason: str
    duration_seconds: int | None
    billed_minutes: int
    prepaid_minutes: int
    # What the provider charged us; None: not known (yet).
    cost_usd: Decimal | None
    # What the organization is charged beyond its minutes.
    price: Decimal
    currency: str
    # Price less cost, in the organization's currency; None: no cost, or no exchange rate.
    margin: Decimal | None

    @property
    def is_loss(self) -> bool:
        """It cost more than it brought, and no minutes paid for in advance cover that."""
        return self.margin is not None and self.margin < 0 and not self.prepaid_minutes


@dataclass(frozen=True, slots=True)
class Page:
    lines: tuple[Line, ...]
    # Cursor of the next page; empty on the last.
    next: str


def page(wanted: Wanted, *, cursor: str = "", limit: int = PAGE_SIZE) -> Page:
    """Return a page with two statements. Raises `keyset.InvalidCursor`."""
    rows = _narrowed(wanted)
    if cursor:
        at, identity = keyset.read(cursor, of=_LIST, parts=2)
        rows = _after(rows, datetime.fromisoformat(at), UUID(identity))
    found = list(rows[: limit + 1])
    following = ""
    if len(found) > limit:
        last = found[limit - 1]
        following = keyset.write(last.occurred_at.isoformat(), str(last.pk), of=_LIST)
    return Page(_lines(found[:limit]), next=following)


def is_too_long(wanted: Wanted) -> bool:
    """Return whether a file of these would have more than EXPORT_MAX rows."""
    rows = _narrowed(wanted).order_by().values("pk")
    return rows[: EXPORT_MAX + 1].count() > EXPORT_MAX


def every(wanted: Wanted) -> Iterator[Line]:
    """Yield all of these calls, EXPORT_MAX at most, reading in batches."""
    rows, given = _narrowed(wanted), 0
    batch = rows
    while given < EXPORT_MAX:
        found = list(batch[: min(_BATCH, EXPORT_MAX - given)])
        yield from _lines(found)
        given += len(found)
        if len(found) < _BATCH:
            return
        batch = _after(rows, found[-1].occurred_at, found[-1].pk)


def without_numbers(line: Line) -> Line:
    """Return the same call for those who need not know who talked."""
    return replace(
        line,
        call_from=phone_numbers.masked(line.call_from),
        call_to=phone_numbers.masked(line.call_to),
    )


def line_of(call: Call, rates: Rates) -> Line:
    """Return a call, read with organization, agent and number."""
    return Line(
        id=call.pk,
        provider_call_id=call.provider_call_id,
        occurred_at=call.occurred_at,
        organization_id=call.organization_id,
        organization=call.organization.name,
        agent=call.agent.name if call.agent else "",
        number=call.phone_number.e164 if call.phone_number else "",
        number_label=call.phone_number.label if call.phone_number else "",
        call_from=call.call_from,
        call_to=call.call_to,
        direction=call.direction,
        status=call.status,
        reason=call.refusal or call.ended_reason,
        duration_seconds=call.duration_seconds,
        billed_minutes=call.billed_minutes,
        prepaid_minutes=call.minutes_from_plan + call.minutes_from_credit,
        cost_usd=call.cost,
        price=call.price,
        currency=call.currency,
        margin=_margin(call, rates),
    )


def _lines(calls: list[Call]) -> tuple[Line, ...]:
    rates = Rates.of({call.currency for call in calls if call.cost is not None})
    return tuple(line_of(call, rates) for call in calls)


def _margin(call: Call, rates: Rates) -> Decimal | None:
    if call.cost is None:
        return None
    try:
        return call.price - rates.cost_in(call.currency, call.cost, at=call.occurred_at)
    except NoRate:
        return None


def _narrowed(wanted: Wanted) -> QuerySet[Call]:
    limits = {
        "organization__in": wanted.organization_ids,
        "agent__in": wanted.agent_ids,
        "phone_number__in": wanted.number_ids,
        "provider_call_id": wanted.call_id or None,
        "status": wanted.status or None,
        "ended_reason": wanted.ended_reason or None,
        "occurred_at__gte": wanted.since,
        "occurred_at__lt": wanted.until,
    }
    rows = Call.objects.filter(
        **{name: said for name, said in limits.items() if said is not None}
    )
    if wanted.loses_until is not None and wanted.since is not None:
        rows = rows.filter(losing.calls(since=wanted.since, until=wanted.loses_until))
    shown = rows.select_related("organization", "agent", "phone_number")
    return shown.defer("cost_breakdown").order_by("-occurred_at", "-id")


def _after(rows: QuerySet[Call], at: datetime, identity: UUID) -> QuerySet[Call]:
    # The first condition lets the index begin there, the second settles equal times.
    return rows.filter(Q(occurred_at__lt=at) | Q(id__lt=identity), occurred_at__lte=at)
