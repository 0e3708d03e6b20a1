"""Recorded usage of other meters than calls: the list, and how one event was paid."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

from accounts.models import Organization
from metering.models import CycleUsage, Rate, UsageCharge, UsageEvent, WalletTransaction
from metering.usage.statements import WalletLine, wallet_line
from metering.usage.writing import CORRECTED_TO, WOULD_REFUSE

LINES_MAX = 100
# Looked for in this time, where no other is asked for.
SEARCH_BACK = timedelta(days=90)
_INTERNAL = {CORRECTED_TO, WOULD_REFUSE}


@dataclass(frozen=True, slots=True)
class EventLine:
    """One use as it was recorded. `kind` is usage, correction or void; the quantity of the
    latter two is the difference that they make. `total` is what it cost beyond what the plan
    includes, in the organization's currency."""

    id: UUID
    meter: str
    kind: str
    key: str
    quantity: Decimal
    charged_quantity: Decimal
    total: Decimal
    currency: str
    is_estimated: bool
    occurred_at: datetime


@dataclass(frozen=True, slots=True)
class Place:
    """After which event the next page begins."""

    occurred_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class EventPage:
    events: tuple[EventLine, ...]
    next: Place | None


@dataclass(frozen=True, slots=True)
class CycleSum:
    """All that its cycle used of the same meter on the same terms."""

    quantity: Decimal
    charged_quantity: Decimal
    price: Decimal
    starts_at: datetime
    ends_at: datetime


@dataclass(frozen=True, slots=True)
class EventAccount:
    """One event down to what paid it: rows of the wallet, or `invoiced`, what goes onto an
    invoice; neither: what the plan includes, or a price of nothing."""

    line: EventLine
    processed_at: datetime
    rate_card: str
    when_exhausted: str
    unit_price: Decimal | None
    # What its sender noted with it.
    said: dict[str, Any]
    corrects: EventLine | None
    corrections: tuple[EventLine, ...]
    cycle: CycleSum | None
    wallet_lines: tuple[WalletLine, ...]
    invoiced: Decimal | None


def find_events(
    organization: Organization,
    *,
    now: datetime,
    meter: str = "",
    since: datetime | None = None,
    until: datetime | None = None,
    after: Place | None = None,
    limit: int = 50,
) -> EventPage:
    """Return a page of the events asked for, newest first, with one statement; those of calls
    are on the pages of calls. Times are half-open."""
    size = max(1, min(limit, LINES_MAX))
    rows = UsageEvent.objects.filter(
        organization=organization,
        call_id=None,
        occurred_at__gte=since or (until or now) - SEARCH_BACK,
    )
    if meter:
        rows = rows.filter(meter=meter)
    if until is not None:
        rows = rows.filter(occurred_at__lt=until)
    if after is not None:
        # The first condition lets the index begin there, the second settles equal times.
        rows = rows.filter(occurred_at__lte=after.occurred_at).exclude(
            occurred_at=after.occurred_at, id__gte=after.id
        )
    found = list(rows.order_by("-occurred_at", "-id")[: size + 1])
    last = found[size - 1] if len(found) > size else None
    return EventPage(
        events=tuple(_line(row) for row in found[:size]),
        next=Place(last.occurred_at, last.pk) if last else None,
    )


def account_of(organization: Organization, event_id: UUID) -> EventAccount:
    """Return the account of an event of that organization with at most five statements.

    Raises `UsageEvent.DoesNotExist`, for another organization's event and for one that a call
    made, too.
    """
    event = (
        UsageEvent.objects.filter(organization=organization, call_id=None)
        .select_related("rate_card", "cycle", "corrects")
        .get(pk=event_id)
    )
    reference = f"usage:{event.pk}"
    wallet = WalletTransaction.objects.filter(
        organization=organization, reference=reference
    )
    charges = UsageCharge.objects.filter(organization=organization, reference=reference)
    card = event.rate_card
    return EventAccount(
        line=_line(event),
        processed_at=event.processed_at,
        rate_card=card.code if card else "",
        when_exhausted=card.when_exhausted if card else "",
        unit_price=event.unit_price,
        said={name: said for name, said in event.metadata.items() if name not in _INTERNAL},
        corrects=_line(event.corrects) if event.corrects else None,
        corrections=tuple(_line(row) for row in event.corrections.order_by("id")),
        cycle=_cycle_of(event),
        wallet_lines=tuple(wallet_line(row) for row in wallet.order_by("id")),
        invoiced=charges.values_list("amount", flat=True).first(),
    )


def meters_of(organization: Organization) -> list[str]:
    """Return the meters besides calls that were ever used, in the order of their names."""
    rows = CycleUsage.objects.filter(organization=organization)
    return sorted(set(rows.values_list("meter", flat=True)) - {Rate.Meter.VOICE_MINUTE})


def _cycle_of(event: UsageEvent) -> CycleSum | None:
    if event.cycle is None:
        return None
    row = CycleUsage.objects.filter(
        cycle=event.cycle, meter=event.meter, rate_card=event.rate_card
    ).first()
    if row is None:
        return None
    return CycleSum(
        quantity=row.quantity,
        charged_quantity=row.charged_quantity,
        price=row.price,
        starts_at=event.cycle.starts_at,
        ends_at=event.cycle.ends_at,
    )


def _line(row: UsageEvent) -> EventLine:
    return EventLine(
        id=row.pk,
        meter=row.meter,
        kind=row.kind,
        key=row.idempotency_key,
        quantity=row.quantity,
        charged_quantity=row.charged_quantity or Decimal(0),
        total=row.total,
        currency=row.currency,
        is_estimated=row.is_estimated,
        occurred_at=row.occurred_at,
    )
