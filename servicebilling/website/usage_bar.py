"""One bar that shows what a cycle's minutes, or money, went into. Pure.

Minutes are shown where there is a pool of them; an organization that pays each call from its
wallet or on account sees money.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal

from metering.usage.reports import CycleReport
from servicebilling.website.formatting import cents, whole

# A part that exists can be seen, however small it is.
NARROWEST_PERCENT = 0.8


@dataclass(frozen=True, slots=True)
class Segment:
    """`x` and `width` are percentages as SVG takes them; `key` chooses the colour."""

    key: str
    label: str
    value: str
    x: str
    width: str


@dataclass(frozen=True, slots=True)
class UsageBar:
    segments: list[Segment]
    # The whole bar in a sentence.
    text: str


Part = tuple[str, str, str, float]


def of_cycle(report: CycleReport) -> UsageBar:
    """Return the bar that suits the terms of the cycle."""
    is_money = report.when_exhausted in ("wallet", "postpaid")
    if is_money and report.minutes_pool == 0:
        return _of_money(report)
    return _of_minutes(report)


def sample() -> UsageBar:
    """Return the bar that the home page shows to those who have none yet."""
    parts = [
        ("used", "Used", 312),
        ("held", "Held by calls", 9),
        ("plan", "Left of the plan", 129),
        ("credit", "Left of the credit", 50),
    ]
    return UsageBar(
        segments=_in_minutes(parts),
        text="312 of 500 minutes used, 9 held by calls in progress.",
    )


def _of_minutes(report: CycleReport) -> UsageBar:
    pool = report.minutes_pool
    debt_before = min(max(0, -report.credit_minutes), report.plan_minutes)
    held = min(report.minutes_held, report.minutes_remaining)
    # Open calls are taken from the plan first, as they will be when they end.
    plan_left = max(0, report.plan_minutes_left - held)
    credit_left = report.minutes_remaining - held - plan_left
    text = f"{whole(report.minutes_covered)} of {whole(pool)} minutes used"
    if report.minutes_held:
        text += f", {whole(report.minutes_held)} held by calls in progress"
    if report.minutes_paid_otherwise:
        text += f", {whole(report.minutes_paid_otherwise)} beyond them"
    parts = [
        ("used", "Used", min(report.minutes_covered, pool)),
        ("owed", "Owed", max(0, report.minutes_covered - pool)),
        ("owed", "Repaid older debt", debt_before),
        ("held", "Held by calls", report.minutes_held),
        ("plan", "Left of the plan", plan_left),
        ("credit", "Left of the credit", credit_left),
        ("beyond", "Beyond your minutes", report.minutes_paid_otherwise),
    ]
    return UsageBar(segments=_in_minutes(parts), text=f"{text}.")


def _of_money(report: CycleReport) -> UsageBar:
    currency = report.currency
    if report.when_exhausted == "wallet":
        left, left_label = max(Decimal(0), report.wallet_balance), "In the wallet"
    else:
        left, left_label = report.postpaid_amount_left, "Left of the credit limit"
    charged = report.amount_invoiced
    parts = [
        ("used", "Spent on calls", report.amount_charged),
        ("beyond", "Spent on other usage", report.amount_of_meters),
        ("plan", left_label, left),
    ]
    return UsageBar(
        segments=_segments(
            (key, label, cents(value, currency), float(value))
            for key, label, value in parts
        ),
        text=f"{cents(charged, currency)} spent this cycle, {cents(left, currency)} left.",
    )


def _in_minutes(parts: Iterable[tuple[str, str, int]]) -> list[Segment]:
    return _segments(
        (key, label, f"{whole(value)} min", float(value)) for key, label, value in parts
    )


def _segments(parts: Iterable[Part]) -> list[Segment]:
    shown = [part for part in parts if part[3] > 0]
    total = sum(size for *_, size in shown)
    widths = [max(NARROWEST_PERCENT, 100 * size / total) for *_, size in shown]
    scale = 100 / sum(widths) if widths else 1
    segments, x = [], 0.0
    for (key, label, value, _), width in zip(shown, widths, strict=True):
        width *= scale
        segments.append(Segment(key, label, value, f"{x:.2f}%", f"{width:.2f}%"))
        x += width
    return segments
