import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metering.calls import inbox
from metering.models import InboundMessage


class Command(BaseCommand):
    help = (
        "Process stored messages of calls again: those that failed, found no owner, or all"
        " since a moment. What was charged is not charged twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--id", type=int, action="append", default=[], metavar="N")
        parser.add_argument("--since", metavar="ISO", help="received since then")
        parser.add_argument(
            "--state",
            action="append",
            default=[],
            choices=InboundMessage.State.values,
            help="only messages in this state",
        )
        parser.add_argument("--dry-run", action="store_true", help="only say what would be")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["id"] or options["since"] or options["state"]):
            raise CommandError("Name messages by --id, --since or --state.")
        found = inbox.selected(
            ids=options["id"], since=_moment(options["since"]), states=options["state"]
        )
        ids = list(found.values_list("id", flat=True))
        counts: dict[str, int] = {}
        failed: list[dict[str, Any]] = []
        for done, message_id in enumerate(ids, 1):
            try:
                outcome = inbox.replay(
                    message_id, now=timezone.now(), dry_run=options["dry_run"]
                )
            except Exception as error:
                outcome = "failed"
                failed.append({"id": message_id, "error": str(error)})
            counts[outcome] = counts.get(outcome, 0) + 1
            self._progress(done, len(ids))
        self._report(counts, failed, options)
        if failed:
            sys.exit(1)

    def _progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            self.stderr.write(f"\r{done} of {total}", ending="\n" if done == total else "")

    def _report(
        self, counts: dict[str, int], failed: list[dict[str, Any]], options: dict[str, Any]
    ) -> None:
        if options["json"]:
            answer = {"outcomes": counts, "failed": failed, "dry_run": options["dry_run"]}
            self.stdout.write(json.dumps(answer))
            return
        for outcome, count in sorted(counts.items()):
            self.stdout.write(f"{outcome}: {count}")
        for one in failed:
            self.stdout.write(f"message {one['id']} failed: {one['error']}")
        if not counts:
            self.stdout.write("No stored message matches.")


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--since {text!r} is not an ISO date or time.") from error
    return moment if moment.tzinfo else timezone.make_aware(moment)
