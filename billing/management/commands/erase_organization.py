import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Organization, User
from billing import erasing
from servicebilling.lib.errors import DomainError

ACTOR = "command erase_organization"


class Command(BaseCommand):
    help = (
        "Erase personal data for good: of a closed organization (names, addresses, numbers,"
        " messages), of one caller of an organization (--caller), or of a person"
        " (--person). Ledgers, prices, times and issued documents stay."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", nargs="?", help="its slug; it must be closed")
        parser.add_argument(
            "--caller",
            metavar="NUMBER",
            help="erase only this caller, in E.164 form; the organization may be open",
        )
        parser.add_argument(
            "--person",
            metavar="EMAIL",
            help="erase this person instead, who must own no open organization",
        )
        parser.add_argument(
            "--dry-run", action="store_true", help="say what would go, and erase nothing"
        )
        parser.add_argument("--json", action="store_true", help="print for programs")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["organization"]) == bool(options["person"]):
            raise CommandError("Name an organization, or a person with --person.")
        if options["caller"] and options["person"]:
            raise CommandError("A caller is of an organization: leave --person away.")
        try:
            with transaction.atomic():
                counts = self._erase(options)
                if options["dry_run"]:
                    transaction.set_rollback(True)
        except DomainError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            self.stdout.write(json.dumps({"erased": counts, "dry_run": options["dry_run"]}))
            return
        verb = "Would erase" if options["dry_run"] else "Erased"
        said = ", ".join(f"{count} {what}" for what, count in counts.items() if count)
        self.stdout.write(f"{verb}: {said or 'nothing that was left'}.")

    def _erase(self, options: dict[str, Any]) -> dict[str, int]:
        now = timezone.now()
        if options["person"]:
            person = User.objects.filter(email=options["person"].lower()).first()
            if person is None:
                raise CommandError(f"There is nobody with {options['person']!r}.")
            return erasing.erase_person(person, actor=ACTOR, now=now)
        found = Organization.objects.filter(slug=options["organization"]).first()
        if found is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        if options["caller"]:
            return erasing.erase_caller(
                found, number=options["caller"], actor=ACTOR, now=now
            )
        return erasing.erase(found, actor=ACTOR, now=now)
