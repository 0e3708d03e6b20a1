"""The balances of one organization in memory.

Pure: no Django, no SQL. `metering.balances.ledger` loads a book under the row lock, callers
move minutes and money on it, and the ledger writes what changed. The rules are told in
docs/architecture.md.

Words: minutes are `used` in a cycle; those of them that were paid otherwise (overage,
wallet, postpaid) are `charged`; `credit` is bought or granted, and debt below zero.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from datetime import datetime
from decimal import ROUND_UP, Decimal
from uuid import UUID

from metering import rating
from metering.balances import months
from metering.balances.entries import (
    HeldCall,
    HoldChange,
    Movement,
    Overage,
    UsageOverage,
    WalletMovement,
)
from metering.rating import Card
from servicebilling.lib.ids import new_id

ZERO = Decimal(0)


@dataclass(slots=True)
class Charge:
    """What one card charged in one cycle; `amount` is the card's price of `seconds`."""

    card_id: UUID
    minutes: int = 0
    seconds: int = 0
    amount: Decimal = ZERO
    # A row exists, so it must be written even when it falls to nothing.
    is_stored: bool = False


@dataclass(slots=True)
class Usage:
    """What one meter came to in one cycle by one card; `price` is the card's price of
    `charged_quantity`, the part beyond what it includes."""

    card_id: UUID
    meter: str
    count: int = 0
    quantity: Decimal = ZERO
    charged_quantity: Decimal = ZERO
    price: Decimal = ZERO
    is_changed: bool = False


@dataclass(slots=True)
class Cycle:
    id: UUID
    starts_at: datetime
    ends_at: datetime
    card_id: UUID
    included: int
    used: int = 0
    charged: int = 0
    credit_taken: int = 0
    debt_repaid: int = 0
    is_live: bool = True
    is_paid: bool = True
    closed_at: datetime | None = None
    # Oldest first.
    charges: list[Charge] = field(default_factory=list)
    # Of other meters.
    usages: list[Usage] = field(default_factory=list)

    @property
    def plan_left(self) -> int:
        """Of a closed cycle: plan minutes that neither usage nor debt has consumed."""
        from_plan = self.used - self.charged - self.credit_taken
        return max(0, self.included - from_plan - self.debt_repaid)

    def charge_of(self, card_id: UUID) -> Charge:
        for charge in self.charges:
            if charge.card_id == card_id:
                return charge
        charge = Charge(card_id)
        self.charges.append(charge)
        return charge

    def usages_of(self, meter: str) -> list[Usage]:
        return [usage for usage in self.usages if usage.meter == meter]

    def usage_of(self, meter: str, card_id: UUID) -> Usage:
        for usage in self.usages_of(meter):
            if usage.card_id == card_id:
                return usage
        usage = Usage(card_id, meter)
        self.usages.append(usage)
        return usage


