"""Bundles cost minutes × base × (1 + markup), to the cent; amounts never lose a digit."""

from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from billing import pricing
from servicebilling.lib import money


@pytest.mark.parametrize(
    ("minutes", "base", "markup", "currency", "price"),
    [
        (100, "0.20", "25", "USD", "25.00"),
        (50, "0.20", "25", "USD", "12.50"),
        (1000, "0.20", "25", "USD", "250.00"),
        (1, "0.02", "25", "USD", "0.03"),
        (3, "0.115", "0", "USD", "0.35"),
        (100, "150", "33.3333", "NGN", "20000.00"),
        (1, "10", "25", "JPY", "13"),
        (1, "0.1", "25", "KWD", "0.125"),
    ],
)
def test_a_bundle_costs_what_the_formula_says(
    minutes, base, markup, currency, price
) -> None:
    assert pricing.bundle_price(
        minutes=minutes,
        base_minute_cost=Decimal(base),
        markup_percent=Decimal(markup),
        currency=currency,
    ) == Decimal(price)


@pytest.mark.parametrize(
    ("monthly", "yearly", "saving"),
    [("204", "2203.20", 10), ("49", "588", 0), ("0", "0", 0)],
)
def test_the_saving_of_a_year_is_rounded_down(monthly, yearly, saving) -> None:
    assert (
        pricing.yearly_saving_percent(monthly=Decimal(monthly), yearly=Decimal(yearly))
        == saving
    )


@pytest.mark.parametrize(
    "value", [0.1, True, "1e3x", "NaN", "Infinity", "0.1234567", "١", "1_0"]
)
def test_what_is_no_exact_amount_is_refused(value) -> None:
    with pytest.raises(money.InvalidAmount):
        money.amount(value)


@pytest.mark.parametrize(
    ("value", "currency", "minor"),
    [
        ("12.34", "USD", 1234),
        ("100", "NGN", 10000),
        ("100", "JPY", 100),
        ("1.234", "KWD", 1234),
    ],
)
def test_minor_units_follow_the_currency(value, currency, minor) -> None:
    assert money.to_minor(Decimal(value), currency) == minor
    assert money.from_minor(minor, currency) == Decimal(value)


@pytest.mark.parametrize(("value", "currency"), [("0.001", "USD"), ("0.5", "JPY")])
def test_a_fraction_of_the_minor_unit_is_never_cut_off(value, currency) -> None:
    with pytest.raises(money.InvalidAmount):
        money.to_minor(Decimal(value), currency)


@given(st.integers(-(10**12), 10**12), st.sampled_from(["USD", "NGN", "JPY", "KWD"]))
def test_minor_units_survive_the_round_trip(minor: int, currency: str) -> None:
    assert money.to_minor(money.from_minor(minor, currency), currency) == minor


@pytest.mark.parametrize("value", ["1000000000000", Decimal("1e999999"), "9" * 40])
def test_more_than_can_be_kept_is_refused(value) -> None:
    with pytest.raises(money.InvalidAmount, match="more than can be kept"):
        money.amount(value)


@pytest.mark.parametrize(
    ("value", "currency", "text"),
    [
        ("1234.5", "EUR", "EUR 1,234.50"),
        ("0.012500", "USD", "USD 0.0125"),
        ("-3", "NGN", "NGN -3.00"),
        ("1E+3", "JPY", "JPY 1,000"),
        ("0", "KWD", "KWD 0.000"),
    ],
)
def test_amounts_are_shown_exactly_with_their_currency(value, currency, text) -> None:
    assert money.shown(Decimal(value), currency) == text
