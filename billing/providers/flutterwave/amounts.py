"""Amounts as Flutterwave writes them: major units, as numbers or as texts. Pure."""

from decimal import Decimal
from typing import Any

from billing.providers.base import ProviderError
from servicebilling.lib import money

# Paid in whole units there, whatever ISO 4217 says.
_WHOLE_THERE = ("MWK",)


def told(value: Any, currency: str) -> Decimal:
    """Return an amount that Flutterwave names, exactly.

    Raises `ProviderError` for what is no amount, or has parts that its currency has not.
    """
    try:
        amount = money.amount(value)
        money.to_minor(amount, currency)
    except (money.InvalidAmount, TypeError, ArithmeticError) as error:
        raise ProviderError(f"{value!r} {currency} is no amount", retry=False) from error
    return amount


def asked(amount: Decimal, currency: str) -> Decimal:
    """Return an amount to be sent, as a number with its own digits. Raises `ProviderError`."""
    if currency in _WHOLE_THERE and amount != int(amount):
        raise ProviderError(f"{currency} is paid in whole units", retry=False)
    return told(amount, currency)
