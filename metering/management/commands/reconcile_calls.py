import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metering.calls import reconcile
from metering.errors import ProviderNotSetUp
from metering.providers.base import ProviderError
from servicebilling.lib.progress import Count


class Command(BaseCommand):
    help = (
        "Compare the telephony provider's list of calls with ours, and settle what we missed"
        " as its report would have. What cannot be settled is kept for staff."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            metavar="ISO",
            help="calls that changed since then (else: since the last comparison)",
        )
        parser.add_argument("--dry-run", action="store_true", help="only count")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        since = _moment(options["since"]) or reconcile.next_since(now=now)
        if not now - timedelta(days=366) < since < now:
            raise CommandError("--since must lie within the last year.")
        try:
            compared = reconcile.run(
                since=since,
                now=now,
                dry_run=options["dry_run"],
                told=Count(self.stderr, what="calls").show,
            )
        except (ProviderError, ProviderNotSetUp) as error:
            raise CommandError(f"The calls could not be compared: {error}") from error
        found = asdict(compared) | {"since": since.isoformat()}
        if options["json"]:
            self.stdout.write(json.dumps(found | {"dry_run": options["dry_run"]}))
            return
        self.stdout.write(
            f"both         {compared.both:>7,}\n"
            f"theirs only  {compared.theirs_only:>7,}\n"
            f"ours only    {compared.ours_only:>7,}\n"
            f"different    {compared.different:>7,}\n"
            f"settled      {compared.settled:>7,}"
        )
        for call_id in compared.unresolved[:50]:
            self.stdout.write(f"look at call {call_id}")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--since {text!r} is not an ISO date or time.") from error
    return moment if moment.tzinfo else timezone.make_aware(moment)
