"""Whose call is it? The same rules for whatever is asked or told of a call."""

from datetime import datetime
from uuid import UUID

from django.db import connection

from metering.balances import book_rows
from metering.calls import gate
from metering.providers.base import CallRef


def wait_for_assigning(ref: CallRef) -> None:
    """Let whoever gives this call to an organization by hand come first, to the end of the
    transaction: asked afterwards, its owner is theirs."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT pg_advisory_xact_lock_shared(hashtextextended(%s, 0))",
            [f"{ref.provider}:{ref.call_id}"],
        )


def organization_of(ref: CallRef, *, now: datetime) -> UUID | None:
    """Return who has the call; None: nobody does, as far as we know."""
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT organization_id FROM route_calls(%s::jsonb)",
            [book_rows.dumps([gate.ref_json(ref, at=now)])],
        )
        found: UUID | None = cursor.fetchone()[0]
    return found
