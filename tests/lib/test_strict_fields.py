"""Fields take what programs write, and nothing that only looks like it."""

from datetime import date
from decimal import Decimal

import pytest
from rest_framework.exceptions import ValidationError

from servicebilling.lib.strict_fields import (
    MonthField,
    StrictDateField,
    StrictDecimalField,
    StrictIntegerField,
)

WHOLE = StrictIntegerField(min_value=-5, max_value=1000)
DECIMAL = StrictDecimalField(max_digits=20, decimal_places=6)


@pytest.mark.parametrize(("given", "value"), [(7, 7), ("7", 7), ("007", 7), ("-5", -5)])
def test_whole_numbers(given, value):
    assert WHOLE.run_validation(given) == value


@pytest.mark.parametrize(
    "given", ["٧", "７", " 7", "7.0", 7.0, True, "1e2", "1_0", "", None, [], {}, "9" * 5000]
)
def test_what_is_no_whole_number(given):
    with pytest.raises(ValidationError):
        WHOLE.run_validation(given)


@pytest.mark.parametrize(
    ("given", "value"),
    [
        (2, "2"),
        ("0.000001", "0.000001"),
        (0.1, "0.1"),
        (1.5, "1.5"),
        (1e-6, "0.000001"),
        ("-3.25", "-3.25"),
        (Decimal("1.25"), "1.25"),
        ("12345678901234.123456", "12345678901234.123456"),
    ],
)
def test_decimals_keep_their_digits(given, value):
    assert DECIMAL.run_validation(given) == Decimal(value)


@pytest.mark.parametrize(
    "given",
    ["٣.٥", "1e3", " 1", ".5", "5.", "NaN", "Infinity", float("inf"), True, None, [], "1,5"]
    + ["0.0000001", 1e-7, "123456789012345.0", 0.1 + 0.2, "1" * 3000],
)
def test_what_is_no_decimal(given):
    with pytest.raises(ValidationError):
        DECIMAL.run_validation(given)


def test_days_and_months():
    assert StrictDateField().run_validation("2026-02-28") == date(2026, 2, 28)
    assert MonthField().run_validation("2026-02") == date(2026, 2, 1)
    assert MonthField().to_representation(date(2026, 2, 3)) == "2026-02"


@pytest.mark.parametrize(
    "given",
    [
        "2026-02-30",
        "20260228",
        "2026-W01-1",
        "٢٠٢٦-01-01",
        "0001-01-01",
        20260101,
        None,
        "",
    ],
)
def test_what_is_no_day(given):
    with pytest.raises(ValidationError):
        StrictDateField().run_validation(given)


@pytest.mark.parametrize(
    "given", ["2026-13", "2026-2", "2026-02-01", "9999-12", 202602, []]
)
def test_what_is_no_month(given):
    with pytest.raises(ValidationError):
        MonthField().run_validation(given)
