"""Files of calls, transactions and statements: asked for, made, handed out, forgotten.

A small one is made while its asker waits, a large one by a worker. Either way the row says
what becomes of it, so a worker that dies half-way loses nothing: another takes it up.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import date, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from django.db import transaction
from django.db.models import Q, QuerySet

from accounts import audit
from accounts.models import Organization, User
from metering.models import Export, ExportPart
from metering.usage import analytics, export_rows
from metering.usage.errors import TooManyExports
from servicebilling.lib import spreadsheets
from servicebilling.lib.spreadsheets import Cell

KEPT = timedelta(days=7)
# Made at once up to here; a thousand calls take a tenth of a second or so.
ROWS_AT_ONCE = 5_000
PART_BYTES = 1_000_000
UNDER_WAY_MAX = 5
# Longer than any file takes: whoever began it is gone.
GIVEN_UP_AFTER = timedelta(minutes=30)
ATTEMPTS_MAX = 3
LISTED_MAX = 50
# The kinds that are made of the tables of this app; others are written by apps above.
OF_METERING = tuple(kind for kind in Export.Kind.values if kind != Export.Kind.EVERYTHING)

# Writes a file to a path and returns how many rows it has.
Writer = Callable[[Export, Path], int]


def request(
    organization: Organization,
    *,
    kind: str,
    file_format: str,
    first_day: date,
    last_day: date,
    requested_by: User | None,
    shows_callers: bool,
    now: datetime,
) -> Export:
    """Return a file that waits to be made, `is_small` says whether one may wait for it.
    `shows_callers`: their whole numbers, else masked ones.

    Raises `TooManyExports` while several of the organization are under way.
    """
    with transaction.atomic():
        Organization.objects.select_for_update(no_key=True).get(pk=organization.pk)
        under_way = Export.objects.filter(
            organization=organization,
            state__in=[Export.State.WAITING, Export.State.RUNNING],
        )
        if under_way.count() >= UNDER_WAY_MAX:
            raise TooManyExports
        audit.record(
            organization=organization,
            actor=requested_by or "system",
            action="export.requested",
            detail={
                "kind": kind,
                "first_day": str(first_day),
                "last_day": str(last_day),
            },
            now=now,
        )
        return Export.objects.create(
            organization=organization,
            requested_by=requested_by,
            kind=kind,
            format=file_format,
            first_day=first_day,
            last_day=last_day,
            shows_callers=shows_callers,
            created_at=now,
            expires_at=now + KEPT,
        )


def is_small(export: Export) -> bool:
    """Whether it has few enough rows to be made at once, judged by the daily sums."""
    if export.kind == Export.Kind.STATEMENT:
        return True
    sums = analytics.by_meter(
        export.organization, first=export.first_day, last=export.last_day
    )
    return sum(used.count for used in sums.values()) <= ROWS_AT_ONCE


def make(export_id: UUID, *, now: datetime, write: Writer | None = None) -> bool:
    """Make a file; False if it is made already, or somebody else is at it.

    `write` makes a kind that is not of this app."""
    export = _claim(export_id, now=now)
    if export is None:
        return False
    try:
        rows, size = _written_by(write, export) if write else _write(export)
    except BaseException:
        _let_go(export)
        raise
    Export.objects.filter(pk=export.pk, started_at=now).update(
        state=Export.State.DONE, rows=rows, size_bytes=size, finished_at=now
    )
    return True


def due(*, now: datetime, kinds: Sequence[str] = OF_METERING) -> list[UUID]:
    """Return the files of those kinds that nobody is making, oldest first."""
    rows = _left_to_make(now).filter(kind__in=kinds).order_by("created_at")
    return list(rows.values_list("pk", flat=True)[:LISTED_MAX])


def open_to(*, kinds: Sequence[str], sees_callers: bool, now: datetime) -> QuerySet[Export]:
    """Return the files of those kinds that still exist; without the right to see callers,
    none that another was given with their whole numbers."""
    rows = Export.objects.filter(kind__in=kinds, expires_at__gt=now)
    if not sees_callers:
        rows = rows.exclude(kind=Export.Kind.CALLS, shows_callers=True)
    return rows


def recent(
    organization: Organization, *, kinds: Sequence[str], sees_callers: bool, now: datetime
) -> list[Export]:
    """Return the organization's files that somebody may have, newest first."""
    rows = open_to(kinds=kinds, sees_callers=sees_callers, now=now).filter(
        organization=organization
    )
    return list(rows.select_related("organization").order_by("-created_at")[:LISTED_MAX])


