import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metering.calls import inbox
from metering.calls.inbox import Replayed
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
        if missing := sorted(set(options["id"]) - set(ids)):
            raise CommandError(
                f"No stored message that can be read matches: {_listed(missing)}."
            )
        replayed = []
        for one in inbox.replay(ids, now=timezone.now(), dry_run=options["dry_run"]):
            replayed.append(one)
            self._show_progress(len(replayed), len(ids))
        failed = [one for one in replayed if one.outcome == "failed"]
        outcomes: dict[str, int] = {}
        for one in replayed:
            outcomes[one.outcome] = outcomes.get(one.outcome, 0) + 1
        if options["json"]:
            self.stdout.write(_as_json(outcomes, failed, dry_run=options["dry_run"]))
        else:
            self.stdout.write(_as_text(outcomes, failed))
        if failed:
            sys.exit(1)

    def _show_progress(self, done: int, total: int) -> None:
        if self.stderr.isatty():
            bar = ("#" * (40 * done // total)).ljust(40, ".")
            ending = "\n" if done == total else ""
            self.stderr.write(f"\r[{bar}] {done} of {total}", ending=ending)


def _as_json(outcomes: dict[str, int], failed: list[Replayed], *, dry_run: bool) -> str:
    errors = [{"id": one.message_id, "error": one.error} for one in failed]
    return json.dumps({"outcomes": outcomes, "failed": errors, "dry_run": dry_run})


def _as_text(outcomes: dict[str, int], failed: list[Replayed]) -> str:
    lines = [f"{outcome}: {count}" for outcome, count in sorted(outcomes.items())]
    lines += [f"Message {one.message_id} failed: {one.error}" for one in failed]
    return "\n".join(lines) or "No stored message matches."


def _listed(numbers: list[int]) -> str:
    return ", ".join(str(number) for number in numbers)


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--since {text!r} is not an ISO date or time.") from error
    return moment if moment.tzinfo else timezone.make_aware(moment)