@dataclass(slots=True)
class Book:
    organization_id: UUID
    currency: str
    timezone: str
    credit: int
    wallet: Decimal
    live: Cycle
    anchor_at: datetime
    # End of what is paid, with the grace of renewal; None: no end.
    rolls_until: datetime | None
    # What the next cycle opens with.
    plan_card_id: UUID
    standing: str
    enforcement: str
    overage_limit_minutes: int | None
    cards: dict[UUID, Card]
    # Closed cycles that still matter: with open holds, or asked for by a late report.
    closed: dict[UUID, Cycle] = field(default_factory=dict)
    # Minutes of open holds by (cycle, card).
    holds: dict[tuple[UUID, UUID], int] = field(default_factory=dict)
    # Quantities of open usage holds by (cycle, card, meter).
    usage_holds: dict[tuple[UUID, UUID, str], Decimal] = field(default_factory=dict)
    # Zones that days were counted in before, oldest first, each until a moment.
    timezones_before: list[tuple[str, datetime]] = field(default_factory=list)

    movements: list[Movement] = field(default_factory=list)
    wallet_movements: list[WalletMovement] = field(default_factory=list)
    overage: list[Overage] = field(default_factory=list)
    hold_changes: list[HoldChange] = field(default_factory=list)
    usage_overage: list[UsageOverage] = field(default_factory=list)

    @property
    def net(self) -> int:
        """Minutes of the running cycle that plan and credit pay for."""
        return self.live.used - self.live.charged

    @property
    def remaining(self) -> int:
        return self.live.included + self.credit - self.net

    @property
    def free_credit(self) -> int:
        """Credit minutes that the running cycle has not used."""
        return max(0, self.credit - max(0, self.net - self.live.included))

    @property
    def held(self) -> int:
        """Open holds; those of a closed cycle count beyond its unused plan minutes only."""
        return self.held_in(self.live) + sum(
            self.held_beyond_plan(cycle) for cycle in self.closed.values()
        )

    @property
    def ceiling(self) -> int:
        return rating.ceiling(self.terms(self.live), self._funds())

    @property
    def promised_money(self) -> Decimal:
        """What open holds may take from the wallet at most, where the ceiling does not count
        it: usage holds, and calls that wallet cards admitted into a cycle that is not paid
        from the wallet."""
        promised = self.usage_promised(rating.WALLET)
        if self.terms(self.live).when_exhausted == rating.WALLET:
            return promised
        return promised + sum(
            (
                minutes * self.cards[card_id].dearest_unit_price
                for (_, card_id), minutes in self.holds.items()
                if self.cards[card_id].when_exhausted == rating.WALLET
            ),
            ZERO,
        )

    @property
    def free_money(self) -> Decimal:
        """What may be taken from the wallet without breaking a promise to an open hold."""
        if self.terms(self.live).when_exhausted != rating.WALLET:
            return self.wallet - self.promised_money
        return self._funds().budget - self._money_for_calls()

    @property
    def free_credit_limit(self) -> Decimal:
        """What may be charged to the running postpaid cycle, open holds allowed for."""
        return self._funds().budget - self._money_for_calls()

    @property
    def charged_on_limit(self) -> Decimal:
        """What the running cycle has charged; on a postpaid card it counts on its limit."""
        of_calls = sum((charge.amount for charge in self.live.charges), ZERO)
        return of_calls + sum((usage.price for usage in self.live.usages), ZERO)

    def usage_promised(self, when_exhausted: str) -> Decimal:
        """The most that open usage holds of such cards may cost beyond what is included."""
        promised = ZERO
        for (cycle_id, card_id, meter), held in self.usage_holds.items():
            card = self.cards[card_id]
            rate = card.meters.get(meter)
            if rate is None or card.when_exhausted != when_exhausted:
                continue
            free = ZERO
            if cycle_id == self.live.id and self.live.is_paid:
                free = self.included_left(self.live, card, meter)
            promised += max(ZERO, held - free) * rate.dearest_unit_price
        return promised.quantize(rating.SIXTH_PLACE, rounding=ROUND_UP)

    def included_left(self, cycle: Cycle, card: Card, meter: str) -> Decimal:
        """What a card includes of a meter and nobody has used in that cycle."""
        rate = card.meters.get(meter)
        if rate is None or not cycle.is_paid:
            return ZERO
        used = sum(
            (usage.quantity - usage.charged_quantity for usage in cycle.usages_of(meter)),
            ZERO,
        )
        return max(ZERO, rate.included - used)

    def zone_at(self, moment: datetime) -> str:
        """The zone in which the day of that moment is counted."""
        for zone, until in self.timezones_before:
            if moment < until:
                return zone
        return self.timezone

    @property
    def available(self) -> int:
        return self.ceiling - self.held

    def held_in(self, cycle: Cycle) -> int:
        return sum(m for (cycle_id, _), m in self.holds.items() if cycle_id == cycle.id)

    def held_beyond_plan(self, cycle: Cycle) -> int:
        return max(0, self.held_in(cycle) - cycle.plan_left)

    def close_hold(self, hold: HeldCall, *, state: str, now: datetime) -> HeldCall:
        """Move a hold on; what an open one held is free again. Returns it as it now is."""
        if hold.state == "open":
            key = (hold.cycle_id, hold.card_id)
            self.holds[key] = self.holds.get(key, 0) - hold.minutes
        self.hold_changes.append(HoldChange(hold.id, state, now))
        return replace(hold, state=state)

    def terms(self, cycle: Cycle, card_id: UUID | None = None) -> Card:
        """The card of a call in a cycle (else the cycle's own); a cycle nobody paid for
        includes nothing and cuts off."""
        card = self.cards[card_id or cycle.card_id]
        if cycle.is_paid:
            return card
        return replace(
            card, when_exhausted=rating.CUT_OFF, included_minutes=0, grace_minutes=0
        )

    def cycle(self, cycle_id: UUID) -> Cycle:
        return self.live if cycle_id == self.live.id else self.closed[cycle_id]

    def cycle_at(self, moment: datetime) -> Cycle:
        """The known cycle that contains a moment, else the running one."""
        for cycle in self.closed.values():
            if cycle.starts_at <= moment < cycle.ends_at:
                return cycle
        return self.live

    def cycles(self) -> Iterator[Cycle]:
        yield self.live
        yield from self.closed.values()

    def roll_over(self, now: datetime) -> None:
        """Close every cycle that has ended, month by month, each opening the next."""
        while self.live.ends_at <= now:
            self.close_cycle(closed_at=now)

    def close_cycle(self, *, closed_at: datetime) -> None:
        """Close the running cycle and open the next at its end.

        Credit minutes that were used leave the credit for good; unused plan minutes repay
        debt once, and are remembered as repaid, so that a late report cannot use them again.
        """
        cycle = self.live
        cycle.credit_taken = max(0, self.net - cycle.included)
        unused = max(0, cycle.included - self.net)
        self.credit -= cycle.credit_taken
        cycle.debt_repaid = min(max(0, -self.credit), unused)
        self.credit += cycle.debt_repaid
        cycle.is_live, cycle.closed_at = False, closed_at
        self.closed[cycle.id] = cycle
        closing = Movement(
            kind="cycle_close",
            reference=f"cycle:{cycle.id}:close",
            cycle_id=cycle.id,
            used_change=-cycle.used,
            credit_change=cycle.debt_repaid - cycle.credit_taken,
            charged_change=-cycle.charged,
            credit_after=self.credit,
        )
        self.movements.append(closing)
        self.live = self._next_cycle(cycle.ends_at)

    def post(self, movement: Movement) -> None:
        """Add a row to the minute ledger, with both counters as they now stand."""
        movement.used_after = self.cycle(movement.cycle_id).used
        movement.credit_after = self.credit
        self.movements.append(movement)

    def pay(self, movement: WalletMovement) -> None:
        """Move money of the wallet; a true fact may leave it negative. Raises ValueError
        for more than six places: nothing is rounded here."""
        if movement.amount != movement.amount.quantize(rating.SIXTH_PLACE):
            raise ValueError(f"{movement.amount} has more than six places")
        self.wallet += movement.amount
        movement.balance_after = self.wallet
        self.wallet_movements.append(movement)

    def _next_cycle(self, starts_at: datetime) -> Cycle:
        is_paid = self.rolls_until is None or starts_at < self.rolls_until
        return Cycle(
            id=new_id(),
            starts_at=starts_at,
            ends_at=months.next_boundary(self.anchor_at, starts_at),
            card_id=self.plan_card_id,
            included=self.cards[self.plan_card_id].included_minutes if is_paid else 0,
            is_paid=is_paid,
        )

    def _funds(self) -> rating.Funds:
        card = self.terms(self.live)
        budget = self.wallet
        if card.when_exhausted == rating.POSTPAID:
            budget = card.postpaid_limit_amount - self.charged_on_limit
        budget -= self.usage_promised(card.when_exhausted)
        limit = card.overage_limit_minutes
        if self.overage_limit_minutes is not None:
            limit = min(limit, self.overage_limit_minutes)
        return rating.Funds(
            remaining_minutes=self.remaining,
            paid_otherwise_minutes=self.live.charged,
            position_seconds=self.live.charge_of(self.live.card_id).seconds,
            budget=budget,
            overage_limit_minutes=limit,
            foreign_holds=self._foreign_holds(),
        )

    def _foreign_holds(self) -> tuple[tuple[Card, int], ...]:
        own = (self.live.id, self.live.card_id)
        return tuple(
            (self.cards[key[1]], minutes)
            for key, minutes in self.holds.items()
            if key != own and minutes > 0
        )

    def _money_for_calls(self) -> Decimal:
        """What open calls may still cost, by the rule that the ceiling follows."""
        return rating.money_for(
            self.held - max(self.remaining, 0),
            self.live.charge_of(self.live.card_id).seconds,
            self.terms(self.live),
            self._foreign_holds(),
        )
