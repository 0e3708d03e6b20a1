"""Phone numbers for those who need not see them. Pure."""

import re
from typing import Any

# What stands where a number was erased.
ERASED = "erased"
_E164 = re.compile(r"\+[1-9][0-9]{5,14}")
# Country codes of one and two digits (ITU-T E.164); all others have three.
_SHORT_COUNTRY_CODES = {
    *("1", "7"),
    *("20", "27", "30", "31", "32", "33", "34", "36", "39", "40", "41", "43", "44", "45"),
    *("46", "47", "48", "49", "51", "52", "53", "54", "55", "56", "57", "58", "60", "61"),
    *("62", "63", "64", "65", "66", "81", "82", "84", "86", "90", "91", "92", "93", "94"),
    *("95", "98"),
}


def masked(number: str) -> str:
    """Return a number that a list may show: country and the last three digits, enough to
    recognise a caller by and too little to call them."""
    if number == ERASED:
        return number
    if not _E164.fullmatch(number):
        return f"{number[:2]}•••" if number else ""
    digits = number[1:]
    country = next(
        (digits[:size] for size in (1, 2) if digits[:size] in _SHORT_COUNTRY_CODES),
        digits[:3],
    )
    return f"+{country}\N{NO-BREAK SPACE}•••\N{NO-BREAK SPACE}{digits[-3:]}"


def masked_within(value: Any) -> Any:
    """Return JSON with every text that is a number masked."""
    if isinstance(value, dict):
        return {name: masked_within(one) for name, one in value.items()}
    if isinstance(value, list):
        return [masked_within(one) for one in value]
    if isinstance(value, str) and _E164.fullmatch(value):
        return masked(value)
    return value
