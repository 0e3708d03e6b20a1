import json
from argparse import ArgumentParser
from dataclasses import asdict
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from billing.demo import seeding
from billing.demo.logins import PASSWORD, TOTP_SECRET
from billing.demo.seeding import CannotSeed
from billing.errors import BillingError
from servicebilling.lib import hosts
from servicebilling.lib.progress import Bar


class Command(BaseCommand):
    help = (
        "Fill an empty database with the demo: organizations on different plans and three"
        " months of their calls. Its passwords are public. A second time does nothing."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--yes",
            action="store_true",
            help="even if the site's address is not of this machine alone",
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if not (options["yes"] or hosts.is_this_machine(settings.WEBSITE_URL)):
            raise CommandError(
                f"{settings.WEBSITE_URL} can be reached by others, and the demo's passwords"
                " are public. Add --yes if that does no harm."
            )
        bar = Bar(self.stderr, what="happenings")
        try:
            seeded = seeding.seed(now=timezone.now(), told=bar.show)
        except (CannotSeed, BillingError) as error:
            raise CommandError(error.message) from error
        if options["json"]:
            people = [_shown(login) for login in seeding.logins()]
            self.stdout.write(json.dumps({"logins": people} | asdict(seeded)))
            return
        if seeded.calls == 0:
            self.stdout.write("The demo is here already; nothing was changed.")
            return
        self.stdout.write(
            f"{seeded.organizations} organizations and {seeded.calls:,} calls in"
            f" {seeded.seconds} s. Everybody's password is {PASSWORD}."
        )


def _shown(login: Any) -> dict[str, str]:
    return {
        "email": login.email,
        "password": PASSWORD,
        "role": login.role if login.organization else f"staff:{login.role}",
        "organization": login.organization,
        "totp_secret": "" if login.organization else TOTP_SECRET,
    }
