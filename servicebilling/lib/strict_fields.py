"""Fields that take what programs write and nothing that only looks like it.

The framework's own take digits of any script, spaces around them and `1e3`: a number that two
programs read differently is not one to bill by.
"""

import math
import re
from datetime import date
from decimal import Decimal
from typing import Any

from drf_spectacular.utils import extend_schema_field
from rest_framework import serializers

_is_whole = re.compile(r"-?[0-9]{1,18}", re.ASCII).fullmatch
_is_decimal = re.compile(r"-?[0-9]{1,20}(\.[0-9]{1,20})?", re.ASCII).fullmatch
_is_day = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII).fullmatch
_is_month = re.compile(r"[0-9]{4}-[0-9]{2}", re.ASCII).fullmatch
# A float holds that many digits as they were written.
_FLOAT_DIGITS = 15
_FIRST_YEAR, _LAST_YEAR = 2000, 2099


class StrictIntegerField(serializers.IntegerField):
    """A JSON integer, or ASCII digits; neither 1.0 nor true."""

    def to_internal_value(self, data: Any) -> int:
        if isinstance(data, bool) or not isinstance(data, int | str):
            self.fail("invalid")
        if isinstance(data, str) and not _is_whole(data):
            self.fail("invalid")
        return int(data)


class StrictDecimalField(serializers.DecimalField):
    """A JSON number or a text such as "12.50"; neither an exponent nor other digits.

    A number with more digits than a float keeps must come as text.
    """

    default_error_messages = {
        "inexact": "Send numbers of more than 15 digits as text, to keep them exact."
    }

    def to_internal_value(self, data: Any) -> Decimal:
        if isinstance(data, bool) or not isinstance(data, int | float | str | Decimal):
            self.fail("invalid")
        if isinstance(data, float):
            if not math.isfinite(data):
                self.fail("invalid")
            data = Decimal(repr(data))
            if len(data.normalize().as_tuple().digits) > _FLOAT_DIGITS:
                self.fail("inexact")
            data = f"{data:f}"
        if not _is_decimal(str(data)):
            self.fail("invalid")
        return self.quantize(self.validate_precision(Decimal(data)))


class StrictDateField(serializers.DateField):
    """A day as YYYY-MM-DD."""

    def to_internal_value(self, value: Any) -> date:
        if not isinstance(value, str) or not _is_day(value):
            self.fail("invalid", format="YYYY-MM-DD")
        try:
            day = date.fromisoformat(value)
        except ValueError:
            self.fail("invalid", format="YYYY-MM-DD")
        if not _FIRST_YEAR <= day.year <= _LAST_YEAR:
            self.fail("invalid", format="YYYY-MM-DD")
        return day


@extend_schema_field(
    {"type": "string", "pattern": "^20[0-9]{2}-(0[1-9]|1[0-2])$", "example": "2026-03"}
)
class MonthField(serializers.Field[date, str, str, Any]):
    """A calendar month as YYYY-MM; the value is its first day."""

    default_error_messages = {"invalid": "Name a month as YYYY-MM."}

    def to_internal_value(self, data: Any) -> date:
        if not isinstance(data, str) or not _is_month(data):
            self.fail("invalid")
        try:
            month = date.fromisoformat(f"{data}-01")
        except ValueError:
            self.fail("invalid")
        if not _FIRST_YEAR <= month.year <= _LAST_YEAR:
            self.fail("invalid")
        return month

    def to_representation(self, value: date) -> str:
        return f"{value:%Y-%m}"
