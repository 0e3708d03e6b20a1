import json
import sys
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing import inbox


class Command(BaseCommand):
    help = (
        "Process stored events of payment providers again: those named, those that failed,"
        " or those received since a moment. What was fulfilled is not fulfilled twice."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("id", type=int, nargs="*", help="numbers of stored events")
        parser.add_argument(
            "--failed",
            action="store_true",
            help="only those parked, quarantined, or waiting after an error",
        )
        parser.add_argument("--since", metavar="ISO", help="only those received since then")
        parser.add_argument("--dry-run", action="store_true", help="only list them")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["id"] or options["since"] or options["failed"]):
            raise CommandError("Name events by number, --failed or --since.")
        found = inbox.selected(
            ids=options["id"],
            since=_moment(options["since"]),
            is_failed=options["failed"],
        )
        ids = list(found.values_list("id", flat=True))
        if missing := sorted(set(options["id"]) - set(ids)):
            raise CommandError(f"No stored event matches: {', '.join(map(str, missing))}.")
        outcomes = {} if options["dry_run"] else self._replay(ids)
        told = {"events": ids, "outcomes": outcomes, "dry_run": options["dry_run"]}
        self.stdout.write(json.dumps(told) if options["json"] else _as_text(told))
        if set(outcomes) - inbox.DONE:
            sys.exit(1)

    def _replay(self, ids: list[int]) -> dict[str, int]:
        outcomes: dict[str, int] = {}
        for done, event_id in enumerate(ids, start=1):
            for outcome, count in inbox.replay([event_id], now=timezone.now()).items():
                outcomes[outcome] = outcomes.get(outcome, 0) + count
            if self.stderr.isatty():
                bar = ("#" * (40 * done // len(ids))).ljust(40, ".")
                ending = "\n" if done == len(ids) else ""
                self.stderr.write(f"\r[{bar}] {done} of {len(ids)}", ending=ending)
        return outcomes


def _as_text(told: dict[str, Any]) -> str:
    if not told["events"]:
        return "No stored event matches."
    if told["dry_run"]:
        numbers = ", ".join(map(str, told["events"]))
        return f"Would be processed again: {numbers}."
    return "\n".join(f"{what}: {count}" for what, count in sorted(told["outcomes"].items()))


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--since {text!r} is not an ISO date or time.") from error
    return moment if moment.tzinfo else timezone.make_aware(moment)
