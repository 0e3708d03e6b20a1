"""How long a call is billed, what minutes cost, and how many may be granted.

Pure: no Django, no clock, no I/O. Durations are whole seconds, minutes are whole minutes,
money is `Decimal` with six places, rounded half up on the total of a card and never per
call, so the parts always add up to the whole.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from uuid import UUID

from metering.quantities import MeterRate

CUT_OFF = "cut_off"
OVERAGE = "overage"
WALLET = "wallet"
POSTPAID = "postpaid"

SIXTH_PLACE = Decimal("0.000001")
# A free minute is affordable without end; no grant comes near this.
MINUTES_WITHOUT_END = 1_000_000

# The provider's timer starts with the first audio, a little after the call is answered: the
# cap told to it lies below the hold, and a call that ends a little late still fits the hold.
CAP_SLACK_SECONDS = 5
LATE_END_SECONDS = 30
# Vapi refuses caps below 10 s.
CALL_SECONDS_MIN = 10


@dataclass(frozen=True, slots=True)
class Tier:
    """`unit_price` per minute up to `up_to_minutes` in all; None: without end."""

    up_to_minutes: int | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class Card:
    """The terms by which calls are admitted and priced."""

    id: UUID
    code: str
    when_exhausted: str
    included_minutes: int
    currency: str
    tiers: tuple[Tier, ...] = ()
    overage_limit_minutes: int = 0
    postpaid_limit_amount: Decimal = Decimal(0)
    grace_minutes: int = 0
    call_minutes_max: int = 14
    slice_minutes: int = 3
    calls_at_once_max: int = 20
    increment_first_seconds: int = 60
    increment_step_seconds: int = 60
    # Of every meter but the minutes of calls.
    meters: Mapping[str, MeterRate] = field(default_factory=dict, hash=False)

    @property
    def dearest_unit_price(self) -> Decimal:
        """The most that one minute can cost, at whatever position."""
        return max((tier.unit_price for tier in self.tiers), default=Decimal(0))


def billed_seconds(duration_seconds: int, card: Card) -> int:
    """Round talk time up to the card's increments (first/step); silence of 0 s is free."""
    if duration_seconds <= 0:
        return 0
    first, step = card.increment_first_seconds, card.increment_step_seconds
    return first + _ceil_div(max(0, duration_seconds - first), step) * step


def minutes_of(seconds: int) -> int:
    """Whole minutes, rounded up: what the pools pay."""
    return _ceil_div(seconds, 60)


def seconds_max(minutes: int) -> int:
    """The cap to tell the provider for a hold of `minutes`."""
    return 60 * minutes - CAP_SLACK_SECONDS


def minutes_granted(seconds_max: int) -> int:
    """The hold behind a cap: the reverse of `seconds_max`."""
    return (seconds_max + CAP_SLACK_SECONDS) // 60


def within_hold(duration_seconds: int, hold_seconds_max: int) -> bool:
    """True if a held call ended so close to its cap that it bills at most its hold."""
    return duration_seconds <= hold_seconds_max + CAP_SLACK_SECONDS + LATE_END_SECONDS


def price(seconds: int, card: Card) -> Decimal:
    """What the first `seconds` beyond the pools cost on this card, graduated by tier."""
    total, priced_to = Decimal(0), 0
    for tier in card.tiers:
        end = (
            seconds if tier.up_to_minutes is None else min(seconds, 60 * tier.up_to_minutes)
        )
        if end > priced_to:
            total += (end - priced_to) * tier.unit_price
            priced_to = end
    if card.tiers and seconds > priced_to:
        total += (seconds - priced_to) * card.tiers[-1].unit_price
    return (total / 60).quantize(SIXTH_PLACE, ROUND_HALF_UP)


def affordable_minutes(budget: Decimal, position_seconds: int, card: Card) -> int:
    """The most whole minutes that `budget` pays for from `position_seconds` on."""
    if budget < 0:
        return 0
    start = price(position_seconds, card)

    def fits(minutes: int) -> bool:
        return price(position_seconds + 60 * minutes, card) - start <= budget

    if fits(MINUTES_WITHOUT_END):
        return MINUTES_WITHOUT_END
    low, high = 0, 1
    while fits(high):
        low, high = high, high * 2
    while high - low > 1:
        middle = (low + high) // 2
        if fits(middle):
            low = middle
        else:
            high = middle
    return low


def minutes_paid_by(
    budget: Decimal,
    position_seconds: int,
    card: Card,
    foreign_holds: Iterable[tuple[Card, int]],
) -> int:
    """The most minutes that money may still be promised for, open holds included.

    Holds of another card or an older cycle are priced first, at the dearest unit price of
    any card concerned: whichever settles first, the money suffices for all.
    """
    if budget < 0:
        return 0
    foreign = [(other, minutes) for other, minutes in foreign_holds if minutes > 0]
    held = sum(minutes for _, minutes in foreign)
    if not held:
        return affordable_minutes(budget, position_seconds, card)
    dearest = max(
        [card.dearest_unit_price, *(other.dearest_unit_price for other, _ in foreign)]
    )
    reserved = dearest * held
    if budget < reserved:
        return int(budget // dearest)
    return held + affordable_minutes(budget - reserved, position_seconds, card)


def money_for(
    minutes: int,
    position_seconds: int,
    card: Card,
    foreign_holds: Iterable[tuple[Card, int]],
) -> Decimal:
    """The least budget for which `minutes_paid_by` returns `minutes`: what is promised."""
    if minutes <= 0:
        return Decimal(0)
    foreign = [(other, held) for other, held in foreign_holds if held > 0]
    held = sum(held for _, held in foreign)
    dearest = max(
        [card.dearest_unit_price, *(other.dearest_unit_price for other, _ in foreign)]
    )
    own = max(0, minutes - held)
    start = price(position_seconds, card)
    return dearest * min(held, minutes) + (price(position_seconds + 60 * own, card) - start)


@dataclass(frozen=True, slots=True)
class Funds:
    """What can pay for the minutes of one organization at one moment."""

    # Plan and credit minutes that nothing has used; negative is debt.
    remaining_minutes: int
    # Minutes of this cycle already charged beyond the pools, and their billed seconds.
    paid_otherwise_minutes: int = 0
    position_seconds: int = 0
    # Wallet balance, or what is left of the postpaid credit limit.
    budget: Decimal = Decimal(0)
    overage_limit_minutes: int = 0
    foreign_holds: tuple[tuple[Card, int], ...] = ()


def ceiling(card: Card, funds: Funds) -> int:
    """The most minutes that open holds may claim together; negative while in debt."""
    pools = max(funds.remaining_minutes, 0)
    match card.when_exhausted:
        case "cut_off":
            return funds.remaining_minutes + card.grace_minutes
        case "overage":
            left = funds.overage_limit_minutes - funds.paid_otherwise_minutes
            return pools + max(0, left)
        case _:
            return pools + minutes_paid_by(
                funds.budget, funds.position_seconds, card, funds.foreign_holds
            )


def grant(available_minutes: int, card: Card) -> int:
    """How many minutes one call may hold: a quarter of what is free, but at least a useful
    slice. A running call cannot be extended, and the first caller must not lock out the rest.
    """
    if available_minutes < 1:
        return 0
    return min(
        card.call_minutes_max,
        available_minutes,
        max(card.slice_minutes, _ceil_div(available_minutes, 4)),
    )


def _ceil_div(value: int, divisor: int) -> int:
    return -(-value // divisor)
