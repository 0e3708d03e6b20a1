"""Who pays for minutes, and who gets them back. Pure movements on a `Book`.

Pools pay whole minutes in the order plan, credit; what is left goes to the card: to debt on
a cut-off card, else it is charged by the second at the card's increment and tiers.
"""

from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metering import rating
from metering.balances.book import ZERO, Book, Charge, Cycle
from metering.balances.entries import Movement, Overage, WalletMovement
from metering.rating import Card


@dataclass(frozen=True, slots=True)
class CardShare:
    """Minutes and money that one card charged, or gives back (negative)."""

    card: Card
    minutes: int
    seconds: int
    amount: Decimal


@dataclass(slots=True)
class Allocation:
    """Where minutes went; negative parts came back."""

    cycle: Cycle
    minutes: int = 0
    plan: int = 0
    credit: int = 0
    debt: int = 0
    # Change of the organization's credit counter: a closed cycle takes credit at once, the
    # running one when it closes.
    credit_change: int = 0
    shares: list[CardShare] = field(default_factory=list)

    @property
    def charged(self) -> int:
        return sum(share.minutes for share in self.shares)

    @property
    def seconds(self) -> int:
        return sum(share.seconds for share in self.shares)

    @property
    def amount(self) -> Decimal:
        return sum((share.amount for share in self.shares), ZERO)


@dataclass(frozen=True, slots=True)
class Booked:
    """What an earlier posting of the same call already took."""

    pool_minutes: int = 0
    charged_minutes: int = 0
    charged_seconds: int = 0


def use(
    book: Book,
    minutes: int,
    *,
    billed_seconds: int,
    cycle: Cycle,
    card: Card,
    booked: Booked = Booked(),
) -> Allocation:
    """Count `minutes` more in a cycle and let plan, credit, then the card pay for them.

    `billed_seconds` is the whole call's, `booked` what of it was paid before. `card` is the
    one that admitted the call; where it cuts off and nothing is left, the card in force now,
    which then rounds to increments of its own.
    """
    plan = min(minutes, _free_plan(book, cycle))
    credit = min(minutes - plan, book.free_credit)
    rest = minutes - plan - credit
    allocation = Allocation(cycle, minutes, plan=plan, credit=credit)
    cycle.used += minutes
    if card.when_exhausted == rating.CUT_OFF:
        card = book.terms(book.live)
        billed_seconds = min(
            rating.billed_seconds(billed_seconds, card),
            60 * (booked.pool_minutes + booked.charged_minutes + minutes),
        )
    if card.when_exhausted == rating.CUT_OFF:
        allocation.debt = rest
    else:
        pools = booked.pool_minutes + plan + credit
        seconds = max(0, billed_seconds - 60 * pools) - booked.charged_seconds
        if rest or seconds:
            allocation.shares.append(_charge(cycle, card, rest, seconds))
    if not cycle.is_live:
        taken = credit + allocation.debt
        cycle.credit_taken += taken
        book.credit -= taken
        allocation.credit_change = -taken
    return allocation


