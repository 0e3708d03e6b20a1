"""Write a month of usage to a file: everybody's sums, or one organization's rows."""

import re
import sys
from argparse import ArgumentParser
from collections.abc import Iterator, Sequence
from datetime import date
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from accounts.models import Organization
from metering.models import Export
from metering.usage import analytics, export_rows, exports
from servicebilling.lib import spreadsheets
from servicebilling.lib.progress import Bar
from servicebilling.lib.spreadsheets import Cell, Column

SUMS = (
    Column("organization", 24),
    Column("month", 9),
    Column("meter", 18),
    Column("count", 10),
    Column("quantity", 14),
    Column("talk_seconds", 13),
    Column("price", 14),
    Column("currency", 9),
)


class Command(BaseCommand):
    help = (
        "Write the usage of one calendar month. Without --organization: a row per organization"
        " and meter. With it: that organization's calls, or what --kind names. Texts that"
        " others wrote never become formulas."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--month", required=True, metavar="YYYY-MM")
        parser.add_argument("--organization", metavar="SLUG")
        parser.add_argument(
            "--kind",
            choices=exports.OF_METERING,
            default=None,
            help="rows of one organization (calls)",
        )
        parser.add_argument("--format", choices=["csv", "xlsx"], default="csv")
        parser.add_argument(
            "--output", metavar="FILE", help="where to; CSV goes to the screen without it"
        )

    def handle(self, *args: Any, **options: Any) -> None:
        month, slug = _month(options["month"]), options["organization"]
        if options["kind"] and not slug:
            raise CommandError("--kind needs --organization.")
        if options["format"] == "xlsx" and not options["output"]:
            raise CommandError("XLSX is no text: name a file with --output.")
        if slug:
            content = export_rows.content_of(options["kind"] or Export.Kind.CALLS)
            first, last = analytics.month_ends(month)
            columns = content.columns
            rows = content.rows(_organization(slug), first, last, True)
        else:
            columns, rows = SUMS, _sums(month, Bar(self.stderr, what="organizations"))
        self._write(options, columns, rows)

    def _write(
        self, options: Any, columns: Sequence[Column], rows: Iterator[Sequence[Cell]]
    ) -> None:
        if not options["output"]:
            for part in spreadsheets.csv_parts(columns, rows):
                self.stdout.write(part.decode(), ending="")
            return
        path = Path(options["output"])
        try:
            # Nobody finds half a file under its name.
            with TemporaryDirectory(dir=path.resolve().parent) as folder:
                made = Path(folder) / path.name
                if options["format"] == "xlsx":
                    spreadsheets.write_xlsx(made, title="Usage", columns=columns, rows=rows)
                else:
                    with made.open("wb") as file:
                        file.writelines(spreadsheets.csv_parts(columns, rows))
                made.replace(path)
        except OSError as error:
            raise CommandError(f"{path} cannot be written: {error.strerror}.") from error
        if sys.stderr.isatty():
            self.stderr.write(f"Wrote {path}.")


def _month(text: str) -> date:
    if not re.fullmatch(r"20[0-9]{2}-(0[1-9]|1[0-2])", text, re.ASCII):
        raise CommandError(f"{text!r} is no month; write it as 2026-03.")
    return date.fromisoformat(f"{text}-01")


def _organization(slug: str) -> Organization:
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organization {slug!r}.")
    return found


def _sums(month: date, bar: Bar) -> Iterator[Sequence[Cell]]:
    first, last = analytics.month_ends(month)
    organizations = Organization.objects.order_by("slug")
    total = organizations.count()
    for number, organization in enumerate(organizations.iterator(), start=1):
        sums = analytics.by_meter(organization, first=first, last=last)
        for meter, used in sums.items():
            yield (
                organization.slug,
                f"{month:%Y-%m}",
                meter,
                used.count,
                used.quantity,
                used.talk_seconds,
                used.price,
                organization.currency,
            )
        bar.show(number, total)
