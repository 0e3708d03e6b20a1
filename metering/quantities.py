"""What quantities of a meter cost: included, then graduated tiers.

Pure: no Django, no clock, no I/O. Quantities and amounts are `Decimal` with six places;
rounding (half up) happens once, on the total of a card and cycle, and never per event, so
prices below a cent add up exactly.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal

SIXTH_PLACE = Decimal("0.000001")
ZERO = Decimal(0)


@dataclass(frozen=True, slots=True)
class QuantityTier:
    """`unit_price` each, up to `up_to` charged units in all; None: without end."""

    up_to: Decimal | None
    unit_price: Decimal


@dataclass(frozen=True, slots=True)
class MeterRate:
    """What a card says of one meter."""

    meter: str
    included: Decimal = ZERO
    # Nothing beyond it is admitted, whoever could pay; None: a soft quota.
    quota_limit: Decimal | None = None
    tiers: tuple[QuantityTier, ...] = ()

    @property
    def dearest_unit_price(self) -> Decimal:
        return max((tier.unit_price for tier in self.tiers), default=ZERO)

    @property
    def flat_unit_price(self) -> Decimal | None:
        """The price of every unit beyond the included ones, if it is one."""
        return self.tiers[0].unit_price if len(self.tiers) == 1 else None


def price(quantity: Decimal, tiers: Sequence[QuantityTier]) -> Decimal:
    """What the first `quantity` units beyond the included ones cost."""
    total, priced_to = ZERO, ZERO
    for tier in tiers:
        end = quantity if tier.up_to is None else min(quantity, tier.up_to)
        if end > priced_to:
            total += (end - priced_to) * tier.unit_price
            priced_to = end
    if tiers and quantity > priced_to:
        total += (quantity - priced_to) * tiers[-1].unit_price
    return total.quantize(SIXTH_PLACE, ROUND_HALF_UP)
