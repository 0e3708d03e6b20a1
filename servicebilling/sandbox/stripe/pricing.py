"""What a quantity costs at a price: integer minor units, rounded half up once per line."""

from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_UP, Decimal
from fractions import Fraction

from servicebilling.sandbox.stripe.box import Row


def cost(price: Row, quantity: int) -> int:
    """Return the amount for a quantity; metered quantities below zero cost nothing."""
    return rounded(exact_cost(price, quantity))


def exact_cost(price: Row, quantity: int) -> Decimal:
    quantity = max(quantity, 0)
    rule = price["transform_quantity"]
    if rule:
        way = ROUND_CEILING if rule["round"] == "up" else ROUND_FLOOR
        quantity = int((Decimal(quantity) / rule["divide_by"]).to_integral_value(way))
    if price["billing_scheme"] == "per_unit":
        return _unit(price) * quantity
    return _tiered(price, quantity)


def rounded(amount: Decimal) -> int:
    return int(amount.to_integral_value(ROUND_HALF_UP))


def part(amount: int, *, of: int, whole: int) -> int:
    """Return `of`/`whole` of an amount, half away from zero."""
    share = Fraction(abs(amount) * of, whole)
    up = int(share + Fraction(1, 2))
    return up if amount >= 0 else -up


def _tiered(price: Row, quantity: int) -> Decimal:
    total, begin = Decimal(0), 0
    for tier in price["_tiers"]:
        end = quantity if tier["up_to"] is None else tier["up_to"]
        if price["tiers_mode"] == "volume":
            if quantity <= end:
                return _flat(tier) + _unit(tier) * quantity
            continue
        within = min(quantity, end) - begin
        if within > 0 or (begin == 0 and quantity == 0):
            total += _flat(tier) + _unit(tier) * max(within, 0)
        begin = end
        if quantity <= end:
            break
    return total


def _unit(row: Row) -> Decimal:
    return Decimal(row["unit_amount_decimal"] or 0)


def _flat(tier: Row) -> Decimal:
    return Decimal(tier["flat_amount_decimal"] or 0)
