"""What is sold costs what. Pure: no Django, no clock, no I/O."""

from decimal import Decimal

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
