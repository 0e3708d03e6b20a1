"""What a month of calls costs on the terms of a plan. Pure: no Django, no clock, no I/O."""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

from metering import rating

ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class Taken:
    """The calls of a month: whole minutes, each call rounded up by itself, and seconds."""

    minutes: int
    talk_seconds: int


@dataclass(frozen=True, slots=True)
class Terms:
    """A plan by the month. The wallet grant comes with the fee and pays for calls first."""

    card: rating.Card
    monthly_fee: Decimal
    wallet_grant: Decimal = ZERO


@dataclass(frozen=True, slots=True)
class Bundle:
    minutes: int
    price: Decimal


@dataclass(frozen=True, slots=True)
class MonthCost:
    """Amounts of one month. `total` is what would have had to be paid for what was served."""

    fee: Decimal
    # Calls beyond the included minutes, before the grant pays its part of them.
    calls: Decimal
    paid_by_grant: Decimal
    # Bundles that a cut-off plan needs for the rest, and their minutes.
    bundles: Decimal
    bundle_minutes: int
    # Minutes that this plan's limits would not have let through.
    refused_minutes: int
    # The month's sums do not say how much of each call the plan's minutes would have paid.
    is_estimate: bool

    @property
    def total(self) -> Decimal:
        return self.fee + self.calls - self.paid_by_grant + self.bundles


def month_cost(taken: Taken, terms: Terms, bundles: Sequence[Bundle] = ()) -> MonthCost:
    """Return what the calls of a month would have cost on these terms."""
    card = terms.card
    beyond = max(0, taken.minutes - card.included_minutes)
    served = _served(beyond, taken, card)
    bought, bought_minutes = ZERO, 0
    if card.when_exhausted == rating.CUT_OFF:
        bought, bought_minutes = cheapest(bundles, minutes=beyond)
        served = beyond if bought_minutes else 0
        calls, is_estimate = ZERO, False
    else:
        seconds, is_estimate = _seconds_beyond(taken, served, card)
        calls = rating.price(seconds, card)
    return MonthCost(
        fee=terms.monthly_fee,
        calls=calls,
        paid_by_grant=min(calls, terms.wallet_grant),
        bundles=bought,
        bundle_minutes=bought_minutes,
        refused_minutes=beyond - served,
        is_estimate=is_estimate and served > 0,
    )


def cheapest(bundles: Sequence[Bundle], *, minutes: int) -> tuple[Decimal, int]:
    """Return price and minutes of the cheapest bundles that cover `minutes`: as many of the
    one with the cheapest minute as fit, and what covers the rest at the least price."""
    if not bundles or minutes <= 0:
        return ZERO, 0
    best = min(bundles, key=lambda one: (one.price / one.minutes, -one.minutes))
    count, rest = divmod(minutes, best.minutes)
    price, covered = count * best.price, count * best.minutes
    for size in sorted(bundles, key=lambda one: -one.minutes):
        more, left = divmod(rest, size.minutes)
        price, covered, rest = (
            price + more * size.price,
            covered + more * size.minutes,
            left,
        )
    if rest:
        last = min(
            (one for one in bundles if one.minutes >= rest), key=lambda one: one.price
        )
        price, covered = price + last.price, covered + last.minutes
    return price, covered


def per_minute(total: Decimal, talk_seconds: int) -> Decimal | None:
    """Return the price of a minute talked, six places half up; None if nobody talked."""
    if not talk_seconds:
        return None
    return (total * 60 / talk_seconds).quantize(rating.SIXTH_PLACE, ROUND_HALF_UP)


def _served(beyond: int, taken: Taken, card: rating.Card) -> int:
    if card.when_exhausted == rating.OVERAGE:
        return min(beyond, card.overage_limit_minutes)
    if card.when_exhausted == rating.POSTPAID:
        seconds, _ = _seconds_beyond(taken, beyond, card)
        if rating.price(seconds, card) > card.postpaid_limit_amount:
            return min(
                beyond, rating.affordable_minutes(card.postpaid_limit_amount, 0, card)
            )
    return beyond


def _seconds_beyond(taken: Taken, minutes: int, card: rating.Card) -> tuple[int, bool]:
    """Billed seconds of the minutes beyond the plan's, and whether that is an estimate."""
    step = (card.increment_first_seconds, card.increment_step_seconds)
    if step == (60, 60) or not taken.minutes:
        return 60 * minutes, False
    if step == (1, 1) and minutes == taken.minutes:
        return taken.talk_seconds, False
    # Their share of the talk; increments in between lie between seconds and minutes.
    seconds = -(-taken.talk_seconds * minutes // taken.minutes)
    return (seconds if step == (1, 1) else 60 * minutes), True
