"""The life of a call between its admission and its report. No money moves here."""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection, transaction
from django.db.models.functions import Coalesce

from metering.balances import book_rows, cycles
from metering.calls import endings, gate, last_minute, routing
from metering.models import Call, Forward, Hold, InboundMessage
from metering.providers.base import CallRef, CallStatus
from servicebilling.lib.ids import new_id

RUNNING = "in-progress"
ENDED = "ended"
TO_BE_ENDED = "to_be_ended"


def apply(status: CallStatus, *, now: datetime) -> str:
    """Note that a call runs or has ended, and keep the message.

    A running call that never asked is held late, and flagged. Nothing moves a settled call
    back. Returns `noted`, `held_late`, `refused_late`, `unmatched`, or `to_be_ended` if it
    runs though nothing pays and its organization wants such calls ended.
    """
    with transaction.atomic():
        routing.wait_for_assigning(status.ref)
        organization_id = routing.organization_of(status.ref, now=now)
        if organization_id is None:
            outcome = "unmatched"
        elif status.status == RUNNING:
            outcome = _note_running(status, organization_id, now)
        else:
            outcome = _note_end(status, organization_id)
        _keep(status, organization_id, now)
    return outcome


def _note_running(status: CallStatus, organization_id: UUID, now: datetime) -> str:
    reference = f"{status.ref.provider}:{status.ref.call_id}"
    held = Hold.objects.filter(reference=reference)
    outcome = "noted"
    if not held.exists() and not _known(status.ref, organization_id).exists():
        outcome = _hold_late(status.ref, organization_id, now)
    seen: dict[str, Any] = {"in_progress_at": Coalesce("in_progress_at", status.at)}
    if status.control_url:
        seen["control_url"] = status.control_url
        seen["last_minute_at"] = last_minute.planned(running_since=status.at)
    is_held = held.filter(state=Hold.State.OPEN).update(**seen) > 0
    if not is_held and _shall_be_ended(status, organization_id, now):
        return TO_BE_ENDED
    return outcome


def _shall_be_ended(status: CallStatus, organization_id: UUID, now: datetime) -> bool:
    running = _known(status.ref, organization_id).filter(
        status__in=[Call.Status.ACTIVE, Call.Status.REFUSED], ended_at=None, revision=0
    )
    call = running.select_related("organization", "agent").exclude(refusal="").first()
    if call is None or _is_handed_over(status.ref):
        return False
    return endings.note(call, control_url=status.control_url, now=now)


def _is_handed_over(ref: CallRef) -> bool:
    """Whether a person of the organization's took the call: no assistant talks there."""
    return Forward.objects.filter(
        provider=ref.provider, provider_call_id=ref.call_id
    ).exists()


def _hold_late(ref: CallRef, organization_id: UUID, now: datetime) -> str:
    """Hold minutes for a call that runs already; it is metered whatever the answer."""
    cycles.roll_over(organization_id, now=now)
    asked = gate.ref_json(ref, at=now) | {"is_late": True}
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT gate_admit(%s::jsonb, %s, %s, %s)::text",
            [book_rows.dumps(asked), now, new_id(), new_id()],
        )
        answer = book_rows.loads(cursor.fetchone()[0])
    return "held_late" if answer["admitted"] else "refused_late"


def _note_end(status: CallStatus, organization_id: UUID) -> str:
    if status.status == ENDED:
        _known(status.ref, organization_id).filter(status=Call.Status.ACTIVE).update(
            ended_at=Coalesce("ended_at", status.at), ended_reason=status.ended_reason
        )
    return "noted"


def _known(ref: CallRef, organization_id: UUID):  # type: ignore[no-untyped-def]
    return Call.objects.filter(
        provider=ref.provider, provider_call_id=ref.call_id, organization_id=organization_id
    )


def _keep(status: CallStatus, organization_id: UUID | None, now: datetime) -> None:
    message = status.message
    state = InboundMessage.State
    InboundMessage.objects.bulk_create(
        [
            InboundMessage(
                provider=message.provider,
                kind=message.kind,
                external_id=message.external_id,
                body=message.body,
                provider_call_id=message.call_id,
                state=state.PROCESSED if organization_id else state.UNMATCHED,
                attempts=1,
                received_at=message.received_at,
                processed_at=now if organization_id else None,
                organization_id=organization_id,
            )
        ],
        update_conflicts=True,
        unique_fields=["provider", "external_id"],
        update_fields=["state", "organization", "processed_at"],
    )
