import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing import importing
from metering.calls import inbox
from servicebilling.lib.progress import Bar


class Command(BaseCommand):
    help = (
        "Bring in organizations from a CSV file (UTF-8, with a heading): name, owner_email,"
        " plan; and if wanted timezone, phone_number, phone_number_id, credit_minutes,"
        " wallet_balance. All rows or none. New owners set their password by the letter of"
        " the page where one is forgotten."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("csv", metavar="CSV", type=Path)
        parser.add_argument("--dry-run", action="store_true", help="check, change nothing")
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        bar = Bar(self.stderr, what="organizations")
        try:
            with options["csv"].open(encoding="utf-8-sig", newline="") as lines:
                done = importing.run(
                    lines, dry_run=options["dry_run"], now=now, show=bar.show
                )
        except (OSError, UnicodeDecodeError) as error:
            raise CommandError(f"{options['csv']} cannot be read: {error}") from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done) | {"dry_run": options["dry_run"]}))
        else:
            for one in done.errors:
                where = f"row {one.row}" if one.row else "heading"
                column = f", {one.column}" if one.column else ""
                self.stdout.write(f"{where}{column}: {one.message}")
        if done.errors:
            raise CommandError("Nothing was changed.")
        if not options["dry_run"]:
            # Their numbers may have had calls before anybody owned them.
            inbox.settle_unmatched(now=now)
        if not options["json"]:
            verb = "would be" if options["dry_run"] else "were"
            self.stdout.write(f"{len(done.organizations)} organizations {verb} brought in.")
