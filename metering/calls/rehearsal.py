"""What processing stored messages again would change, before anybody does it."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import transaction

from metering.calls import inbox
from metering.models import Allowance, Call, InboundMessage

_OF_CALL = (
    "status",
    "duration_seconds",
    "billed_minutes",
    "minutes_from_plan",
    "minutes_from_credit",
    "price",
    "cost",
    "revision",
)
_OF_ALLOWANCE = ("minutes_used_this_cycle", "minutes_held")


@dataclass(frozen=True, slots=True)
class Change:
    what: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """`outcome` as of `inbox.Replayed`; no changes: everything is as it would be."""

    message_id: int
    provider_call_id: str
    outcome: str
    error: str
    changes: tuple[Change, ...]


def rehearse(message_ids: Iterable[int], *, now: datetime) -> Iterator[Rehearsed]:
    """Process each message by itself, say what changed, and undo it."""
    rows = InboundMessage.objects.in_bulk(list(message_ids))
    for message_id in sorted(rows):
        row = rows[message_id]
        with transaction.atomic():
            before = _standing(row)
            (replayed,) = inbox.replay([message_id], now=now)
            after = _standing(row)
            transaction.set_rollback(True)
        yield Rehearsed(
            message_id=message_id,
            provider_call_id=row.provider_call_id,
            outcome=replayed.outcome,
            error=replayed.error,
            changes=tuple(
                Change(name, before.get(name), after.get(name))
                for name in {**before, **after}
                if before.get(name) != after.get(name)
            ),
        )


def _standing(row: InboundMessage) -> dict[str, Any]:
    """Return the figures that a message can move, by name."""
    state = InboundMessage.objects.values_list("state", flat=True).get(pk=row.pk)
    found: dict[str, Any] = {"message": state}
    calls = Call.objects.filter(
        provider=row.provider, provider_call_id=row.provider_call_id
    )
    for call in calls.order_by("pk"):
        found |= {f"call {name}": getattr(call, name) for name in _OF_CALL}
        allowance = Allowance.objects.filter(organization=call.organization_id).first()
        if allowance is not None:
            found |= {name: getattr(allowance, name) for name in _OF_ALLOWANCE}
    return found
