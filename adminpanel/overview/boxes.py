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
    """Return each outbox with one statement along the index of what waits."""
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
    counts = model.objects.filter(
        state__in=[
            states.RECEIVED,
            states.PARKED,
            states.QUARANTINED,
            states.UNMATCHED,
        ]
    ).aggregate(
        waiting=Count("pk", filter=Q(state=states.RECEIVED)),
        oldest_at=Min("received_at", filter=Q(state=states.RECEIVED)),
        parked=Count("pk", filter=Q(state=states.PARKED)),
        quarantined=Count("pk", filter=Q(state=states.QUARANTINED)),
        unmatched=Count("pk", filter=Q(state=states.UNMATCHED)),
    )
    return Inbox(name=name, source=source, **counts)


def _outbox(
    name: str, source: str, model: Any, moment: str, stuck: Sequence[str]
) -> Outbox:
    waiting = model.State.WAITING
    counts = model.objects.filter(state__in=[waiting, *stuck]).aggregate(
        waiting=Count("pk", filter=Q(state=waiting)),
        oldest_at=Min(moment, filter=Q(state=waiting)),
        needs_a_look=Count("pk", filter=Q(state__in=stuck)),
    )
    return Outbox(name=name, source=source, **counts)
