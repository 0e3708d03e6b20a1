import json
from argparse import ArgumentParser
from datetime import datetime
from typing import Any

from django.core.exceptions import ValidationError
from django.core.management.base import BaseCommand, CommandError
from django.db import transaction
from django.utils import timezone

from accounts.models import Organization
from metering.calls import inbox, numbers
from metering.calls.numbers import MappingRefused
from metering.models import PhoneNumber

ACTOR = "command map_number"


class Command(BaseCommand):
    help = (
        "Give a phone number (and the assistant that answers it) to an organization. Reports"
        " that came before anybody owned it are settled at once."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("organization", metavar="SLUG")
        parser.add_argument("--phone-number", required=True, metavar="+E164")
        parser.add_argument("--phone-number-id", required=True, metavar="ID")
        parser.add_argument("--assistant-id", metavar="ID")
        parser.add_argument("--agent-name", default="", metavar="N")
        parser.add_argument(
            "--from", dest="valid_from", metavar="ISO", help="since when (else: now)"
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if options["agent_name"] and not options["assistant_id"]:
            raise CommandError("--agent-name needs --assistant-id.")
        now = timezone.now()
        organization = Organization.objects.filter(slug=options["organization"]).first()
        if organization is None:
            raise CommandError(f"There is no organization {options['organization']!r}.")
        try:
            number = _map(organization, options, now)
        except MappingRefused as error:
            raise CommandError(error.message) from error
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        settled = inbox.settle_unmatched(now=now)
        answer = {
            "organization": organization.slug,
            "phone_number": number.e164,
            "phone_number_id": number.provider_number_id,
            "assistant_id": options["assistant_id"],
            "valid_from": number.valid_from.isoformat(),
            "settled": settled,
        }
        if options["json"]:
            self.stdout.write(json.dumps(answer))
        else:
            self.stdout.write(
                f"{number.e164} is {organization.slug}'s; {settled} earlier messages settled."
            )


@transaction.atomic
def _map(organization: Organization, options: dict[str, Any], now: datetime) -> PhoneNumber:
    agent = None
    if options["assistant_id"]:
        agent = numbers.map_agent(
            organization=organization,
            provider_assistant_id=options["assistant_id"],
            name=options["agent_name"],
            actor=ACTOR,
            now=now,
        )
    return numbers.map_number(
        organization=organization,
        e164=options["phone_number"],
        provider_number_id=options["phone_number_id"],
        agent=agent,
        actor=ACTOR,
        now=now,
        valid_from=_moment(options["valid_from"]),
    )


def _moment(text: str | None) -> datetime | None:
    if text is None:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"--from {text!r} is not an ISO date or time.") from error
    return moment if moment.tzinfo else timezone.make_aware(moment)
