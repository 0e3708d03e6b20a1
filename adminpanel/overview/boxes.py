"""Messages that wait: of others for us, and of ours for others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db.models import Count, Min, Q

from billing.models import Letter, OverageDelivery, PaymentEvent
from metering.models import InboundMessage, WebhookDelivery


@dataclass(frozen=True, slots=True)
class Inbox:
    """Messages of other systems: waiting ones, and those a person must look at. `source` is
    what the page of webhooks calls it."""

    name: str
    source: str
    waiting: int
    oldest_at: datetime | None
    parked: int
    quarantined: int
    unmatched: int

    @property
    def needs_a_look(self) -> int:
        return self.parked + self.quarantined + self.unmatched


@dataclass(frozen=True, slots=True)
class Outbox:
    """What other systems are to be told; `source` is empty where another page lists it."""

    name: str
    source: str
    waiting: int
    oldest_at: datetime | None
    needs_a_look: int


def inboxes() -> tuple[Inbox, ...]:
    return (
        _inbox("Telephony messages", "telephony", InboundMessage),
        _inbox("Payment events", "payments", PaymentEvent),
    )


def outboxes() -> tuple[Outbox, ...]:
    """Return each outbox along the indexes of what waits and of what is stuck."""
    refused = [OverageDelivery.State.REFUSED, OverageDelivery.State.UNCERTAIN]
    return (
        _outbox("Overage", "overage", OverageDelivery, "created_at", refused),
        _outbox(
            "Customers' webhooks",
            "customers",
            WebhookDelivery,
            "occurred_at",
            [WebhookDelivery.State.FAILED],
        ),
        _outbox("Letters", "", Letter, "created_at", []),
    )


def _inbox(
    name: str, source: str, model: type[InboundMessage] | type[PaymentEvent]
) -> Inbox:
    states = model.State
    # Two statements, each along a small index of its own: one for both would read them all.
    waiting = model.objects.filter(state=states.RECEIVED).aggregate(
        waiting=Count("pk"), oldest_at=Min("received_at")
    )
    failed = model.objects.filter(
        state__in=[states.UNMATCHED, states.QUARANTINED, states.PARKED]
    ).aggregate(
        parked=Count("pk", filter=Q(state=states.PARKED)),
        quarantined=Count("pk", filter=Q(state=states.QUARANTINED)),
        unmatched=Count("pk", filter=Q(state=states.UNMATCHED)),
    )
    return Inbox(name=name, source=source, **waiting, **failed)


def _outbox(
    name: str, source: str, model: Any, moment: str, stuck: Sequence[str]
) -> Outbox:
    waiting = model.objects.filter(state=model.State.WAITING).aggregate(
        waiting=Count("pk"), oldest_at=Min(moment)
    )
    needs_a_look = model.objects.filter(state__in=stuck).count() if stuck else 0
    return Outbox(name=name, source=source, needs_a_look=needs_a_look, **waiting)
