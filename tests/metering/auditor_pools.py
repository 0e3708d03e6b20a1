"""A second opinion on the balances, minute by minute.

It knows the rules in words and none of the formulas: a used minute looks for a plan minute
that is left, then for a credit minute, then asks the card; a month that closes lays its
minutes out one by one. Of the product it takes only what is written on a card.

Words: a month's `covered` minutes are those that plan and credit answer for, its `bags` what
each card charged. `credit` is the counter that customers see: bought minutes leave it when
the month that used them closes, and below zero it is debt.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_HALF_UP, Decimal
from fractions import Fraction
from functools import cache
from itertools import count

from metering.rating import Card

CUT_OFF, OVERAGE, WALLET, POSTPAID = "cut_off", "overage", "wallet", "postpaid"


@cache
def _second_by_second(card: Card) -> list[Fraction]:
    return [Fraction(0)]


def cost(card: Card, seconds: int) -> Decimal:
    """Add up the price of each second, and round the sum once."""
    sums = _second_by_second(card)
    while len(sums) <= seconds:
        minute = (len(sums) - 1) // 60
        for tier in card.tiers:
            if tier.up_to_minutes is None or minute < tier.up_to_minutes:
                break
        sums.append(sums[-1] + Fraction(tier.unit_price) / 60)
    exact = sums[seconds]
    millionths = Decimal(exact.numerator * 1_000_000) / Decimal(exact.denominator)
    return millionths.quantize(Decimal(1), ROUND_HALF_UP) / 1_000_000


def dearest(card: Card) -> Decimal:
    return max((tier.unit_price for tier in card.tiers), default=Decimal(0))


@dataclass
class Bag:
    """What one card charged in one month."""

    minutes: int = 0
    seconds: int = 0


@dataclass
class Month:
    starts_at: datetime
    ends_at: datetime
    card: Card
    plan: int
    is_paid: bool = True
    is_closed: bool = False
    covered: int = 0
    # After closing: which minutes plan and credit paid for, and the plan's that paid debt.
    by_plan: int = 0
    by_credit: int = 0
    repaid: int = 0
    bags: dict[str, Bag] = field(default_factory=dict)

    @property
    def charged(self) -> int:
        return sum(bag.minutes for bag in self.bags.values())

    @property
    def used(self) -> int:
        return self.covered + self.charged

    @property
    def plan_left(self) -> int:
        return self.plan - self.by_plan - self.repaid


@dataclass
class Held:
    minutes: int
    # The longest call that the provider was told to allow.
    cap_seconds: int
    card: Card
    month: Month
    expires_at: datetime
    state: str = "open"
    running_since: datetime | None = None


@dataclass
class Pools:
    """Time, pools and money; `Auditor` adds what is told of calls."""

    cards: dict[str, Card]
    now: datetime
    plan_card: Card
    anchor_at: datetime
    rolls_until: datetime | None = None
    standing: str = "good"
    own_limit: int | None = None
    credit: int = 0
    wallet: Decimal = Decimal(0)
    months: list[Month] = field(default_factory=list)
    holds: dict[str, Held] = field(default_factory=dict)

    def __post_init__(self) -> None:
        ends_at = self._boundary_after(self.now)
        self.months.append(
            Month(self.now, ends_at, self.plan_card, self.plan_card.included_minutes)
        )

    @property
    def live(self) -> Month:
        return self.months[-1]

    # Time

    def roll_over(self, now: datetime) -> None:
        while self.live.ends_at <= now:
            self._close()

    def _close(self) -> None:
        month = self.live
        tokens = month.plan
        for _ in range(month.covered):
            if tokens:
                tokens -= 1
                month.by_plan += 1
            else:
                self.credit -= 1
                month.by_credit += 1
        while tokens and self.credit < 0:
            tokens -= 1
            self.credit += 1
            month.repaid += 1
        month.is_closed = True
        is_paid = self.rolls_until is None or month.ends_at < self.rolls_until
        self.months.append(
            Month(
                starts_at=month.ends_at,
                ends_at=self._boundary_after(month.ends_at),
                card=self.plan_card,
                plan=self.plan_card.included_minutes if is_paid else 0,
                is_paid=is_paid,
            )
        )

    def _boundary_after(self, moment: datetime) -> datetime:
        """Walk month by month from the anchor; a day that a month lacks is its last."""
        for months in count():
            years, month = divmod(self.anchor_at.month - 1 + months, 12)
            for day in range(self.anchor_at.day, 0, -1):
                try:
                    end = self.anchor_at.replace(
                        year=self.anchor_at.year + years, month=month + 1, day=day
                    )
                except ValueError:
                    continue
                break
            if end > moment:
                return end
        raise AssertionError

    # What is free

    def terms(self, month: Month, card: Card | None = None) -> Card:
        card = card or month.card
        if month.is_paid:
            return card
        return replace(card, when_exhausted=CUT_OFF, grace_minutes=0)

    def laid_out(self) -> tuple[int, int, int]:
        """Lay the running month's minutes out: plan and credit minutes left, and loans."""
        tokens, coins, loans = self.live.plan, max(self.credit, 0), 0
        for _ in range(self.live.covered):
            if tokens:
                tokens -= 1
            elif coins:
                coins -= 1
            else:
                loans += 1
        return tokens, coins, loans

    def remaining(self) -> int:
        tokens, coins, loans = self.laid_out()
        return tokens + coins - loans - max(0, -self.credit)

    def free_credit(self) -> int:
        return self.laid_out()[1]

    def held(self) -> int:
        total = 0
        for month in self.months:
            tokens = month.plan_left if month.is_closed else 0
            for hold in self.open_holds():
                if hold.month is month:
                    for _ in range(hold.minutes):
                        if tokens > 0:
                            tokens -= 1
                        else:
                            total += 1
        return total

    def open_holds(self) -> Iterator[Held]:
        return (hold for hold in self.holds.values() if hold.state == "open")

    def ceiling(self) -> int:
        """Count the minutes that may be promised, one after the other."""
        card, remaining = self.terms(self.live), self.remaining()
        if card.when_exhausted == CUT_OFF:
            return remaining + card.grace_minutes
        promised = max(remaining, 0)
        if card.when_exhausted == OVERAGE:
            limit = card.overage_limit_minutes
            if self.own_limit is not None:
                limit = min(limit, self.own_limit)
            while self.live.charged + promised - max(remaining, 0) < limit:
                promised += 1
            return promised
        return promised + self._bought_by(card)

    def _bought_by(self, card: Card) -> int:
        money = self.wallet
        if card.when_exhausted == POSTPAID:
            money = card.postpaid_limit_amount - sum(
                cost(self.cards[code], bag.seconds) for code, bag in self.live.bags.items()
            )
        others = [
            hold
            for hold in self.open_holds()
            if hold.minutes and not (hold.month is self.live and hold.card.id == card.id)
        ]
        most = max(dearest(each) for each in [card, *(hold.card for hold in others)])
        bought = 0
        for hold in others:
            for _ in range(hold.minutes):
                if money < most:
                    return bought
                money -= most
                bought += 1
        position = self.live.bags.get(card.code, Bag()).seconds
        paid = cost(card, position)
        while cost(card, position + 60) - paid <= money:
            position += 60
            bought += 1
        return bought

    def available(self) -> int:
        return self.ceiling() - self.held()

    # What moves

    def pools_pay(self, month: Month) -> bool:
        """One minute of the month looks for a plan minute, then for a credit minute."""
        tokens, coins, _ = self.laid_out()
        if not month.is_closed:
            pays = tokens - max(0, -self.credit) > 0 or coins > 0
            month.covered += pays
            return pays
        if month.plan_left > 0:
            month.by_plan += 1
        elif coins:
            month.by_credit += 1
            self.credit -= 1
        else:
            return False
        month.covered += 1
        return True

    def lend(self, month: Month) -> None:
        month.covered += 1
        if month.is_closed:
            month.by_credit += 1
            self.credit -= 1

    def charge(self, month: Month, card: Card, extra: Bag) -> None:
        bag = month.bags.setdefault(card.code, Bag())
        before = cost(card, bag.seconds)
        extra.seconds = max(extra.seconds, -bag.seconds)
        bag.minutes += extra.minutes
        bag.seconds += extra.seconds
        if self.cards[card.code].when_exhausted == WALLET:
            self.wallet -= cost(card, bag.seconds) - before

    def take_back(
        self, month: Month, card: Card, less: int, *, own: Bag | None = None
    ) -> None:
        """Charged minutes first: the call's own, then its card's, then the newest card's."""
        less = min(less, month.used)
        if own:
            bag = month.bags.get(card.code, Bag())
            minutes = min(own.minutes, bag.minutes)
            is_all = minutes == bag.minutes
            seconds = bag.seconds if is_all else min(own.seconds, bag.seconds)
            self.charge(month, self.cards[card.code], Bag(-minutes, -seconds))
            less -= minutes
        order = [card.code, *(c for c in reversed(month.bags) if c != card.code)]
        for code in order:
            bag = month.bags.get(code, Bag())
            minutes = min(less, bag.minutes)
            if minutes:
                # A share of the seconds, in the customer's favour.
                seconds = next(
                    n for n in count() if n * bag.minutes >= bag.seconds * minutes
                )
                self.charge(month, self.cards[code], Bag(-minutes, -seconds))
                less -= minutes
        for _ in range(less):
            self._return_one(month)

    def _return_one(self, month: Month) -> None:
        month.covered -= 1
        if not month.is_closed:
            return
        if month.by_credit:
            month.by_credit -= 1
            self.credit += 1
            return
        month.by_plan -= 1
        if self.credit < 0:
            month.repaid += 1
            self.credit += 1

    def spent(self) -> Decimal:
        """All that all cards charged."""
        return sum(
            (
                cost(self.cards[code], bag.seconds)
                for month in self.months
                for code, bag in month.bags.items()
            ),
            Decimal(0),
        )
