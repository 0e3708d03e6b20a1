"""Answers are JSON whose numbers are the decimals they were."""

import json
from datetime import UTC, date, datetime
from decimal import Decimal
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicebilling.lib.json_answers import ExactJSONRenderer, written


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Decimal("12.500000"), "12.5"),
        (Decimal("0.000001"), "0.000001"),
        (Decimal("1E-6"), "0.000001"),
        (Decimal("100"), "100"),
        (Decimal("1E+3"), "1000"),
        (Decimal("-0.10"), "-0.1"),
        (Decimal("999999999999.999999"), "999999999999.999999"),
        ({"at": datetime(2026, 1, 2, 3, tzinfo=UTC)}, '{"at":"2026-01-02T03:00:00Z"}'),
        ([date(2026, 1, 2), None, True, 3], '["2026-01-02",null,true,3]'),
        (UUID(int=0), '"00000000-0000-0000-0000-000000000000"'),
        ({1: "naïve"}, '{"1":"naïve"}'),
    ],
)
def test_written_exactly(value, text):
    assert written(value) == text


@given(st.decimals(allow_nan=False, allow_infinity=False, places=6))
def test_every_amount_survives(amount):
    assert json.loads(written([amount]), parse_float=Decimal, parse_int=Decimal) == [amount]


tree = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(st.characters(codec="utf-8")),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=20,
)


@given(tree)
def test_everything_else_is_plain_json(value):
    text = ExactJSONRenderer().render(value)

    assert (
        text == b"" if value is None else json.loads(text) == json.loads(json.dumps(value))
    )


@pytest.mark.parametrize("value", [float("nan"), Decimal("NaN"), Decimal("Infinity")])
def test_what_is_no_number_is_a_defect(value):
    with pytest.raises(ValueError, match="."):
        written(value)


def test_half_a_character_breaks_nothing():
    assert ExactJSONRenderer().render(["\ud800"]) == b'["?"]'
