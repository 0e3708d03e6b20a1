import json
from argparse import ArgumentParser
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
            done = adjustments.adjust(
                "minutes_used" if options["credit"] is None else "credit_minutes",
                options["used"] if options["credit"] is None else options["credit"],
                organization=organization,
                reason=options["reason"],
                actor="command adjust_minutes",
                now=timezone.now(),
                dry_run=options["dry_run"],
            )
        except LedgerError as error:
            raise CommandError(str(error)) from error
        before, after = done.before, done.after
        if options["json"]:
            shown = {
                "reference": done.reference,
                "credit_minutes_before": before.credit_minutes,
                "credit_minutes": after.credit_minutes,
                "minutes_used_before": before.minutes_used_this_cycle,
                "minutes_used_this_cycle": after.minutes_used_this_cycle,
                "dry_run": options["dry_run"],
            }
            self.stdout.write(json.dumps(shown))
            return
        self.stdout.write(
            f"credit minutes {before.credit_minutes} → {after.credit_minutes}, used in this"
            f" cycle {before.minutes_used_this_cycle} → {after.minutes_used_this_cycle}"
            + (" (dry run, nothing kept)" if options["dry_run"] else "")
        )
