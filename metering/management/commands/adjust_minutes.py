import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organization
from metering.balances import adjustments
from metering.balances.ledger import LedgerError


class Command(BaseCommand):
    help = "Correct an organization's minutes by hand: a ledger row and an audit row."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", metavar="SLUG")
        what = parser.add_mutually_exclusive_group(required=True)
        what.add_argument("--credit", type=int, metavar="N", help="signed change")
        what.add_argument("--used", type=int, metavar="N", help="signed change")
        parser.add_argument("--reason", required=True)
        parser.add_argument("--dry-run", action="store_true", help="only show the effect")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        try:
            done = adjustments.adjust_minutes(
                organization=organization,
                reason=options["reason"],
                actor="command adjust_minutes",
                now=timezone.now(),
                credit=options["credit"] or 0,
                used=options["used"] or 0,
                dry_run=options["dry_run"],
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        if options["json"]:
            self.stdout.write(json.dumps(asdict(done) | {"dry_run": options["dry_run"]}))
            return
        self.stdout.write(
            f"credit minutes {done.credit_minutes_before} → {done.credit_minutes}, used in"
            f" this cycle {done.minutes_used_before} → {done.minutes_used_this_cycle}"
            + (" (dry run, nothing kept)" if options["dry_run"] else "")
        )
