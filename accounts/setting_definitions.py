"""Every dated setting: its default, what it may be, and whether an organization may have its
own. One table, so that staff pages list them all and no key is ever misspelt in silence."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any


@dataclass(frozen=True)
class Definition:
    """`check` returns the value as it is kept, or raises ValueError in plain words."""

    default: Any
    check: Callable[[Any], Any]
    about: str
    per_organization: bool = True


def _amount(value: Any, *, at_most: int = 1_000_000) -> str:
    """Keep amounts as decimal text: JSON numbers would pass through floats."""
    try:
        number = Decimal(str(value))
    except InvalidOperation as error:
        raise ValueError("This must be a number.") from error
    is_plain = re.fullmatch(r"[0-9]+(\.[0-9]{1,6})?", str(value), re.ASCII)
    if isinstance(value, bool) or not is_plain or number > at_most:
        raise ValueError(f"This must be from 0 to {at_most}, with at most 6 decimals.")
    return str(value)


def _percent(value: Any) -> str:
    return _amount(value, at_most=1000)


def _amount_by_currency(value: Any) -> dict[str, str]:
    if not isinstance(value, dict) or not value:
        raise ValueError('This must be amounts by currency, such as {"USD": "0.20"}.')
    if not all(re.fullmatch("[A-Z]{3}", str(code)) for code in value):
        raise ValueError("A currency is three capital letters.")
    return {code: _amount(amount) for code, amount in value.items()}


def _thresholds(value: Any) -> list[int]:
    is_list = isinstance(value, list) and 0 < len(value) <= 10
    if not is_list or not all(type(one) is int and 1 <= one <= 100 for one in value):
        raise ValueError("This must be a list of up to 10 whole percents, 1 to 100.")
    return sorted(set(value))


def _amounts(value: Any) -> list[str]:
    if not isinstance(value, list) or len(value) > 10:
        raise ValueError("This must be a list of up to 10 amounts.")
    return sorted({_amount(one) for one in value}, key=Decimal)


def _days(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= 3650:
        raise ValueError("This must be a whole number of days, 1 to 3650.")
    return value


def _yes_or_no(value: Any) -> bool:
    if type(value) is not bool:
        raise ValueError("This must be true or false.")
    return value


def spoken(value: Any) -> str:
    """Return a text that a caller may hear. Braces would be filled in as a template and
    addresses read out letter by letter, so neither passes. Raises ValueError."""
    text = " ".join(value.split()) if isinstance(value, str) else ""
    if not 1 <= len(text) <= 500 or re.search(r"[{}<>]|https?:|www\.", text):
        raise ValueError("This must be 1 to 500 plain characters, no braces or links.")
    return text


def _spoken_or_nothing(value: Any) -> str:
    return "" if value == "" else spoken(value)


def _spoken_by_reason(value: Any) -> dict[str, str]:
    if not isinstance(value, dict):
        raise ValueError("This must be texts by reason.")
    return {str(reason): spoken(text) for reason, text in value.items()}


def _countries(value: Any) -> list[str]:
    is_list = isinstance(value, list) and len(value) <= 250
    if not is_list or not all(
        isinstance(one, str) and re.fullmatch("[A-Z]{2}", one) for one in value
    ):
        raise ValueError('This must be a list of countries, such as ["US", "DE"].')
    return sorted(set(value))


def _up_to_a_thousand(value: Any) -> int:
    if type(value) is not int or not 0 <= value <= 1000:
        raise ValueError("This must be a whole number from 0 to 1000.")
    return value


DEFINITIONS: dict[str, Definition] = {
    "markup_percent": Definition("25", _percent, "Markup on bundles of minutes."),
    "base_minute_cost": Definition(
        {"USD": "0.20"},
        _amount_by_currency,
        "What a bundle's minute costs before the markup.",
        per_organization=False,
    ),
    "top_up_minimum": Definition(
        {"USD": "10", "EUR": "10", "NGN": "5000"},
        _amount_by_currency,
        "The least that a wallet is filled with at once.",
        per_organization=False,
    ),
    "top_up_maximum": Definition(
        {"USD": "10000", "EUR": "10000", "NGN": "1000000"},
        _amount_by_currency,
        "The most that a wallet is filled with at once.",
        per_organization=False,
    ),
    "low_usage_thresholds_percent": Definition(
        [80], _thresholds, "Used share of the minutes at which a letter is sent."
    ),
    "low_minutes_thresholds": Definition(
        [], _amounts, "Minutes left at which a letter is sent, besides the shares."
    ),
    "low_wallet_thresholds": Definition(
        [], _amounts, "Amounts left in the wallet at which a letter is sent."
    ),
    "low_usage_letters": Definition(
        True, _yes_or_no, "Write a letter when minutes or the wallet run low."
    ),
    "back_in_service_letters": Definition(
        True, _yes_or_no, "Write a letter when calls are answered again."
    ),
    "receipt_letters": Definition(
        True, _yes_or_no, "Write a letter when a payment has arrived."
    ),
    "refusal_texts": Definition(
        {}, _spoken_by_reason, "What a refused caller hears, by reason."
    ),
    "last_minute_words": Definition(
        "This call will end in about one minute.",
        _spoken_or_nothing,
        "What is said a minute before a call must end; empty: nothing.",
    ),
    "end_unadmitted_calls": Definition(
        False,
        _yes_or_no,
        "End calls that began without being asked for and cannot be paid.",
    ),
    "late_usage_days": Definition(
        35, _days, "How late usage of the past is still accepted, in days."
    ),
    "call_countries": Definition(
        [],
        _countries,
        "Countries that may be called, as two letters; none: that of the calling number.",
    ),
    "forwards_per_day_max": Definition(
        20,
        _up_to_a_thousand,
        "Refused calls a day that are handed to the organization's own line.",
    ),
    "provider_balance_alert": Definition(
        "20",
        _amount,
        "Staff are warned when less than this is left with the telephony provider, in USD.",
        per_organization=False,
    ),
    "retention_days": Definition(
        30, _days, "How long texts of messages are kept.", per_organization=False
    ),
}
