"""Facts that customers' systems want to hear of, put into the outbox.

Called where the fact is born, in its transaction: either both are stored or none.
"""

from datetime import datetime
from typing import Any
from uuid import UUID

from django.db import connection

from metering.balances import book_rows
from servicebilling.lib.ids import new_id


def publish(
    organization_id: UUID, kind: str, data: dict[str, Any], *, now: datetime
) -> None:
    """Write a message for each endpoint that listens to its kind; one statement, and no row
    where nobody listens."""
    with connection.cursor() as cursor:
        cursor.execute(
            """
            INSERT INTO webhook_deliveries (id, organization_id, endpoint_id, event_id, kind,
                data, occurred_at, state, attempts, next_attempt_at, error)
            SELECT gen_random_uuid(), e.organization_id, e.id, %s, %s, %s::jsonb, %s,
                'waiting', 0, %s, ''
            FROM webhook_endpoints e
            WHERE e.organization_id = %s AND e.removed_at IS NULL AND %s = ANY (e.kinds)
            """,
            [new_id(), kind, book_rows.dumps(data), now, now, organization_id, kind],
        )
