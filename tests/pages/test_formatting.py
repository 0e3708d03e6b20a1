"""How figures read."""

from decimal import Decimal

import pytest

from servicebilling.lib import phone_numbers
from servicebilling.website import formatting
from servicebilling.website.templatetags.wording import refusal_words


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("0", "USD", "$0.00"),
        ("60", "EUR", "€60.00"),
        ("0.100000", "USD", "$0.10"),
        ("0.294167", "USD", "$0.294167"),
        ("1234567.5", "NGN", "₦1,234,567.50"),
        ("-3.5", "GBP", "−£3.50"),
        ("12", "CHF", "CHF\u00a012.00"),
        ("1200", "JPY", "JPY\u00a01,200"),
    ],
)
def test_amounts_are_exact_and_carry_their_currency(value, currency, text):
    assert formatting.money(Decimal(value), currency) == text


def test_sums_are_rounded_half_up_to_cents():
    assert formatting.cents(Decimal("41.598"), "USD") == "$41.60"
    assert formatting.cents(Decimal("0.005"), "USD") == "$0.01"
    assert formatting.cents(Decimal("0.004999"), "USD") == "$0.00"
    assert formatting.cents(Decimal("-0.004"), "USD") == "$0.00"


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0:00"), (61, "1:01"), (605, "10:05"), (3725, "1:02:05")]
)
def test_talk_time_is_minutes_and_seconds(seconds, text):
    assert formatting.clock(seconds) == text


def test_month_talk_time_has_one_decimal():
    assert formatting.tenths_of_minutes(0) == "0.0"
    assert formatting.tenths_of_minutes(90) == "1.5"
    assert formatting.tenths_of_minutes(62) == "1.0"
    assert formatting.tenths_of_minutes(63) == "1.1"
    assert formatting.tenths_of_minutes(74_079) == "1,234.7"


def test_billed_time_is_in_minutes_unless_seconds_count():
    assert formatting.billed(120) == "2 min"
    assert formatting.billed(125) == "2:05"


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+4915123456789", "+49\u00a0•••\u00a0789"),
        ("+12125550143", "+1\u00a0•••\u00a0143"),
        ("+35312345678", "+353\u00a0•••\u00a0678"),
        ("anonymous", "an•••"),
        ("sip:anna@example.org", "si•••"),
        ("", ""),
    ],
)
def test_callers_can_be_recognised_but_not_called(number, shown):
    assert phone_numbers.masked(number) == shown


def test_refusals_are_told_in_words():
    assert refusal_words("no_minutes") == "no minutes left"
    assert refusal_words("some_new_rule") == "some new rule"
