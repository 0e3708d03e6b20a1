"""When an organization runs out of what pays for its calls, if it goes on as in four weeks."""

from dataclasses import dataclass
from datetime import datetime, time, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts.models import Organization
from metering.models import WhenExhausted
from metering.usage import analytics, forecast
from metering.usage.forecast import HISTORY_DAYS, RunOut
from metering.usage.reports import CycleReport

MINUTES, OVERAGE_MINUTES = "minutes", "overage_minutes"
WALLET, CREDIT_LIMIT = "wallet", "credit_limit"


@dataclass(frozen=True, slots=True)
class Outlook:
    """What runs out (`minutes` of plan and credit, `overage_minutes` up to the limit, the
    `wallet`, the `credit_limit` of the cycle), how much of it is left, and when it ends."""

    what: str
    left: Decimal | int
    # None: not within a year, or too little usage to tell.
    run_out: RunOut | None
    # The next cycle fills it up before that day.
    renews_first: bool

    @property
    def projected(self) -> RunOut | None:
        """The run-out that is to be expected: None if the cycle renews before it."""
        return None if self.renews_first else self.run_out


def outlook_of(
    organization: Organization, report: CycleReport, *, now: datetime
) -> Outlook:
    """Return when what is left ends, from the last 28 local days; one statement."""
    what, left = _pays_next(report)
    local = now.astimezone(ZoneInfo(organization.timezone))
    today = local.date()
    days = analytics.by_day(
        organization,
        first=today - timedelta(days=HISTORY_DAYS),
        last=today - timedelta(days=1),
    )
    if what in (WALLET, CREDIT_LIMIT):
        pattern = forecast.learn([day.price for day in days], today=today)
    else:
        pattern = forecast.learn([day.voice.quantity for day in days], today=today)
    run_out = forecast.run_out(
        pattern, left=left, today=today, rest_of_today=_rest_of_day(local)
    )
    return Outlook(what, left, run_out, _renews_first(what, report, run_out, organization))


def _pays_next(report: CycleReport) -> tuple[str, Decimal | int]:
    pays_money = report.when_exhausted in (WhenExhausted.WALLET, WhenExhausted.POSTPAID)
    if report.minutes_remaining or not (
        pays_money or report.when_exhausted == WhenExhausted.OVERAGE
    ):
        return MINUTES, report.minutes_remaining
    if report.when_exhausted == WhenExhausted.WALLET:
        return WALLET, report.wallet_balance
    if report.when_exhausted == WhenExhausted.POSTPAID:
        return CREDIT_LIMIT, report.postpaid_amount_left
    return OVERAGE_MINUTES, report.overage_minutes_left


def _renews_first(
    what: str, report: CycleReport, run_out: RunOut | None, organization: Organization
) -> bool:
    ends_before_renewal = (
        report.rolls_until is not None and report.rolls_until <= report.cycle_end
    )
    fills_up = what != WALLET and (what != MINUTES or report.plan_minutes > 0)
    if run_out is None or ends_before_renewal or not fills_up:
        return False
    renewal = report.cycle_end.astimezone(ZoneInfo(organization.timezone)).date()
    return run_out.likely >= renewal


def _rest_of_day(local: datetime) -> float:
    midnight = datetime.combine(local.date(), time(), local.tzinfo)
    return max(0.0, 1 - (local - midnight) / timedelta(days=1))
