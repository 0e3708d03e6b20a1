"""Check that every balance is the sum of its ledger, and say which row is not."""

import json
import sys
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organization
from metering.verification.run import Verdict, verify


class Command(BaseCommand):
    help = (
        "Check all books, or one organization's, in one snapshot. Changes nothing;"
        " exits with 1 and names the rows if something does not add up."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        organization = _organization(options["organization"])
        verdict = verify(now=timezone.now(), organization=organization)
        self.stdout.write(_as_json(verdict) if options["json"] else _as_text(verdict))
        if not verdict.is_ok:
            sys.exit(1)


def _organization(slug: str | None) -> Organization | None:
    if slug is None:
        return None
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organization {slug!r}.")
    return found


def _as_json(verdict: Verdict) -> str:
    return json.dumps(
        {
            "ok": verdict.is_ok,
            "checked": verdict.checked,
            "findings": [asdict(finding) for finding in verdict.findings],
        }
    )


def _as_text(verdict: Verdict) -> str:
    width = max(len(name) for name in verdict.checked)
    lines = [f"{name:{width}}  {rows:>9}" for name, rows in verdict.checked.items()]
    for finding in verdict.findings:
        lines += [
            "",
            f"{finding.rule}: {finding.row}"
            + (f" of {finding.organization}" if finding.organization else ""),
            f"  expected {finding.expected}, found {finding.found}",
        ]
    broken = len(verdict.findings)
    rows = sum(verdict.checked.values())
    lines += ["", f"{rows} rows checked, {broken or 'no'} findings"]
    return "\n".join(lines)
