"""How figures read on pages. Pure: values in, text out."""

import re
from decimal import Decimal

from servicebilling.lib.money import minor_places, rounded

MINUS = "\N{MINUS SIGN}"
_SYMBOLS = {"EUR": "€", "GBP": "£", "NGN": "₦", "USD": "$"}
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
# Country codes of one and two digits (ITU-T E.164); all others have three.
_SHORT_COUNTRY_CODES = {
    *("1", "7"),
    *("20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45"),
    *("46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61"),
    *("62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94"),
    *("95", "98"),
}


def money(value: Decimal, currency: str) -> str:
    """Return an exact amount: the currency's decimals, more only where it has them."""
    exact = f"{abs(value).normalize():f}"
    decimals = max(minor_places(currency), len(exact.partition(".")[2]))
    sign = MINUS if value < 0 else ""
    symbol = _SYMBOLS.get(currency, f"{currency}\N{NO-BREAK SPACE}")
    return f"{sign}{symbol}{abs(value):,.{decimals}f}"


def cents(value: Decimal, currency: str) -> str:
    """Return an amount rounded to what can be paid, for sums read at a glance."""
    return money(rounded(value, currency), currency)


def whole(value: int) -> str:
    return f"{MINUS if value < 0 else ''}{abs(value):,}"


def tenths_of_minutes(seconds: int) -> str:
    """Return talk time in minutes with one decimal, half up."""
    tenths = (seconds + 3) // 6
    return f"{tenths // 10:,}.{tenths % 10}"


def clock(seconds: int) -> str:
    """Return talk time as minutes and seconds: 2:05, or 1:02:05 from an hour on."""
    minutes, rest = divmod(seconds, 60)
    hours, minutes_left = divmod(minutes, 60)
    if hours:
        return f"{hours}:{minutes_left:02}:{rest:02}"
    return f"{minutes}:{rest:02}"


def billed(seconds: int) -> str:
    """Return billed time: whole minutes as such, what is billed by the second to the second."""
    minutes, rest = divmod(seconds, 60)
    return clock(seconds) if rest else f"{whole(minutes)} min"


def masked(number: str) -> str:
    """Return a number that a list may show: country and the last three digits, enough to
    recognise a caller by and too little to call them."""
    if not _E164.fullmatch(number):
        return f"{number[:2]}•••" if number else ""
    digits = number[1:]
    country = next(
        (digits[:size] for size in (1, 2) if digits[:size] in _SHORT_COUNTRY_CODES),
        digits[:3],
    )
    return f"+{country}\N{NO-BREAK SPACE}•••\N{NO-BREAK SPACE}{digits[-3:]}"
