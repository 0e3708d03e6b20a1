"""Forget what is over its time: texts of messages, old letters, invitations, sessions."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing import forgetting
from servicebilling.lib.forgetting import Progress
from servicebilling.lib.progress import Count


class Command(BaseCommand):
    help = (
        "Empty the bodies of messages older than the setting retention_days (30 unless staff"
        " decided otherwise), delete letters after 180 days, invitations that nobody took up,"
        " and sessions that are over. Ledgers, calls and invoices stay as they are. Works in"
        " pieces of a thousand rows; stopped, it goes on where it was when begun again. The"
        " clock does the same each day."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="count what would go; change nothing"
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        def progress(kind: str) -> Progress:
            count, total = Count(self.stderr, what=kind), 0

            def told(done: int) -> None:
                nonlocal total
                total += done
                count.show(total)

            return told

        forgotten = asdict(
            forgetting.forget(
                now=timezone.now(), dry_run=options["dry_run"], progress=progress
            )
        )
        if options["json"]:
            self.stdout.write(json.dumps(forgotten | {"dry_run": options["dry_run"]}))
            return
        done = "to forget" if options["dry_run"] else "forgotten"
        for kind, count in forgotten.items():
            self.stdout.write(f"{kind.replace('_', ' ')}: {count or 'nothing'} {done}")
