import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from metering.calls import set_up
from metering.errors import ProviderNotSetUp
from metering.providers.base import ProviderError


class Command(BaseCommand):
    help = (
        "Point the numbers of our organizations at this site: each call asks first and is"
        " reported here, with retries. Then list what else is set up so that calls get past"
        " us. Assistants are looked at and never changed."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--dry-run", action="store_true", help="only say what would be changed"
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        now, dry_run = timezone.now(), options["dry_run"]
        try:
            mended = set_up.mend(dry_run=dry_run, now=now)
            findings = set_up.audit(now=now, is_kept=not dry_run)
        except (ProviderError, ProviderNotSetUp) as error:
            raise CommandError(
                f"The set-up could not be read or changed: {error}"
            ) from error
        if options["json"]:
            told = {
                "changed": [asdict(one) for one in mended],
                "findings": [asdict(one) for one in findings],
                "dry_run": dry_run,
            }
            self.stdout.write(json.dumps(told))
            return
        verb = "would be pointed here" if dry_run else "pointed here"
        for one in mended:
            self.stdout.write(
                f"{one.e164 or one.number_id}: {verb}; {', '.join(one.problems)}"
            )
        for finding in findings:
            self.stdout.write(
                f"{finding.subject} {finding.subject_id}: {finding.problem} ({finding.detail})"
            )
        if not mended and not findings:
            self.stdout.write("Every number asks here before it connects a call.")
