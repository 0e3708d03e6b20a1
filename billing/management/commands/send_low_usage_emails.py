"""Write to organizations whose minutes or wallet run low, and post what waits."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand
from django.utils import timezone

from billing.letters import low_usage, posting
from billing.letters.low_usage import Found
from servicebilling.lib.progress import Count


class Command(BaseCommand):
    help = (
        "Write a letter to each organization that has reached one of its thresholds (80 % of"
        " plan and credit minutes unless set otherwise; wallets by amount) and post all"
        " letters that wait. An organization gets one a day in its own zone, and one per"
        " threshold, cycle and refill, so running this twice writes nothing twice. The clock"
        " does the same each hour, by daytime there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run",
            action="store_true",
            help="say who would be written to; send nothing",
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        count, found = Count(self.stderr, what="organizations run low"), list[Found]()

        def seen(one: Found) -> None:
            found.append(one)
            count.show(len(found))

        low_usage.write_due(now=now, dry_run=options["dry_run"], seen=seen)
        posted = 0 if options["dry_run"] else posting.post_due(now=now)
        if options["json"]:
            letters = [asdict(one) for one in found]
            self.stdout.write(json.dumps({"letters": letters, "posted": posted}))
            return
        for one in found:
            self.stdout.write(
                f"{one.organization} <{one.address}>: {one.left} left"
                f" ({one.measure} {one.threshold})"
            )
        if options["dry_run"]:
            self.stdout.write(f"{len(found)} letters would be written")
        else:
            self.stdout.write(f"{len(found)} letters written, {posted} posted")
