"""Everything an organization has with us, in one file that its owner takes away.

A ZIP: a table each as CSV, the organization itself as JSON, and a list of what is in it. The
row, the waiting, the keeping and the forgetting are those of every other file
(`metering.usage.exports`); only what is written into it is decided here.
"""

import json
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, cast
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile

from django.core.serializers.json import DjangoJSONEncoder

from accounts.models import Organization, User
from billing.archive_sheets import SHEETS, Sheet
from metering.models import Export
from metering.usage import exports
from servicebilling.lib import spreadsheets
from servicebilling.lib.spreadsheets import Cell, Column

KINDS = [Export.Kind.EVERYTHING.value]
_BATCH = 2000
_INTRODUCTION = """Everything that {name} has with us, as of {moment} (UTC).

organization.json says what the organization is. Every other file is a table: CSV, UTF-8, the
first row names the columns. Times carry their offset, amounts are exact and stand beside their
currency, and structured values are JSON. Keys, tokens and passwords are not in here: we keep
fingerprints of them only, or they are of no use outside. No recording and no transcript of a
call is in here, because none is kept.

"""


def request(organization: Organization, *, requested_by: User, now: datetime) -> Export:
    """Return a file of everything that waits for the worker.

    Raises `metering.usage.errors.TooManyExports`.
    """
    return exports.request(
        organization,
        kind=Export.Kind.EVERYTHING,
        file_format=Export.Format.ZIP,
        first_day=min(organization.created_at.date(), now.date()),
        last_day=now.date(),
        requested_by=requested_by,
        shows_callers=True,
        now=now,
    )


def due(*, now: datetime) -> list[UUID]:
    return exports.due(now=now, kinds=KINDS)


def make(export_id: UUID, *, now: datetime) -> bool:
    """Make a file; False if it is made already, or somebody else is at it."""

    def write(export: Export, path: Path) -> int:
        return write_file(export.organization, path, now=now)

    return exports.make(export_id, now=now, write=write)


def write_file(organization: Organization, path: Path, *, now: datetime) -> int:
    """Write everything the organization has into a ZIP file; returns how many rows."""
    rows = {}
    with ZipFile(path, "w", ZIP_DEFLATED) as archive:
        for sheet in SHEETS:
            rows[sheet.name] = _write_sheet(archive, sheet, organization)
        archive.writestr(
            "organization.json",
            json.dumps(_described(organization), indent=2, cls=DjangoJSONEncoder),
        )
        moment = now.isoformat(timespec="seconds")
        listed = "\n".join(
            f"{one.name}.csv ({rows[one.name]} rows): {one.about}" for one in SHEETS
        )
        intro = _INTRODUCTION.format(name=organization.name, moment=moment)
        archive.writestr("README.txt", f"{intro}{listed}\n")
    return sum(rows.values())


def _described(organization: Organization) -> dict[str, Any]:
    return {
        "id": organization.pk,
        "name": organization.name,
        "slug": organization.slug,
        "owner": organization.owner.email,
        "billing_email": organization.billing_email,
        "timezone": organization.timezone,
        "timezones_before": organization.timezones_before,
        "currency": organization.currency,
        "status": organization.status,
        "created_at": organization.created_at,
        "stripe_customer_id": organization.stripe_customer_id,
    }


def _write_sheet(archive: ZipFile, sheet: Sheet, organization: Organization) -> int:
    found = sheet.model._default_manager.filter(organization=organization)
    rows = found.order_by("pk").values_list(*sheet.columns).iterator(chunk_size=_BATCH)
    count = 0

    def counted() -> Iterator[Sequence[Cell]]:
        nonlocal count
        for row in rows:
            count += 1
            yield [_cell(value) for value in row]

    columns = [Column(title.replace("__", "_")) for title in sheet.columns]
    with archive.open(f"{sheet.name}.csv", "w", force_zip64=True) as file:
        for part in spreadsheets.csv_parts(columns, counted()):
            file.write(part)
    return count


def _cell(value: Any) -> Cell:
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, dict | list):
        return json.dumps(value, cls=DjangoJSONEncoder, ensure_ascii=False)
    return cast(Cell, value)
