import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import offering
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.flutterwave import plans
from billing.providers.flutterwave.client import NAME, Gateway


class Command(BaseCommand):
    help = (
        "Make payment plans at Flutterwave for the plans in the currencies that it takes, and"
        " write their ids down. Run again, it changes nothing. A plan with overage or a setup"
        " fee is left out: Flutterwave charges one fixed amount."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        try:
            offers = offering.in_currencies(registry.currencies_of(NAME))
            synced = plans.sync(Gateway(registry.config(NAME)), offers, dry_run=dry_run)
        except ProviderError as error:
            raise CommandError(str(error)) from error
        synced.changes += offering.keep_ids(
            synced.ids, offers, provider=NAME, dry_run=dry_run
        )
        if options["json"]:
            told = {
                "changes": [asdict(change) for change in synced.changes],
                "notes": synced.notes,
            }
            self.stdout.write(json.dumps(told))
            return
        for change in synced.changes:
            self.stdout.write(f"{change.what} {change.key}: {change.detail}")
        for note in synced.notes:
            self.stdout.write(note)
        if not synced.changes:
            self.stdout.write("Flutterwave has the plans as they are here.")
        elif dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")
