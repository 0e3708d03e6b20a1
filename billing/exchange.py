"""Turning amounts into another currency, at the rate that staff entered for the day."""

from datetime import datetime
from decimal import Decimal

from billing.errors import NoRate
from billing.models import ExchangeRate
from servicebilling.lib import money

USD = "USD"


def rate_at(base: str, quote: str, at: datetime) -> Decimal:
    """Return how many units of `quote` one unit of `base` was worth.

    A rate entered the other way round serves as well. Raises `NoRate` if none was in force.
    """
    if base == quote:
        return Decimal(1)
    found = _in_force(base, quote, at)
    if found is not None:
        return found
    found = _in_force(quote, base, at)
    if found is None:
        raise NoRate(f"There is no exchange rate of {base} to {quote} at {at:%Y-%m-%d}.")
    return 1 / found


def cost_in(currency: str, cost_usd: Decimal, *, at: datetime) -> Decimal:
    """Return what a provider charged in USD, in another currency, to six places.

    Raises `NoRate`.
    """
    exact = cost_usd * rate_at(USD, currency, at)
    return money.amount(round(exact, money.PLACES))


def _in_force(base: str, quote: str, at: datetime) -> Decimal | None:
    return (
        ExchangeRate.objects.filter(base=base, quote=quote, valid_from__lte=at)
        .order_by("-valid_from")
        .values_list("rate", flat=True)
        .first()
    )