def give_back(
    book: Book,
    minutes: int,
    *,
    cycle: Cycle,
    card: Card,
    own: Booked = Booked(),
) -> Allocation:
    """Take `minutes` of a cycle back that were booked too much.

    Charged minutes go first, with their money: the call's `own` charged part, then of its
    card, then of the newest card. Credit follows, then plan. The counter stops at 0, so
    the result may be less than was asked for.
    """
    minutes = min(minutes, cycle.used)
    allocation = Allocation(cycle, -minutes)
    if own.charged_minutes or own.charged_seconds:
        allocation.shares.append(
            # Its terms may say that it cuts off, if nobody paid for the cycle.
            _uncharge(cycle, book.cards[card.id], own.charged_minutes, own.charged_seconds)
        )
    for charge in _own_then_newest(cycle, card.id):
        owed = minutes + allocation.charged
        take = min(owed, charge.minutes)
        if take > 0:
            seconds = -(-charge.seconds * take // charge.minutes)
            allocation.shares.append(
                _uncharge(cycle, book.cards[charge.card_id], take, seconds)
            )
    cycle.used -= minutes
    if not cycle.is_live:
        _return_to_pools(book, cycle, minutes + allocation.charged, allocation)
    return allocation


def post(
    book: Book,
    allocation: Allocation,
    *,
    kind: str,
    reference: str,
    occurred_at: datetime,
    card_id: UUID | None = None,
    call_id: UUID | None = None,
    actor_id: int | None = None,
    reason: str = "",
) -> None:
    """Write an allocation to the books: one minute row, and a row of money per card.

    `occurred_at` is when the minutes were used, whenever we hear of it: payment providers
    bill overage to the period of that moment.
    """
    cycle = allocation.cycle
    book.post(
        Movement(
            kind=kind,
            reference=reference,
            cycle_id=cycle.id,
            used_change=allocation.minutes,
            credit_change=allocation.credit_change,
            charged_change=allocation.charged,
            amount=allocation.amount,
            card_id=card_id,
            call_id=call_id,
            actor_id=actor_id,
            reason=reason,
        )
    )
    for number, share in enumerate(allocation.shares):
        name = reference if number == 0 else f"{reference}:{number}"
        if share.card.when_exhausted == rating.WALLET and share.amount:
            book.pay(
                WalletMovement(
                    kind=kind,
                    reference=name,
                    amount=-share.amount,
                    cycle_id=cycle.id,
                    card_id=share.card.id,
                    call_id=call_id,
                    actor_id=actor_id,
                    reason=reason,
                )
            )
        elif share.card.when_exhausted == rating.OVERAGE and share.minutes:
            book.overage.append(
                Overage(
                    reference=name,
                    cycle_id=cycle.id,
                    card_id=share.card.id,
                    minutes=share.minutes,
                    amount=share.amount,
                    occurred_at=occurred_at,
                    call_id=call_id,
                )
            )


def _free_plan(book: Book, cycle: Cycle) -> int:
    if cycle.is_live:
        # Debt is paid first, so it shrinks the plan pool.
        return max(0, cycle.included + min(book.credit, 0) - book.net)
    return cycle.plan_left


def _charge(cycle: Cycle, card: Card, minutes: int, seconds: int) -> CardShare:
    charge = cycle.charge_of(card.id)
    before = charge.amount
    # A shorter report may take seconds back that staff have given back already.
    seconds = max(seconds, -charge.seconds)
    charge.minutes += minutes
    charge.seconds += seconds
    charge.amount = rating.price(charge.seconds, card)
    cycle.charged += minutes
    return CardShare(card, minutes, seconds, charge.amount - before)


def _uncharge(cycle: Cycle, card: Card, minutes: int, seconds: int) -> CardShare:
    charge = cycle.charge_of(card.id)
    minutes = min(minutes, charge.minutes)
    seconds = charge.seconds if minutes == charge.minutes else min(seconds, charge.seconds)
    return _charge(cycle, card, -minutes, -seconds)


def _own_then_newest(cycle: Cycle, card_id: UUID) -> list[Charge]:
    newest_first = list(reversed(cycle.charges))
    return sorted(newest_first, key=lambda charge: charge.card_id != card_id)


def _return_to_pools(
    book: Book, cycle: Cycle, minutes: int, allocation: Allocation
) -> None:
    """Of a closed cycle: credit that it took comes back; freed plan minutes repay debt."""
    returned = min(minutes, cycle.credit_taken)
    cycle.credit_taken -= returned
    book.credit += returned
    repaid = min(max(0, -book.credit), minutes - returned, cycle.plan_left)
    cycle.debt_repaid += repaid
    book.credit += repaid
    allocation.credit = -returned
    allocation.credit_change = returned + repaid
