"""Compare a provider's lists with our books, and catch up on what was missed."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.core.serializers.json import DjangoJSONEncoder
from django.utils import timezone
from django.utils.dateparse import parse_date

from billing import payment_lists
from billing.errors import NotSold
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.reconciling.comparing import Outcome, reconcile
from servicebilling.lib.progress import Count


class Command(BaseCommand):
    help = (
        "Read the payment provider's events, checkouts and subscriptions and compare them"
        " with ours; of Flutterwave, which keeps no events, its payments and refunds. What"
        " was missed is processed; what still differs becomes rows for staff. Exits with 1 if"
        " something differs."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--since",
            metavar="YYYY-MM-DD",
            help="from this day on, UTC; three days back unless said (Stripe keeps thirty)",
        )
        parser.add_argument("--provider", default="stripe", help="default: stripe")
        parser.add_argument("--dry-run", action="store_true", help="change nothing")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        now = timezone.now()
        try:
            if payment_lists.lists_payments(options["provider"]):
                self._compare_payments(options, now)
            else:
                self._compare_lists(options, now)
        except (NotSold, ProviderError) as error:
            raise CommandError(f"Nothing was compared: {error}") from error

    def _compare_lists(self, options: Any, now: datetime) -> None:
        outcome = reconcile(
            registry.listing(options["provider"]),
            since=_since(options["since"], now),
            now=now,
            dry_run=options["dry_run"],
            show=Count(self.stderr, what="events looked at").show,
        )
        if options["json"]:
            self.stdout.write(json.dumps(outcome.as_dict(), cls=DjangoJSONEncoder))
        else:
            self.stdout.write(_as_text(outcome))
        if outcome.differences:
            raise SystemExit(1)

    def _compare_payments(self, options: Any, now: datetime) -> None:
        compared = payment_lists.compare_with(
            options["provider"],
            since=_since(options["since"], now),
            now=now,
            dry_run=options["dry_run"],
        )
        if options["json"]:
            self.stdout.write(json.dumps(asdict(compared)))
        else:
            self.stdout.write(
                f"{compared.payments} payments compared,"
                f" {compared.found or 'none'} differing or not counted"
            )
        if compared.found:
            raise SystemExit(1)


def _since(given: str | None, now: datetime) -> datetime:
    if given is None:
        return now - timedelta(days=3)
    try:
        day = parse_date(given)
    except ValueError:
        day = None
    if day is None:
        raise CommandError(f"{given!r} is no day; write it as 2026-01-31.")
    return datetime(day.year, day.month, day.day, tzinfo=now.tzinfo)


def _as_text(outcome: Outcome) -> str:
    lines = [
        f"{outcome.events} events, {outcome.missed_events} missed,"
        f" {outcome.processed} processed now",
        f"{outcome.checkouts} checkouts, {outcome.subscriptions} subscriptions compared",
    ]
    lines += [
        f"{one.kind} {one.subject}: ours {one.ours}, theirs {one.theirs}"
        for one in outcome.differences
    ]
    return "\n".join([*lines, f"{len(outcome.differences) or 'no'} differences"])
