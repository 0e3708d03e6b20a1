"""How figures read on pages: values in, text out. Amounts that may not be seen are not
written."""

from decimal import Decimal

from servicebilling.lib import hidden_amounts
from servicebilling.lib.money import minor_places, rounded

MINUS = "\N{MINUS SIGN}"
_SYMBOLS = {"EUR": "€", "GBP": "£", "NGN": "₦", "USD": "$"}
# A change of more is told as a multiple.
_PERCENT_MAX = 999


def money(value: Decimal, currency: str) -> str:
    """Return an exact amount: the currency's decimals, more only where it has them."""
    if hidden_amounts.are_hidden():
        return hidden_amounts.WORD
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


def change(now: Decimal | int, before: Decimal | int) -> str:
    """Return how much more or less it is, such as `+12 %`; empty where nothing was before."""
    if not before:
        return ""
    percent = round((now - before) * 100 / before)
    if percent > _PERCENT_MAX:
        return f"×{now / before:.0f}"
    sign = "+" if percent > 0 else MINUS if percent < 0 else "±"
    return f"{sign}{abs(percent)} %"


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
