"""The letter that minutes or the wallet run low: at most one a day, the most urgent."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

from accounts import settings_history
from billing.letters import recipients, run_outs, writing
from billing.letters.wording import Words, minutes
from billing.models import Letter
from metering.notices import lows
from metering.notices.lows import Low
from metering.usage import outlook, reports
from metering.usage.forecast import RunOut
from servicebilling.lib import money

# Local hours in which the clock writes: people read them, and still reach a bank.
FROM_HOUR, UNTIL_HOUR = 9, 20


@dataclass(frozen=True, slots=True)
class Found:
    """An organization that a letter is due to, and whether it was written just now.
    `address` are all that it goes to."""

    organization: str
    address: str
    measure: str
    threshold: str
    left: str
    is_written: bool


def write_due(
    *,
    now: datetime,
    by_daytime: bool = False,
    dry_run: bool = False,
    seen: Callable[[Found], None] = lambda found: None,
) -> int:
    """Write what is due and return how many; `seen` hears of each one.

    Each threshold is told once per cycle and refill, and never a milder one after it; a day
    of the organization has one. `by_daytime` keeps to the hours from 9 to 20 there.
    """
    written = 0
    for low in lows.find(now=now):
        if by_daytime and not _is_daytime(low, now):
            continue
        if low.crossing.is_gone or _was_told(low, now) or not _is_wanted(low, now):
            continue
        is_written = not dry_run and _write(low, now)
        if is_written or dry_run:
            seen(_found(low, is_written=is_written))
        written += is_written
    return written


def _is_daytime(low: Low, now: datetime) -> bool:
    hour = now.astimezone(ZoneInfo(low.organization.timezone)).hour
    return FROM_HOUR <= hour < UNTIL_HOUR


def _was_told(low: Low, now: datetime) -> bool:
    """Whether there was a letter today, or one as urgent since the last refill."""
    letters = Letter.objects.filter(
        organization=low.organization, kind=Letter.Kind.LOW_USAGE
    )
    today = writing.local_day(low.organization, now=now)
    if letters.filter(local_day=today).exists():
        return True
    same = letters.filter(cycle_id=low.cycle_id, about=_about(low))
    if low.crossing.kind in ("percent_used", "postpaid_used"):
        return same.filter(threshold__gte=low.crossing.threshold).exists()
    return same.filter(threshold__lte=low.crossing.threshold).exists()


def _is_wanted(low: Low, now: datetime) -> bool:
    return settings_history.value_at("low_usage_letters", low.organization, now)


def _about(low: Low) -> str:
    return f"{low.crossing.kind}, {low.refill}"


def _write(low: Low, now: datetime) -> bool:
    report = reports.usage_this_cycle(low.organization, now=now)
    view = outlook.outlook_of(low.organization, report, now=now)
    return writing.write(
        Letter.Kind.LOW_USAGE,
        words(low, run_out=view.projected, ends_at=report.cycle_end),
        organization=low.organization,
        about=_about(low),
        threshold=low.crossing.threshold,
        cycle_id=low.cycle_id,
        now=now,
    )


def words(low: Low, *, run_out: RunOut | None, ends_at: datetime) -> Words:
    """Return what the letter says; days are those of the organization's zone."""
    if low.crossing.kind == "postpaid_used":
        return _limit_words(low, run_out=run_out, ends_at=ends_at)
    is_wallet = low.crossing.kind == "wallet_left"
    what = "wallet" if is_wallet else "minutes"
    ends_on = ends_at.astimezone(ZoneInfo(low.organization.timezone))
    figures = [("Left", left(low))]
    if not is_wallet:
        figures.append(
            ("Used", f"{low.level.percent_used} % of {minutes(low.level.minutes_pool)}")
        )
        figures.append(("Next cycle begins", f"{ends_on:%-d %B %Y}"))
    figures[1:1] = run_outs.figure(run_out)
    forecast = (
        f"If calls go on as in the last four weeks, that is enough until about "
        f"{run_out.likely:%A, %-d %B}."
        if run_out is not None
        else ""
    )
    name = low.organization.name
    paragraphs = (
        f"{name} has {left(low)} left{' in its wallet' if is_wallet else ''}. {forecast}",
        "Once nothing is left to pay for them, calls may be refused.",
    )
    return Words(
        subject=f"{left(low)} left for {name}",
        heading=f"Your {what} {'is' if is_wallet else 'are'} running low",
        paragraphs=tuple(one.strip() for one in paragraphs),
        figures=tuple(figures),
        button="Add funds" if is_wallet else "Buy minutes",
        path=writing.place("website:billing", low.organization),
        tone="warn",
    )


def _limit_words(low: Low, *, run_out: RunOut | None, ends_at: datetime) -> Words:
    """The warning before a credit limit: nothing is refused yet."""
    name, percent = low.organization.name, low.level.postpaid_percent
    ends_on = ends_at.astimezone(ZoneInfo(low.organization.timezone))
    return Words(
        subject=f"{percent} % of the credit limit of {name} are used",
        heading="Your credit limit is nearly used",
        paragraphs=(
            "Calls go on your invoice up to this limit. Once it is reached they are refused "
            f"until the next cycle begins on {ends_on:%-d %B %Y}.",
            "Bought minutes are used before it. For a higher limit, answer this letter.",
        ),
        figures=(
            ("Left", left(low)),
            *run_outs.figure(run_out),
            ("Credit limit", _shown(low.level.postpaid_limit, low)),
        ),
        button="Buy minutes",
        path=writing.place("website:billing", low.organization),
        tone="warn",
    )


def left(low: Low) -> str:
    """Return what is left, in words."""
    if low.crossing.kind == "postpaid_used":
        return _shown(low.level.postpaid_left, low)
    if low.crossing.kind == "wallet_left":
        return _shown(low.level.wallet, low)
    return minutes(low.level.minutes_left)


def _shown(amount: Decimal | None, low: Low) -> str:
    return money.shown(money.rounded(amount or Decimal(0), low.currency), low.currency)


def _found(low: Low, *, is_written: bool) -> Found:
    return Found(
        organization=low.organization.slug,
        address=", ".join(
            recipients.addresses_for(Letter.Kind.LOW_USAGE, low.organization)
        ),
        measure=low.crossing.kind,
        threshold=f"{low.crossing.threshold.normalize():f}",
        left=left(low),
        is_written=is_written,
    )
