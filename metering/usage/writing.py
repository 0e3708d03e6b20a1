"""Events as they are read for a batch, and the one statement that writes it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db import connection
from django.db.models import Count, Q, Sum

from metering.balances import book_rows
from metering.balances.book import Book
from metering.models import UsageEvent
from metering.usage.events import Use

Row = dict[str, Any]

# In the metadata of a correction: the whole that it states; its quantity is the difference.
CORRECTED_TO = "corrected_to"
# In the metadata of what shadow mode let through: the rule that says no.
WOULD_REFUSE = "would_refuse"


@dataclass(slots=True)
class Event:
    """One row of `usage_events`, stored or to be."""

    id: UUID
    key: str
    meter: str
    kind: str
    quantity: Decimal
    charged_quantity: Decimal
    total: Decimal
    currency: str
    # Always there but on old events of calls.
    cycle_id: UUID | None
    card_id: UUID | None
    occurred_at: datetime
    # What its sender said: a correction states the whole, and stores the difference.
    stated_quantity: Decimal
    # What of it counts after all corrections so far.
    net_quantity: Decimal
    corrects_id: UUID | None = None
    unit_price: Decimal | None = None
    is_estimated: bool = False
    is_voided: bool = False
    call_id: UUID | None = None
    metadata: Row = field(default_factory=dict)


def events_by_key(organization_id: UUID, uses: Sequence[Use]) -> dict[str, Event]:
    """Return the stored events with the keys of a batch, or corrected by it; two statements.

    Only under the lock: what is not found here is nobody else's to write.
    """
    keys = {use.key for use in uses} | {use.corrects for use in uses if use.corrects}
    rows = list(
        UsageEvent.objects.filter(organization_id=organization_id, idempotency_key__in=keys)
    )
    corrections: dict[UUID | None, tuple[Decimal, int]] = {}
    if any(use.corrects for use in uses):
        found = (
            UsageEvent.objects.filter(corrects__in=[row.id for row in rows])
            .values("corrects")
            .annotate(
                by=Sum("quantity"), voids=Count("id", filter=Q(kind=UsageEvent.Kind.VOID))
            )
        )
        corrections = {row["corrects"]: (row["by"], row["voids"]) for row in found}
    return {row.idempotency_key: _event(row, corrections.get(row.pk)) for row in rows}


def write(book: Book, events: Sequence[Event], *, now: datetime) -> None:
    """Write events, the cycle's sums, charges and daily sums: two statements. The money is
    written with the book, when it closes."""
    if not events:
        return
    owner = book.organization_id
    payload = {
        "usages": _usages(book),
        "events": [_event_row(event, owner, now) for event in events],
        "charges": [
            {
                "organization_id": owner,
                "cycle_id": charge.cycle_id,
                "rate_card_id": charge.card_id,
                "meter": charge.meter,
                "reference": charge.reference,
                "quantity": charge.quantity,
                "amount": charge.amount,
                "currency": book.currency,
                "occurred_at": charge.occurred_at,
                "created_at": now,
            }
            for charge in book.usage_overage
        ],
    }
    days = {"days": day_rows(book, events)}
    with connection.cursor() as cursor:
        cursor.execute("SELECT usage_write(%s::jsonb)", [book_rows.dumps(payload)])
        cursor.execute("SELECT settle_write(NULL, %s::jsonb)", [book_rows.dumps(days)])


def day_rows(book: Book, events: Iterable[Event]) -> list[Row]:
    """Sum events by the local day and meter that they count on, in one order of rows, so that
    two batches never wait for each other crosswise."""
    sums: dict[tuple[str, str], Row] = {}
    for event in events:
        zone = ZoneInfo(book.zone_at(event.occurred_at))
        local = event.occurred_at.astimezone(zone)
        key = (local.date().isoformat(), event.meter)
        row = sums.setdefault(key, _empty_day(book, *key))
        sign = count_of(event.kind)
        row["count"] += sign
        row["hours"][local.hour] += sign
        row["quantity"] += event.quantity
        row["price"] += event.total
    return [sums[key] for key in sorted(sums)]


def count_of(kind: str) -> int:
    """What one row adds to the number of events: a void takes its event out."""
    return {"usage": 1, "void": -1}.get(kind, 0)


def _empty_day(book: Book, day: str, meter: str) -> Row:
    return {
        "organization_id": book.organization_id,
        "day": day,
        "meter": meter,
        "agent_id": None,
        "phone_number_id": None,
        "count": 0,
        "quantity": Decimal(0),
        "talk_seconds": 0,
        "hours": [0] * 24,
        "cost": Decimal(0),
        "price": Decimal(0),
    }


def _usages(book: Book) -> list[Row]:
    return [
        {
            "organization_id": book.organization_id,
            "cycle_id": cycle.id,
            "rate_card_id": usage.card_id,
            "meter": usage.meter,
            "count": usage.count,
            "quantity": usage.quantity,
            "charged_quantity": usage.charged_quantity,
            "price": usage.price,
            "currency": book.currency,
        }
        for cycle in book.cycles()
        for usage in cycle.usages
        if usage.is_changed
    ]


def _event_row(event: Event, owner: UUID, now: datetime) -> Row:
    return {
        "id": event.id,
        "organization_id": owner,
        "meter": event.meter,
        "kind": event.kind,
        "corrects_id": event.corrects_id,
        "quantity": event.quantity,
        "charged_quantity": event.charged_quantity,
        "is_estimated": event.is_estimated,
        "rate_card_id": event.card_id,
        "unit_price": event.unit_price,
        "total": event.total,
        "currency": event.currency,
        "idempotency_key": event.key,
        "metadata": event.metadata,
        "cycle_id": event.cycle_id,
        "occurred_at": event.occurred_at,
        "processed_at": now,
    }


def _event(row: UsageEvent, corrected: tuple[Decimal, int] | None) -> Event:
    by, voids = corrected or (Decimal(0), 0)
    return Event(
        id=row.id,
        key=row.idempotency_key,
        meter=row.meter,
        kind=row.kind,
        quantity=row.quantity,
        charged_quantity=row.charged_quantity or Decimal(0),
        total=row.total,
        currency=row.currency,
        cycle_id=row.cycle_id,
        card_id=row.rate_card_id,
        occurred_at=row.occurred_at,
        stated_quantity=Decimal(row.metadata.get(CORRECTED_TO, row.quantity)),
        net_quantity=row.quantity + by,
        corrects_id=row.corrects_id,
        is_voided=voids > 0,
        call_id=row.call_id,
    )
