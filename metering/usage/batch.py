"""Uses of one organization between reading and writing: each rated on the open book."""

from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metering.balances import quantity_allocation
from metering.balances.book import Book, Cycle
from metering.models import UsageEvent
from metering.usage import admission, writing
from metering.usage.errors import (
    KeyReused,
    NotCorrectable,
    UnknownEvent,
    UsageError,
    refusal,
)
from metering.usage.events import Recorded, Use
from servicebilling.lib.ids import new_id


class Batch:
    """Uses of one organization between reading and writing."""

    def __init__(
        self, book: Book, *, status: str, now: datetime, known: dict[str, writing.Event]
    ) -> None:
        self.book, self.status, self.now, self.known = book, status, now, known
        self.events: list[writing.Event] = []

    def take(
        self, use: Use, *, cycle: Cycle | None = None, card_id: UUID | None = None
    ) -> Recorded:
        """Count one use and post its money; a refused one changes nothing.

        It belongs to the cycle of its moment, unless a hold names cycle and card.
        """
        before = self.known.get(use.key)
        if before is not None:
            return self._again(use, before)
        try:
            event = self._correct(use) if use.corrects else self._use(use, cycle, card_id)
        except UsageError as error:
            return Recorded(use.key, "refused", error=error)
        self.events.append(event)
        self.known[event.key] = event
        return self._said(event, "recorded")

    def _again(self, use: Use, before: writing.Event) -> Recorded:
        same = before.kind == _kind(use) and (
            use.is_void
            or (before.meter == use.meter and before.stated_quantity == use.quantity)
        )
        if not same:
            return Recorded(use.key, "refused", error=KeyReused())
        return self._said(before, "already")

    def _use(self, use: Use, cycle: Cycle | None, card_id: UUID | None) -> writing.Event:
        occurred_at = min(use.occurred_at or self.now, self.now)
        cycle = cycle or self.book.cycle_at(occurred_at)
        rule = admission.reason_against(
            self.book, cycle, meter=use.meter, quantity=use.quantity, status=self.status
        )
        if not use.is_fact and admission.is_enforced(rule, self.book):
            raise refusal(rule)
        taken = quantity_allocation.use(
            self.book, cycle, meter=use.meter, quantity=use.quantity, card_id=card_id
        )
        if rule and not use.is_fact:
            use = replace(use, metadata=use.metadata | {writing.WOULD_REFUSE: rule})
        return self._posted(use, taken, occurred_at=occurred_at, corrects=None)

    def _correct(self, use: Use) -> writing.Event:
        first = self.known.get(use.corrects)
        if first is None or first.kind != UsageEvent.Kind.USAGE:
            raise UnknownEvent
        if first.call_id or first.cycle_id is None or first.card_id is None:
            raise NotCorrectable("The provider's report of a call is what counts.")
        if first.is_voided:
            raise NotCorrectable("This event was voided.")
        if not use.is_void and use.meter != first.meter:
            raise NotCorrectable("A correction is of the same event type.")
        cycle = self.book.cycle(first.cycle_id)
        quantity = use.quantity - first.net_quantity
        taken = quantity_allocation.change(
            self.book,
            cycle,
            card=self.book.cards[first.card_id],
            meter=first.meter,
            quantity=quantity,
            count=-1 if use.is_void else 0,
        )
        first.net_quantity = use.quantity
        first.is_voided = use.is_void
        return self._posted(use, taken, occurred_at=first.occurred_at, corrects=first)

    def _posted(
        self,
        use: Use,
        taken: quantity_allocation.Taken,
        *,
        occurred_at: datetime,
        corrects: writing.Event | None,
    ) -> writing.Event:
        event = writing.Event(
            id=new_id(),
            key=use.key,
            meter=taken.meter,
            kind=_kind(use),
            quantity=taken.quantity,
            charged_quantity=taken.charged_quantity,
            total=taken.amount,
            currency=self.book.currency,
            cycle_id=taken.cycle.id,
            card_id=taken.card.id,
            occurred_at=occurred_at,
            corrects_id=corrects.id if corrects else None,
            unit_price=_unit_price(taken),
            is_estimated=use.is_estimated,
            metadata=use.metadata
            | ({writing.CORRECTED_TO: str(use.quantity)} if use.corrects else {}),
            stated_quantity=use.quantity,
            net_quantity=use.quantity,
        )
        quantity_allocation.post(
            self.book, taken, reference=f"usage:{event.id}", occurred_at=occurred_at
        )
        return event

    def _said(self, event: writing.Event, outcome: str) -> Recorded:
        return Recorded(
            key=event.key,
            outcome=outcome,
            event_id=event.id,
            meter=event.meter,
            quantity=event.quantity,
            total=event.total,
            currency=event.currency,
        )


def _kind(use: Use) -> str:
    if use.is_void:
        return UsageEvent.Kind.VOID
    return UsageEvent.Kind.CORRECTION if use.corrects else UsageEvent.Kind.USAGE


def _unit_price(taken: quantity_allocation.Taken) -> Decimal | None:
    rate = taken.card.meters.get(taken.meter)
    return rate.flat_unit_price if rate and taken.charged_quantity else None