def parts_of(export: Export) -> Iterator[bytes]:
    """Yield the bytes of a file, one part in memory at a time."""
    parts = ExportPart.objects.filter(export=export).order_by("number")
    for number in parts.values_list("number", flat=True):
        yield bytes(parts.values_list("data", flat=True).get(number=number))


def purge(*, now: datetime) -> int:
    """Forget files whose time is over; returns how many."""
    old = Export.objects.filter(expires_at__lte=now)
    count = old.count()
    old.delete()
    return count


def _claim(export_id: UUID, *, now: datetime) -> Export | None:
    with transaction.atomic():
        rows = Export.objects.select_for_update(of=("self",)).select_related("organization")
        export = rows.filter(pk=export_id, pk__in=_left_to_make(now)).first()
        if export is None:
            return None
        export.attempts += 1
        is_hopeless = export.attempts > ATTEMPTS_MAX
        export.state = Export.State.FAILED if is_hopeless else Export.State.RUNNING
        export.started_at = now
        export.save(update_fields=["attempts", "state", "started_at"])
        ExportPart.objects.filter(export=export).delete()
        return None if is_hopeless else export


def _left_to_make(now: datetime) -> QuerySet[Export]:
    waiting = Q(state=Export.State.WAITING)
    left = Q(state=Export.State.RUNNING, started_at__lt=now - GIVEN_UP_AFTER)
    return Export.objects.filter(waiting | left)


def _let_go(export: Export) -> None:
    """After a failure: another try, as long as there are any."""
    is_over = export.attempts >= ATTEMPTS_MAX
    Export.objects.filter(pk=export.pk, started_at=export.started_at).update(
        state=Export.State.FAILED if is_over else Export.State.WAITING
    )


def _write(export: Export) -> tuple[int, int]:
    content = export_rows.content_of(export.kind)
    counted = _Counted(
        content.rows(
            export.organization, export.first_day, export.last_day, export.shows_callers
        )
    )
    if export.format == Export.Format.CSV:
        size = _keep(export, spreadsheets.csv_parts(content.columns, counted))
        return counted.rows, size
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export.xlsx"
        spreadsheets.write_xlsx(
            path,
            title=export.get_kind_display(),
            columns=content.columns,
            rows=counted,
        )
        return counted.rows, _keep(export, _pieces(path))


def _written_by(write: Writer, export: Export) -> tuple[int, int]:
    with TemporaryDirectory() as folder:
        path = Path(folder) / "export"
        rows = write(export, path)
        return rows, _keep(export, _pieces(path))


def _keep(export: Export, pieces: Iterator[bytes]) -> int:
    """Keep the bytes of a file in parts of about PART_BYTES; returns how many there are."""
    buffer, number, size = bytearray(), 0, 0
    for piece in pieces:
        buffer += piece
        if len(buffer) >= PART_BYTES:
            ExportPart.objects.create(export=export, number=number, data=bytes(buffer))
            number, size = number + 1, size + len(buffer)
            buffer.clear()
    ExportPart.objects.create(export=export, number=number, data=bytes(buffer))
    return size + len(buffer)


def _pieces(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while piece := file.read(PART_BYTES):
            yield piece


class _Counted:
    """Rows that know how many of them went by."""

    def __init__(self, rows: Iterator[Sequence[Cell]]) -> None:
        self._rows, self.rows = rows, 0

    def __iter__(self) -> Iterator[Sequence[Cell]]:
        for row in self._rows:
            self.rows += 1
            yield row
