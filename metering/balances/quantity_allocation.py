"""What pays for quantities of a meter, and what comes back. Pure movements on a `Book`.

What a card includes is used first, across all cards of a cycle; the rest is charged by the
card that rated it. A cut-off card charges nothing: what it lets through is counted.
"""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from uuid import UUID

from metering import quantities, rating
from metering.balances.book import Book, Cycle, Usage
from metering.balances.entries import ZERO, UsageOverage, WalletMovement
from metering.rating import Card


@dataclass(frozen=True, slots=True)
class Taken:
    """What one event took of a meter; negative parts came back."""

    cycle: Cycle
    card: Card
    meter: str
    quantity: Decimal
    charged_quantity: Decimal = ZERO
    amount: Decimal = ZERO
    # Beyond what a cut-off card includes: counted, and paid by nobody.
    unpaid_quantity: Decimal = ZERO


def use(
    book: Book,
    cycle: Cycle,
    *,
    meter: str,
    quantity: Decimal,
    card_id: UUID | None = None,
) -> Taken:
    """Count `quantity` more in a cycle by a card (else its own); what is beyond the included
    is priced."""
    card = book.terms(cycle, card_id)
    usage = cycle.usage_of(meter, card.id)
    beyond = ZERO
    if meter in card.meters:
        beyond = max(ZERO, quantity - book.included_left(cycle, card, meter))
    usage.count += 1
    usage.quantity += quantity
    usage.is_changed = True
    if card.when_exhausted == rating.CUT_OFF:
        return Taken(cycle, card, meter, quantity, unpaid_quantity=beyond)
    return Taken(cycle, card, meter, quantity, beyond, _reprice(usage, card, beyond))


def change(
    book: Book, cycle: Cycle, *, card: Card, meter: str, quantity: Decimal, count: int
) -> Taken:
    """Correct what was counted by that card before: `quantity` and `count` are signed.

    Less gives charged quantities back first, with their money.
    """
    usage = cycle.usage_of(meter, card.id)
    if quantity > 0:
        beyond = ZERO
        # By its own terms, whatever plan the cycle is on by now.
        terms = book.terms(cycle, card.id)
        if meter in card.meters and terms.when_exhausted != rating.CUT_OFF:
            beyond = max(ZERO, quantity - book.included_left(cycle, card, meter))
    else:
        beyond = -min(-quantity, usage.charged_quantity)
    usage.count += count
    usage.quantity += quantity
    usage.is_changed = True
    return Taken(cycle, card, meter, quantity, beyond, _reprice(usage, card, beyond))


def post(book: Book, taken: Taken, *, reference: str, occurred_at: datetime) -> None:
    """Move the money: a row of the wallet or of overage. Postpaid usage is on its cycle."""
    if taken.card.when_exhausted == rating.WALLET and taken.amount:
        book.pay(
            WalletMovement(
                kind="usage",
                reference=reference,
                amount=-taken.amount,
                cycle_id=taken.cycle.id,
                reason=taken.meter,
            )
        )
    elif taken.card.when_exhausted == rating.OVERAGE and taken.charged_quantity:
        book.usage_overage.append(
            UsageOverage(
                reference=reference,
                cycle_id=taken.cycle.id,
                card_id=taken.card.id,
                meter=taken.meter,
                quantity=taken.charged_quantity,
                amount=taken.amount,
                occurred_at=occurred_at,
            )
        )


def _reprice(usage: Usage, card: Card, beyond: Decimal) -> Decimal:
    """Charge `beyond` more (or less); the row's price stays exactly the card's price."""
    if not beyond:
        return ZERO
    before = usage.price
    usage.charged_quantity += beyond
    usage.price = quantities.price(usage.charged_quantity, card.meters[usage.meter].tiers)
    return usage.price - before
