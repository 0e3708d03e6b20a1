import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts import organizations, people
from accounts.models import Organization
from billing import plans
from metering.calls import inbox, numbers
from metering.calls.numbers import MappingRefused
from servicebilling.lib.errors import DomainError

ACTOR = "command create_organization"


class Command(BaseCommand):
    help = (
        "Make an organization with its owner, put a plan in force, and map its first number."
        " A new owner gets a password, printed once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("name", metavar="NAME")
        parser.add_argument("--owner-email", required=True, metavar="E")
        parser.add_argument("--plan", required=True, metavar="CODE")
        parser.add_argument("--phone-number", metavar="+E164")
        parser.add_argument("--phone-number-id", metavar="ID")
        parser.add_argument("--assistant-id", metavar="ID")
        parser.add_argument("--timezone", default="UTC", metavar="TZ")
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if bool(options["phone_number"]) != bool(options["phone_number_id"]):
            raise CommandError("--phone-number and --phone-number-id go together.")
        now = timezone.now()
        try:
            with transaction.atomic():
                answer = _create(options, now)
        except DomainError as error:
            raise CommandError(error.message) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        # Its number or assistant may have had calls before anybody owned it.
        inbox.settle_unmatched(now=now)
        if options["json"]:
            self.stdout.write(json.dumps(answer))
            return
        for name, value in answer.items():
            self.stdout.write(f"{name.replace('_', ' ')}: {value}")


def _create(options: dict[str, Any], now: datetime) -> dict[str, Any]:
    plan = plans.get(options["plan"])
    owner, password = people.find(options["owner_email"]), None
    if owner is None:
        password = people.new_password()
        owner = people.create_verified(
            email=options["owner_email"], password=password, now=now
        )
    organization = organizations.create(
        name=options["name"],
        owner=owner,
        now=now,
        timezone=options["timezone"],
        currency=plan.currency,
        actor=ACTOR,
    )
    plans.open_organization(organization=organization, plan=plan, now=now)
    _map(organization, options, now)
    return {
        "organization_id": str(organization.pk),
        "slug": organization.slug,
        "owner_email": owner.email,
        **({"owner_password": password} if password else {}),
        "plan": plan.code,
        "phone_number": options["phone_number"],
        "assistant_id": options["assistant_id"],
    }


def _map(organization: Organization, options: dict[str, Any], now: datetime) -> None:
    agent = None
    if options["assistant_id"]:
        agent = numbers.map_agent(
            organization=organization,
            provider_assistant_id=options["assistant_id"],
            actor=ACTOR,
            now=now,
        )
    if options["phone_number"]:
        if taken_from := numbers.owner(options["phone_number_id"]):
            # Whoever types this command twice must not take their own number away.
            raise MappingRefused(
                f"{options['phone_number']} is {taken_from.slug}'s; map_number moves it."
            )
        numbers.map_number(
            organization=organization,
            e164=options["phone_number"],
            provider_number_id=options["phone_number_id"],
            agent=agent,
            actor=ACTOR,
            now=now,
        )
