import json
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organization
from billing import archives


class Command(BaseCommand):
    help = (
        "Write everything that an organization has with us into a ZIP file: a table each as"
        " CSV, the organization as JSON, and a list of what is in it. Owners get the same"
        " file on the page Settings, Your data."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", help="its slug")
        parser.add_argument("file", type=Path, help="where to write; must not exist yet")
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        path: Path = options["file"]
        found = Organization.objects.filter(slug=options["organization"]).first()
        if found is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        if path.exists():
            raise CommandError(f"{path} exists already.")
        try:
            rows = archives.write_file(found, path, now=timezone.now())
        except OSError as error:
            raise CommandError(f"{path} could not be written: {error}") from error
        size = path.stat().st_size
        if options["json"]:
            self.stdout.write(json.dumps({"rows": rows, "bytes": size}))
        else:
            self.stdout.write(f"{rows:,} rows, {size:,} bytes in {path}.")
