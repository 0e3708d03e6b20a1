import json
from decimal import Decimal
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from billing import backfilling
from servicebilling.lib import money
from servicebilling.lib.errors import DomainError
from servicebilling.lib.progress import Bar


class Command(BaseCommand):
    help = (
        "Give a wallet to every organization that has none, with the plan free-legacy in"
        " force for those without a plan. Run again, it changes nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--welcome-bonus",
            type=_amount,
            default=Decimal(0),
            metavar="AMOUNT",
            help="put into each wallet that this makes, in the wallet's currency",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what is missing"
        )
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        bar = Bar(self.stderr, what="organizations")
        try:
            done = backfilling.run(
                welcome_bonus=options["welcome_bonus"],
                dry_run=options["dry_run"],
                now=timezone.now(),
                show=bar.show,
            )
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps({"made": done, "dry_run": options["dry_run"]}))
            return
        for slug in done:
            self.stdout.write(slug)
        verb = "would get" if options["dry_run"] else "got"
        self.stdout.write(f"{len(done)} organizations {verb} a wallet.")


def _amount(text: str) -> Decimal:
    """Raises InvalidAmount, a ValueError, which argparse tells in its own words."""
    amount = money.amount(text)
    if amount < 0:
        raise ValueError("a bonus is not negative")
    return amount
