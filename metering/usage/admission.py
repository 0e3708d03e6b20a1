"""May this much of a meter be used, and who would pay? Asked of an open book.

What open holds promise is counted as used: neither a quota, nor what is included, nor money
is given away twice.
"""

from decimal import Decimal

from metering import quantities, rating
from metering.balances.book import Book, Cycle
from metering.balances.entries import ZERO
from metering.rating import Card

WALLET_EMPTY = "wallet_empty"
# Not limits: they hold also while limits are only watched, as at the gate.
_ALWAYS_ENFORCED = frozenset({"suspended", "closed"})


def is_enforced(rule: str, book: Book) -> bool:
    """Whether a rule that says no is acted on; in shadow mode it is only written down."""
    return bool(rule) and (rule in _ALWAYS_ENFORCED or book.enforcement == "enforce")


def reason_against(
    book: Book,
    cycle: Cycle,
    *,
    meter: str,
    quantity: Decimal,
    status: str,
    is_promise: bool = False,
) -> str:
    """Return the rule that forbids it, empty if none does.

    `status` is the organization's. A promise (a hold) is weighed at the dearest price, because
    nobody knows what comes before it is used. Rules: `suspended`, `closed`, `past_due`,
    `quota_reached`, `included_used_up`, `no_plan`, `wallet_empty`, `credit_limit`.
    """
    if status != "active":
        return status
    if book.standing == "past_due":
        return "past_due"
    card = book.terms(cycle)
    rate = card.meters.get(meter)
    if rate is None:
        # The card says nothing of this meter: it is counted and costs nothing.
        return ""
    held = held_of(book, cycle, meter)
    if rate.quota_limit is not None:
        used = sum((usage.quantity for usage in cycle.usages_of(meter)), ZERO)
        if used + held + quantity > rate.quota_limit:
            return "quota_reached"
    free = book.included_left(cycle, card, meter)
    beyond = max(ZERO, held + quantity - free) - max(ZERO, held - free)
    if beyond == 0:
        return ""
    if held or is_promise:
        cost = beyond * rate.dearest_unit_price
    else:
        cost = _cost(cycle, card, meter, beyond)
    return _who_cannot_pay(book, cycle, card, cost)


def held_of(book: Book, cycle: Cycle, meter: str) -> Decimal:
    """What open holds of that cycle set aside of a meter."""
    return sum(
        (
            quantity
            for (cycle_id, _, held_meter), quantity in book.usage_holds.items()
            if cycle_id == cycle.id and held_meter == meter
        ),
        ZERO,
    )


def _cost(cycle: Cycle, card: Card, meter: str, beyond: Decimal) -> Decimal:
    """What `beyond` more units cost, exactly."""
    tiers = card.meters[meter].tiers
    charged = sum(
        (u.charged_quantity for u in cycle.usages_of(meter) if u.card_id == card.id), ZERO
    )
    return quantities.price(charged + beyond, tiers) - quantities.price(charged, tiers)


def _who_cannot_pay(book: Book, cycle: Cycle, card: Card, cost: Decimal) -> str:
    match card.when_exhausted:
        case rating.CUT_OFF:
            return "no_plan" if book.standing == "no_plan" else "included_used_up"
        case rating.WALLET if cost and cost > book.free_money:
            return WALLET_EMPTY
        case rating.POSTPAID if cost and cost > _credit_left(book, cycle, card):
            return "credit_limit"
    return ""


def _credit_left(book: Book, cycle: Cycle, card: Card) -> Decimal:
    if cycle.is_live:
        return book.free_credit_limit
    charged = sum((charge.amount for charge in cycle.charges), ZERO)
    charged += sum((usage.price for usage in cycle.usages), ZERO)
    return card.postpaid_limit_amount - charged
