"""Compare daily and cycle sums with the calls and events they stand for, and mend them."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organization
from metering.usage import rollups
from metering.usage.rollups import Difference
from servicebilling.lib.progress import Bar


class Command(BaseCommand):
    help = (
        "Compute the sums by day and by cycle anew from calls and events, and correct those"
        " that differ. With --dry-run nothing changes, and it exits with 1 if any differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one")
        parser.add_argument(
            "--dry-run", action="store_true", help="say what differs, change nothing"
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        organizations = Organization.objects.filter(allowance__isnull=False).order_by("pk")
        if slug := options["organization"]:
            organizations = organizations.filter(slug=slug)
            if not organizations:
                raise CommandError(f"There is no organization {slug!r} with balances.")
        bar, total = Bar(self.stderr, what="organizations"), organizations.count()
        found: list[Difference] = []
        for done, organization in enumerate(organizations.iterator(), start=1):
            found += rollups.rebuild(
                organization, dry_run=options["dry_run"], now=timezone.now()
            )
            bar.show(done, total)
        say = _as_json if options["json"] else _as_text
        self.stdout.write(say(found, total, options["dry_run"]))
        if found and options["dry_run"]:
            sys.exit(1)


def _as_json(found: list[Difference], total: int, dry_run: bool) -> str:
    return json.dumps(
        {
            "organizations": total,
            "differences": [asdict(difference) for difference in found],
            "corrected": 0 if dry_run else len(found),
        }
    )


def _as_text(found: list[Difference], total: int, dry_run: bool) -> str:
    lines = [
        f"{one.organization}: {one.table} {one.row}\n"
        f"  expected {one.expected}, found {one.found or 'nothing'}"
        for one in found
    ]
    done = "to correct" if dry_run else "corrected"
    lines.append(f"{total} organizations compared, {len(found) or 'nothing'} {done}")
    return "\n".join(lines)
