"""Which numbers may be called. Premium ones never, others by the country they are of."""

from datetime import datetime

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberType

from accounts import settings_history
from accounts.models import Organization
from metering.errors import DestinationRefused

# Whoever answers there is paid by the caller, or nobody can tell who pays.
_COSTLY = {
    PhoneNumberType.PREMIUM_RATE: "a premium number",
    PhoneNumberType.SHARED_COST: "a shared-cost number",
    PhoneNumberType.PERSONAL_NUMBER: "a personal number that forwards at the caller's cost",
    PhoneNumberType.PAGER: "a pager",
    PhoneNumberType.UAN: "a number of unknown cost",
    PhoneNumberType.UNKNOWN: "a number of unknown cost",
}
# Satellites and international networks belong to no country.
NO_COUNTRY = "001"


def check(
    number: str, *, organization: Organization, calling_from: str, now: datetime
) -> str:
    """Return the number in E.164 form if the organization may call it.

    It may call the countries of its setting `call_countries`, else the country of its own
    calling number. Raises `DestinationRefused`.
    """
    parsed = _parsed(number)
    if parsed is None or not phonenumbers.is_valid_number(parsed):
        raise DestinationRefused("This is no valid number in E.164 form.")
    if why := _COSTLY.get(phonenumbers.number_type(parsed)):
        raise DestinationRefused(f"This is {why}; such are not called.")
    country = phonenumbers.region_code_for_number(parsed)
    if not country or country == NO_COUNTRY:
        raise DestinationRefused("This number belongs to no country.")
    allowed = settings_history.value_at("call_countries", organization, now)
    if not allowed:
        allowed = [country_of(calling_from)]
    if country not in allowed:
        raise DestinationRefused(f"Calls to {country} are not allowed here.")
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def in_e164(number: str) -> str:
    """Return a number in its one form; what is none stays as it is."""
    parsed = _parsed(number)
    if parsed is None:
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.E164)


def country_of(number: str) -> str:
    """The two letters of the country a number is of; "" for none."""
    parsed = _parsed(number)
    return (phonenumbers.region_code_for_number(parsed) if parsed else None) or ""


def _parsed(number: str) -> phonenumbers.PhoneNumber | None:
    if not (number.isascii() and number.startswith("+") and number[1:].isdigit()):
        return None
    try:
        return phonenumbers.parse(number)
    except NumberParseException:
        return None
