"""Print how well the run-out forecast would have done on the history that there is."""

import json
from argparse import ArgumentParser
from dataclasses import asdict
from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from accounts.models import Organization
from metering.usage import backtest, reports
from metering.usage.backtest import Score, Trial
from servicebilling.lib.progress import Bar


class Command(BaseCommand):
    help = (
        "Forecast, from each week of the past, when pools of about 7 and 14 days would have"
        " run out, and compare with the day on which that much was used. Changes nothing."
        " Needs at least five weeks of calls."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--organization", metavar="SLUG", help="only this one")
        parser.add_argument(
            "--days", type=int, default=120, help="how far to look back (120)"
        )
        parser.add_argument("--json", action="store_true", help="print for a program")

    def handle(self, *args: Any, **options: Any) -> None:
        if not 35 <= options["days"] <= 3660:
            raise CommandError("--days must lie between 35 and 3660.")
        chosen = _organizations(options["organization"])
        bar = Bar(self.stderr, what="organizations")
        scores: dict[str, Score] = {}
        trials: list[Trial] = []
        now = timezone.now()
        for number, organization in enumerate(chosen, start=1):
            last = reports.local_day(organization, now=now) - timedelta(days=1)
            first = last - timedelta(days=options["days"] - 1)
            found = backtest.trials_of(organization, first=first, last=last)
            if one := backtest.score(found):
                scores[organization.slug] = one
            trials += found
            bar.show(number, len(chosen))
        overall = backtest.score(trials)
        if overall is None:
            raise CommandError("There is too little history to try the forecast on.")
        self.stdout.write(
            _as_json(overall, scores) if options["json"] else _as_text(overall, scores)
        )


def _organizations(slug: str | None) -> list[Organization]:
    found = list(Organization.objects.filter(**({"slug": slug} if slug else {})))
    if slug and not found:
        raise CommandError(f"There is no organization {slug!r}.")
    return found


def _as_json(overall: Score, scores: dict[str, Score]) -> str:
    told = {
        "overall": asdict(overall),
        "organizations": {slug: asdict(one) for slug, one in scores.items()},
    }
    return json.dumps(told, default=str)


def _as_text(overall: Score, scores: dict[str, Score]) -> str:
    width = max(len(slug) for slug in [*scores, "all"])
    lines = [
        f"{'':{width}}  trials  error  bias  in range  plain error",
        *(_line(slug, one, width) for slug, one in scores.items()),
        _line("all", overall, width),
        "",
        "Errors are days, mean of their absolute values; bias above 0 means too late. The"
        " range should hold 80 % of the time. Plain: the mean of the last seven days.",
    ]
    return "\n".join(lines)


def _line(name: str, one: Score, width: int) -> str:
    plain = "-" if one.plain_mean_error_days is None else one.plain_mean_error_days
    return (
        f"{name:{width}}  {one.trials:6}  {one.mean_error_days:5}  {one.bias_days:4}"
        f"  {one.in_range_percent:6} %  {plain:>11}"
    )
