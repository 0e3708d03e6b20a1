import json
from argparse import ArgumentParser, ArgumentTypeError
from dataclasses import asdict, dataclass
from random import Random
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError
from django.db.models import Count, Q, Sum
from django.urls import reverse

from accounts.models import Organization
from metering.calls import vapi
from metering.models import Call, PhoneNumber
from metering.simulation import posting, stories
from metering.simulation.messages import Line
from metering.simulation.posting import CONCURRENCY_MAX, NobodyAnswers, Outcome
from servicebilling.lib import hosts
from servicebilling.lib.progress import Bar

COUNT_MAX = 10_000


@dataclass(frozen=True, slots=True)
class Summary:
    """`admitted`, `refused` and `problems` are what was answered, the rest what the database
    says of these calls afterwards. `price` is in `currency`, beyond the minutes."""

    admitted: int
    refused: int
    problems: dict[str, int]
    charged_calls: int
    charged_minutes: int
    price: str
    currency: str


class Command(BaseCommand):
    help = (
        "Post the signed messages of invented calls to a running site, as the telephony"
        " provider would: some twice, some out of order, some never answered."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", required=True, metavar="SLUG")
        parser.add_argument("--count", type=_up_to(COUNT_MAX), default=50, metavar="N")
        parser.add_argument(
            "--concurrency", type=_up_to(CONCURRENCY_MAX), default=8, metavar="C"
        )
        parser.add_argument("--url", help="of the site (else: the one that ./run started)")
        parser.add_argument(
            "--yes", action="store_true", help="also to a site on another machine"
        )
        parser.add_argument(
            "--seed", type=int, help="the same calls each time, but new ids"
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        url = options["url"] or settings.WEBSITE_URL
        if not (options["yes"] or hosts.is_this_machine(url)):
            raise CommandError(
                f"{url} is not on this machine. Name it with --url and add --yes if its"
                " calls may be charged."
            )
        config = vapi.config()
        if not config.secrets:
            raise CommandError("VAPI_WEBHOOK_SECRET is not set, so nothing can be signed.")
        organization, lines = _lines(options["organization"])
        calls = stories.draw(Random(options["seed"]), count=options["count"], lines=lines)
        try:
            outcomes = posting.post_all(
                calls,
                url=url.rstrip("/") + reverse("metering:vapi-webhook"),
                config=config,
                concurrency=options["concurrency"],
                told=Bar(self.stderr, what="calls").show,
            )
        except NobodyAnswers as error:
            raise CommandError(f"{error} Is the site running?") from error
        summary = _sum_up(organization, outcomes)
        if options["json"]:
            self.stdout.write(json.dumps(asdict(summary)))
        else:
            self.stdout.write(_in_words(summary))
        if summary.problems:
            raise CommandError("Some messages were not answered as they must be.")


def _up_to(limit: int) -> Any:
    def parse(text: str) -> int:
        if not (text.isascii() and text.isdigit() and 1 <= int(text) <= limit):
            raise ArgumentTypeError(f"must be a number from 1 to {limit:,}")
        return int(text)

    return parse


def _lines(slug: str) -> tuple[Organization, list[Line]]:
    organization = Organization.objects.filter(slug=slug).first()
    if organization is None:
        raise CommandError(f"There is no organization {slug!r}.")
    numbers = PhoneNumber.objects.filter(
        organization=organization, valid_to=None, agent__isnull=False
    ).select_related("agent")
    lines = [
        Line(
            number.provider_number_id,
            number.e164,
            number.agent.provider_assistant_id,
            number.agent.name,
        )
        for number in numbers
        if number.agent is not None
    ]
    if not lines:
        raise CommandError(f"{slug} has no number that an agent answers: see map_number.")
    return organization, lines


def _sum_up(organization: Organization, outcomes: list[Outcome]) -> Summary:
    problems: dict[str, int] = {}
    for one in outcomes:
        if one.problem:
            problems[one.problem] = problems.get(one.problem, 0) + 1
    known = Call.objects.filter(
        organization=organization,
        provider_call_id__in=[one.call_id for one in outcomes],
    ).aggregate(
        calls=Count("pk", filter=Q(billed_minutes__gt=0)),
        minutes=Sum("billed_minutes", default=0),
        price=Sum("price", default=0),
    )
    return Summary(
        admitted=sum(one.is_admitted for one in outcomes),
        refused=sum(bool(one.refusal) for one in outcomes),
        problems=problems,
        charged_calls=known["calls"],
        charged_minutes=known["minutes"],
        price=str(known["price"]),
        currency=organization.currency,
    )


def _in_words(summary: Summary) -> str:
    lines = [
        f"admitted  {summary.admitted:>7,}",
        f"refused   {summary.refused:>7,}",
        f"charged   {summary.charged_calls:>7,} calls, {summary.charged_minutes:,} minutes,"
        f" {summary.price} {summary.currency} beyond the minutes",
    ]
    lines += [f"problem   {count:>7,} x {what}" for what, count in summary.problems.items()]
    return "\n".join(lines)
