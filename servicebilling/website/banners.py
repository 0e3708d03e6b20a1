"""The one thing to know about an organization now, and what mends it. Pure.

Each rule of the gate that can refuse a call has its banner here, asked in the gate's order,
so that the page never says "fine" while callers are turned away.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from metering.usage.reports import CycleReport
from servicebilling.website.formatting import cents, whole

LOW_FROM_PERCENT = 80
LOW_WALLET_MINUTES = 30


@dataclass(frozen=True, slots=True)
class Banner:
    """`tone` is good, note, warn or bad. `mend` names what mends it, on a button; empty
    where nothing does, or nothing need be done. `way` is where the button leads: `minutes`,
    `plan`, `payment`, `funds`, `cap`, or `mail` for what only people can mend."""

    state: str
    tone: str
    title: str
    text: str
    mend: str = ""
    way: str = "mail"


Day = Callable[[datetime], str]


def of_organization(report: CycleReport, *, status: str, day: Day) -> Banner:
    """Return the banner; `day` writes a moment as a day in the organization's zone."""
    if status == "closed":
        return Banner(
            "closed", "bad", "This organization is closed", "Its past stays readable."
        )
    if status == "suspended":
        return Banner(
            "suspended",
            "bad",
            "This organization is suspended",
            "New calls are refused until the suspension ends.",
            "Ask to lift it",
        )
    banner = _refusing(report, day) or _warning(report, day) or _fine(report)
    if report.enforcement == "shadow" and banner.tone == "bad":
        return replace(
            banner,
            tone="warn",
            text="Calls still connect: limits are being watched, not enforced yet.",
        )
    return banner


def _refusing(report: CycleReport, day: Day) -> Banner | None:
    if report.standing == "past_due":
        return Banner(
            "past_due",
            "bad",
            "A payment is overdue",
            "New calls are refused until it arrives.",
            "Settle the payment",
            "payment",
        )
    if report.minutes_admissible >= 1:
        return None
    if report.minutes_ceiling >= 1:
        return Banner(
            "busy",
            "warn",
            "Calls in progress hold everything that is left",
            "The next call is refused until one of them ends with minutes to spare.",
            "Buy minutes",
            "minutes",
        )
    if report.standing == "no_plan":
        return Banner(
            "no_plan",
            "bad",
            "No plan and no minutes yet",
            "Calls are refused until there are minutes to pay for them.",
            "Choose a plan",
            "plan",
        )
    return _exhausted(report, day)


def _exhausted(report: CycleReport, day: Day) -> Banner:
    match report.when_exhausted:
        case "overage":
            limit = whole(report.overage_limit_minutes or 0)
            return Banner(
                "out",
                "bad",
                "Your cap on overage is reached"
                if report.is_overage_capped
                else "The overage limit is reached",
                f"All included minutes and {limit} minutes beyond them are used. "
                f"New calls are refused until {day(report.cycle_end)}.",
                *_raising(report),
            )
        case "wallet":
            return Banner(
                "out",
                "bad",
                "The wallet is empty",
                "New calls are refused until there is money to pay for them.",
                "Add funds",
                "funds",
            )
        case "postpaid":
            return Banner(
                "out",
                "bad",
                "The credit limit is reached",
                f"New calls are refused until {day(report.cycle_end)}.",
                "Ask for a higher limit",
            )
    until = "until minutes are added"
    if report.plan_minutes > report.debt_minutes:
        until += f", or until the next cycle begins on {day(report.cycle_end)}"
    owed = ""
    if report.debt_minutes:
        owed = f" {_minutes(report.debt_minutes)} are owed and will be repaid first."
    return Banner(
        "out",
        "bad",
        "No minutes left",
        f"New calls are refused {until}.{owed}",
        "Buy minutes",
        "minutes",
    )


def _warning(report: CycleReport, day: Day) -> Banner | None:
    if report.standing == "grace":
        until = f" until {day(report.rolls_until)}" if report.rolls_until else ""
        return Banner(
            "grace",
            "warn",
            "A payment is late",
            f"Calls go on{until}, then they are refused.",
            "Settle the payment",
            "payment",
        )
    match report.when_exhausted:
        case "overage":
            return _overage(report)
        case "wallet" if report.minutes_pool == 0:
            return _low_wallet(report)
        case "postpaid" if report.minutes_pool == 0:
            return _low_limit(report)
        case "cut_off":
            return _low_minutes(report, day)
    return None


def _low_minutes(report: CycleReport, day: Day) -> Banner | None:
    if report.minutes_remaining == 0:
        return Banner(
            "grace_minutes",
            "warn",
            "Running on grace minutes",
            f"Your minutes are used up. {_minutes(report.minutes_admissible)} more can "
            "be borrowed; they are repaid from the next minutes.",
            "Buy minutes",
            "minutes",
        )
    if report.percent_used < LOW_FROM_PERCENT:
        return None
    return Banner(
        "low",
        "warn",
        f"{_minutes(report.minutes_remaining)} left",
        f"{report.percent_used} % are used. Once they are gone, calls are refused; "
        f"the next cycle begins on {day(report.cycle_end)}.",
        "Buy minutes",
        "minutes",
    )


def _overage(report: CycleReport) -> Banner | None:
    if report.minutes_remaining:
        return None
    left, limit = report.overage_minutes_left, report.overage_limit_minutes or 0
    is_low = left * 100 < limit * (100 - LOW_FROM_PERCENT)
    return Banner(
        "low" if is_low else "overage",
        "warn" if is_low else "note",
        _near(report) if is_low else "Included minutes are used up",
        f"Each further minute is charged as overage: "
        f"{cents(report.amount_charged, report.currency)} so far this cycle. "
        f"{_minutes(left)} are left of the limit of {whole(limit)}.",
        *(_raising(report) if is_low else ()),
    )


def _near(report: CycleReport) -> str:
    if report.is_overage_capped:
        return "Your cap on overage is near"
    return "The overage limit is near"


def _raising(report: CycleReport) -> tuple[str, str]:
    """What lets calls go on beyond the limit, and where: one's own cap, or our staff."""
    if report.is_overage_capped:
        return "Raise the cap", "cap"
    return "Ask for a higher limit", "mail"


def _low_wallet(report: CycleReport) -> Banner | None:
    if report.minutes_ceiling >= LOW_WALLET_MINUTES:
        return None
    return Banner(
        "low",
        "warn",
        "The wallet is nearly empty",
        f"{cents(report.wallet_balance, report.currency)} pays for about "
        f"{_minutes(report.minutes_ceiling)}. After that, calls are refused.",
        "Add funds",
        "funds",
    )


def _low_limit(report: CycleReport) -> Banner | None:
    limit, left = report.postpaid_limit_amount or 0, report.postpaid_amount_left
    if left * 100 >= limit * (100 - LOW_FROM_PERCENT):
        return None
    return Banner(
        "low",
        "warn",
        "The credit limit is near",
        f"{cents(left, report.currency)} are left of it. After that, calls are refused.",
        "Ask for a higher limit",
    )


def _fine(report: CycleReport) -> Banner:
    running = report.calls_open
    text = "No call is running now."
    if running:
        text = f"{whole(running)} {'call is' if running == 1 else 'calls are'} running now."
    return Banner("ok", "good", "Calls are getting through", text)


def _minutes(count: int) -> str:
    return f"{whole(count)} minute" if count == 1 else f"{whole(count)} minutes"
