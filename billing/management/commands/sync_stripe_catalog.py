import json
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from billing import offering
from billing.providers import registry
from billing.providers.base import ProviderError
from billing.providers.stripe import catalogue
from billing.providers.stripe.catalogue import Synced


class Command(BaseCommand):
    help = (
        "Make products, prices, meter, portal, webhook endpoint and the destination of thin"
        " events at Stripe as our plans say, and write their ids down. Run again, it changes"
        " nothing."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="only say what differs")
        parser.add_argument("--live", action="store_true", help="allow a live key")
        parser.add_argument(
            "--adopt",
            action="append",
            default=[],
            metavar="KEY=ID",
            help="let an existing price stand for a lookup key: starter_monthly=price_…",
        )
        parser.add_argument(
            "--without-webhook",
            action="store_true",
            help="leave webhook endpoints alone, as where a forwarder brings the events",
        )
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        dry_run = options["dry_run"]
        try:
            offers = offering.of_plans()
            synced = catalogue.sync(
                registry.config(catalogue.NAME),
                offers,
                adopt=_pairs(options["adopt"]),
                live=options["live"],
                with_webhook=not options["without_webhook"],
                dry_run=dry_run,
            )
        except ProviderError as error:
            raise CommandError(str(error)) from error
        synced.changes.extend(
            offering.keep_ids(synced.ids, offers, provider=catalogue.NAME, dry_run=dry_run)
        )
        if options["json"]:
            self.stdout.write(json.dumps(_for_programs(synced)))
        else:
            self._tell(synced, dry_run=dry_run)

    def _tell(self, synced: Synced, *, dry_run: bool) -> None:
        for change in synced.changes:
            self.stdout.write(f"{change.what} {change.key}: {change.detail}")
        for note in synced.notes:
            self.stdout.write(note)
        if not synced.changes:
            self.stdout.write("Stripe has the catalogue as it is here.")
        elif dry_run:
            self.stdout.write("Nothing was changed: this was a dry run.")
        if synced.signing_secrets:
            self.stdout.write(
                "Put this into STRIPE_WEBHOOK_SECRET now, after a comma if one is there that"
                f" is still in use. It is shown this once:\n{_joined(synced)}"
            )


def _for_programs(synced: Synced) -> dict[str, Any]:
    return {
        "changes": [asdict(change) for change in synced.changes],
        "notes": synced.notes,
        "webhook_secret": _joined(synced) or None,
    }


def _joined(synced: Synced) -> str:
    """Return the new secrets as the setting takes them."""
    return ",".join(synced.signing_secrets)


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = [one.partition("=")[::2] for one in given]
    for key, id in pairs:
        if not key or not id:
            raise CommandError("--adopt takes KEY=ID, as in starter_monthly=price_123.")
    return dict(pairs)
