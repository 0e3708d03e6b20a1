import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.utils import timezone

from billing import catalogue_loading


class Command(BaseCommand):
    help = "Put the shipped plans, bundles and settings in place; twice changes nothing."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        changes = catalogue_loading.load(now=timezone.now(), dry_run=options["dry_run"])
        if options["json"]:
            self.stdout.write(json.dumps({"changes": [asdict(one) for one in changes]}))
            return
        for change in changes:
            self.stdout.write(f"{change.what} {change.code}: {change.detail}")
        if not changes:
            self.stdout.write("The catalogue is as it ships.")
