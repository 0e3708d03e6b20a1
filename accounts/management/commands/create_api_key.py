"""Make a key for a program and print it, once."""

import json
from argparse import ArgumentParser
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts import api_keys
from accounts.capabilities import READ_ONLY_SCOPES, SCOPES
from accounts.errors import AccountsError
from accounts.models import Organization


class Command(BaseCommand):
    help = (
        "Make an API key: of one organization, or of a service that names the organization"
        " in each request. The key is printed here and cannot be shown again."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        whose = parser.add_mutually_exclusive_group(required=True)
        whose.add_argument(
            "--organization", metavar="SLUG", help="the key acts for this one"
        )
        whose.add_argument(
            "--service", action="store_true", help="the key names one each time"
        )
        parser.add_argument(
            "--scopes",
            metavar="A,B",
            default=",".join(READ_ONLY_SCOPES),
            help=f"of {', '.join(SCOPES)}; read-only unless said (%(default)s)",
        )
        parser.add_argument("--name", default="made on the command line")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        try:
            issued = api_keys.issue(
                organization=_organization(options["organization"]),
                name=options["name"],
                scopes=[scope.strip() for scope in options["scopes"].split(",")],
                actor="command create_api_key",
                now=timezone.now(),
            )
        except AccountsError as error:
            raise CommandError(error.message) from error
        if options["json"]:
            shown = {
                "key": issued.key,
                "prefix": issued.api_key.prefix,
                "scopes": issued.api_key.scopes,
            }
            self.stdout.write(json.dumps(shown))
            return
        self.stdout.write(f"{issued.key}\n")
        self.stderr.write(
            f"Scopes: {', '.join(issued.api_key.scopes)}. Keep the key: it is not stored."
        )


def _organization(slug: str | None) -> Organization | None:
    if slug is None:
        return None
    found = Organization.objects.filter(slug=slug).first()
    if found is None:
        raise CommandError(f"There is no organization {slug!r}.")
    return found
