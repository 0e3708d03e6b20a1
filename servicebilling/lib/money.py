"""Amounts of money. Pure: `Decimal` with at most six places, never a float.

Rounding happens in `metering.rating` and `billing.pricing` alone; what is here refuses to
lose a digit.
"""

import re
from decimal import ROUND_HALF_UP, Decimal

PLACES = 6
# What the database's columns hold before the point.
_TOO_MUCH = Decimal(10) ** 12
# ISO 4217 currencies whose minor unit is not a hundredth of the major one.
_WHOLE = "BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX UYI VND VUV XAF XOF XPF"
_THOUSANDTHS = "BHD IQD JOD KWD LYD OMR TND"


class InvalidAmount(ValueError):
    """Not an amount of money; the message is for people."""


def amount(value: str | int | Decimal) -> Decimal:
    """Return a finite amount with at most six places, below a million millions.

    Raises `InvalidAmount`, also for a float: it may have lost digits already.
    """
    if isinstance(value, bool | float):
        raise InvalidAmount(f"{value!r} is not an exact amount")
    # Python would read digits of other scripts and underscores, too.
    if isinstance(value, str) and not re.fullmatch(r"-?[0-9]+(\.[0-9]+)?", value, re.ASCII):
        raise InvalidAmount(f"{value!r} is not an amount")
    exact = Decimal(value)
    if not exact.is_finite():
        raise InvalidAmount(f"{value!r} is not an amount")
    if abs(exact) >= _TOO_MUCH:
        raise InvalidAmount(f"{value} is more than can be kept")
    if exact != round(exact, PLACES):
        raise InvalidAmount(f"{value} has more than {PLACES} places")
    return exact


def minor_places(currency: str) -> int:
    """Digits behind the point in amounts that are really paid (ISO 4217)."""
    if currency in _WHOLE.split():
        return 0
    return 3 if currency in _THOUSANDTHS.split() else 2


def to_minor(value: Decimal, currency: str) -> int:
    """Return an amount in the currency's minor unit. Raises `InvalidAmount` on a remainder."""
    scaled = value.scaleb(minor_places(currency))
    if scaled != int(scaled):
        raise InvalidAmount(f"{value} {currency} has a fraction of the minor unit")
    return int(scaled)


def from_minor(value: int, currency: str) -> Decimal:
    """Return an amount in major units."""
    return Decimal(value).scaleb(-minor_places(currency))


def rounded(value: Decimal, currency: str) -> Decimal:
    """Round half up to what can really be paid: for prices, and for showing."""
    return value.quantize(Decimal(1).scaleb(-minor_places(currency)), ROUND_HALF_UP)


def shown(value: Decimal, currency: str) -> str:
    """Write an amount exactly, its currency by code: `EUR 1,234.50`, `USD 0.0125`.

    For staff, letters and commands, where amounts of several currencies meet. Places are the
    currency's own, more only where the amount has them.
    """
    exact = f"{value.normalize():f}"
    places = max(minor_places(currency), len(exact.partition(".")[2]))
    return f"{currency} {value:,.{places}f}"
