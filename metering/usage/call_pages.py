"""Calls of an organization page by page, newest first, narrowed as somebody asks.

A page follows the key of the last call before it along an index, so each costs the same
however long the history is.
"""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from accounts.models import Organization
from metering.models import Call
from metering.usage.analytics import EVERYTHING, Only
from metering.usage.reports import CallLine, call_line

LIMIT_MAX = 200


@dataclass(frozen=True, slots=True)
class Position:
    """The key of a call in the list."""

    occurred_at: datetime
    id: UUID


@dataclass(frozen=True, slots=True)
class CallPage:
    calls: list[CallLine]
    # Where the next page begins; None: there is none.
    next: Position | None


def call_page(
    organization: Organization,
    *,
    limit: int,
    after: Position | None = None,
    only: Only = EVERYTHING,
    since: date | None = None,
    until: date | None = None,
    status: str = "",
) -> CallPage:
    """Return at most `limit` calls (no more than LIMIT_MAX) that come after a position, with
    one statement. `since` and `until` are local days, both included."""
    limit = min(limit, LIMIT_MAX)
    rows = matching(organization, only=only, since=since, until=until, status=status)
    if after is not None:
        # Both halves, so that the index is entered at the position.
        rows = rows.filter(
            Q(occurred_at__lt=after.occurred_at) | Q(id__lt=after.id),
            occurred_at__lte=after.occurred_at,
        )
    calls = list(rows[: limit + 1])
    last = calls[limit - 1] if len(calls) > limit else None
    return CallPage(
        calls=[call_line(call) for call in calls[:limit]],
        next=Position(last.occurred_at, last.id) if last else None,
    )


def matching(
    organization: Organization,
    *,
    only: Only = EVERYTHING,
    since: date | None = None,
    until: date | None = None,
    status: str = "",
) -> QuerySet[Call]:
    """Return the calls asked for, newest first, with their agents and numbers."""
    rows = Call.objects.filter(organization=organization)
    zone = ZoneInfo(organization.timezone)
    if since is not None:
        rows = rows.filter(occurred_at__gte=datetime.combine(since, time(), zone))
    if until is not None:
        end = datetime.combine(until + timedelta(days=1), time(), zone)
        rows = rows.filter(occurred_at__lt=end)
    if only.agent_id:
        rows = rows.filter(agent=only.agent_id)
    if only.phone_number_ids:
        rows = rows.filter(phone_number__in=only.phone_number_ids)
    if status:
        rows = rows.filter(status=status)
    shown = rows.select_related("agent", "phone_number").defer("cost", "cost_breakdown")
    return shown.order_by("-occurred_at", "-id")
