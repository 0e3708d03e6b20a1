"""What is sold costs what. Pure: no Django, no clock, no I/O."""

from dataclasses import dataclass
from decimal import Decimal

from metering import rating
from servicebilling.lib import money


def bundle_price(
    *, minutes: int, base_minute_cost: Decimal, markup_percent: Decimal, currency: str
) -> Decimal:
    """Return minutes × base cost × (1 + markup), rounded half up to the minor unit."""
    return money.rounded(
        minutes * base_minute_cost * (100 + markup_percent) / 100, currency
    )


def yearly_saving_percent(*, monthly: Decimal, yearly: Decimal) -> int:
    """Return how many percent a year at once saves over twelve months, rounded down."""
    if not monthly:
        return 0
    return int((12 * monthly - yearly) * 100 / (12 * monthly))


def month_of_year(yearly: Decimal, currency: str) -> Decimal:
    """Return a twelfth of a year's price, rounded half up to the minor unit: for comparing."""
    return money.rounded(yearly / 12, currency)


@dataclass(frozen=True, slots=True)
class MonthEstimate:
    """What a month of so many minutes costs on a plan, in the card's currency."""

    # The month's share of the plan's price.
    fee: Decimal
    # What the wallet grant that comes with the fee pays for.
    granted: Decimal
    # Of the minutes beyond the included ones, before the grant.
    beyond: Decimal
    # Minutes that the plan alone would refuse.
    minutes_refused: int

    @property
    def total(self) -> Decimal:
        return self.fee + max(Decimal(0), self.beyond - self.granted)


def month_estimate(
    *, minutes: int, fee: Decimal, granted: Decimal, card: rating.Card
) -> MonthEstimate:
    """Estimate a month in which calls add up to so many billed minutes.

    The setup fee is not in it. Where a plan refuses calls beyond a limit, the minutes above
    it cost nothing and are counted as refused.
    """
    beyond = max(0, minutes - card.included_minutes)
    match card.when_exhausted:
        case rating.CUT_OFF:
            paid = 0
        case rating.OVERAGE:
            paid = min(beyond, card.overage_limit_minutes)
        case rating.POSTPAID:
            paid = min(beyond, rating.affordable_minutes(card.postpaid_limit_amount, 0, card))
        case _:
            paid = beyond
    return MonthEstimate(
        fee=fee,
        granted=granted,
        beyond=rating.price(60 * paid, card),
        minutes_refused=beyond - paid,
    )
