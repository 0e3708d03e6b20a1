"""What a file of an organization contains: its columns, and its rows one after another.

Rows are read in batches along an index, so memory does not grow with the history, no statement
runs long, and no transaction stays open while a file is written.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Any, TypeVar
from zoneinfo import ZoneInfo

from django.db.models import Model, Q, QuerySet

from accounts.models import Organization
from metering.models import Call, MinuteTransaction, WalletTransaction
from metering.usage import callers, monthly_statements
from metering.usage.export_models import Export
from servicebilling.lib.spreadsheets import Cell, Column

BATCH = 2000
Row = TypeVar("Row", bound=Model)
Rows = Iterator[Sequence[Cell]]


@dataclass(frozen=True, slots=True)
class Content:
    columns: tuple[Column, ...]
    # Of an organization from a day to a day; whether callers' numbers stand in it whole.
    rows: Callable[[Organization, date, date, bool], Rows]


def content_of(kind: str) -> Content:
    return _CONTENTS[kind]


def _calls(
    organization: Organization, first: date, last: date, shows_callers: bool
) -> Rows:
    zone = ZoneInfo(organization.timezone)
    start, end = _moments(zone, first, last)
    calls = Call.objects.filter(
        organization=organization, occurred_at__gte=start, occurred_at__lt=end
    )
    shown = calls.select_related("agent").defer("cost", "cost_breakdown")
    for call in _batches(shown, "occurred_at"):
        yield (
            str(call.id),
            call.direction,
            call.agent.name if call.agent else "",
            *callers.numbers_shown(
                call.direction, call.call_from, call.call_to, sees_callers=shows_callers
            ),
            _local(call.started_at, zone),
            _local(call.ended_at, zone),
            call.duration_seconds,
            call.billed_minutes,
            call.price,
            call.currency,
            call.status,
            call.refusal or call.ended_reason,
        )


def _minutes(organization: Organization, first: date, last: date, _: bool) -> Rows:
    zone = ZoneInfo(organization.timezone)
    start, end = _moments(zone, first, last)
    entries = MinuteTransaction.objects.filter(
        organization=organization, created_at__gte=start, created_at__lt=end
    )
    for entry in _batches(entries):
        yield (
            entry.id,
            _local(entry.created_at, zone),
            entry.kind,
            entry.used_change,
            entry.credit_change,
            entry.used_after,
            entry.credit_after,
            entry.amount,
            entry.currency,
            entry.reason,
            entry.reference,
        )


def _wallet(organization: Organization, first: date, last: date, _: bool) -> Rows:
    zone = ZoneInfo(organization.timezone)
    start, end = _moments(zone, first, last)
    entries = WalletTransaction.objects.filter(
        organization=organization, created_at__gte=start, created_at__lt=end
    )
    for entry in _batches(entries, "created_at"):
        yield (
            entry.id,
            _local(entry.created_at, zone),
            entry.kind,
            entry.amount,
            entry.balance_after,
            entry.currency,
            entry.reason,
            entry.reference,
        )


def _statement(organization: Organization, first: date, last: date, _: bool) -> Rows:
    for line in monthly_statements.statement_of(organization, month=first).lines():
        yield (line.section, line.name, line.quantity, line.amount, line.currency)


def _batches(rows: QuerySet[Row], moment: str = "") -> Iterator[Row]:
    """Yield rows in the order of an index: by a moment and their id, or by their id alone,
    which a ledger counts upwards."""
    ordered = rows.order_by(moment, "pk") if moment else rows.order_by("pk")
    batch = ordered
    while True:
        found = list(batch[:BATCH])
        yield from found
        if len(found) < BATCH:
            return
        last = found[-1]
        if moment:
            at = getattr(last, moment)
            is_after = Q(**{f"{moment}__gt": at}) | Q(pk__gt=last.pk)
            batch = ordered.filter(is_after, **{f"{moment}__gte": at})
        else:
            batch = ordered.filter(pk__gt=last.pk)


def _moments(zone: ZoneInfo, first: date, last: date) -> tuple[datetime, datetime]:
    start = datetime.combine(first, time(), zone)
    return start, datetime.combine(last + timedelta(days=1), time(), zone)


def _local(moment: datetime | None, zone: ZoneInfo) -> datetime | None:
    return moment and moment.astimezone(zone).replace(microsecond=0)


def _columns(*columns: tuple[str, int]) -> tuple[Column, ...]:
    return tuple(Column(title, width) for title, width in columns)


_CONTENTS: dict[Any, Content] = {
    Export.Kind.CALLS: Content(
        _columns(
            ("id", 38),
            ("direction", 10),
            ("agent", 20),
            ("from", 18),
            ("to", 18),
            ("started_at", 20),
            ("ended_at", 20),
            ("duration_seconds", 16),
            ("billed_minutes", 14),
            ("price", 12),
            ("currency", 9),
            ("status", 11),
            ("reason", 26),
        ),
        _calls,
    ),
    Export.Kind.MINUTES: Content(
        _columns(
            ("entry", 10),
            ("time", 20),
            ("kind", 14),
            ("used_change", 12),
            ("credit_change", 13),
            ("used_after", 11),
            ("credit_after", 12),
            ("amount", 12),
            ("currency", 9),
            ("reason", 30),
            ("reference", 44),
        ),
        _minutes,
    ),
    Export.Kind.WALLET: Content(
        _columns(
            ("entry", 10),
            ("time", 20),
            ("kind", 14),
            ("amount", 12),
            ("balance_after", 14),
            ("currency", 9),
            ("reason", 30),
            ("reference", 44),
        ),
        _wallet,
    ),
    Export.Kind.STATEMENT: Content(
        _columns(
            ("section", 22),
            ("what", 34),
            ("quantity", 14),
            ("amount", 14),
            ("currency", 9),
        ),
        _statement,
    ),
}
