"""What a chart draws is what it was told."""

from decimal import Decimal

import pytest

from servicebilling.lib import charts
from servicebilling.lib.charts import Series


def test_columns_stand_on_the_axis_and_on_each_other():
    chart = charts.stack(
        "Minutes",
        ["Mon", "Tue"],
        [Series("one", "Plan", [10, 0]), Series("two", "Overage", [30, 5])],
    )

    first, second = chart.columns
    plan, overage = first.pieces
    assert plan.y + plan.height == pytest.approx(chart.baseline)
    assert overage.y + overage.height == pytest.approx(plan.y)
    assert overage.height == pytest.approx(3 * plan.height)
    assert [piece.key for piece in second.pieces] == ["two"]
    assert first.text == "Mon: Plan 10, Overage 30"
    assert first.x + first.width < second.x


@pytest.mark.parametrize(
    ("top", "labels"),
    [
        (3, ["0", "1", "2", "3"]),
        (40, ["0", "10", "20", "30", "40"]),
        (97, ["0", "25", "50", "75", "100"]),
        (1234, ["0", "500", "1,000", "1,500"]),
        (Decimal("0.35"), ["0", "0.1", "0.2", "0.3", "0.4"]),
    ],
)
def test_lines_of_the_axis_are_round_and_reach_the_top(top, labels):
    chart = charts.stack("T", ["a"], [Series("one", "S", [top])])

    assert [tick.label for tick in chart.ticks] == labels
    assert chart.columns[0].pieces[0].y >= chart.ticks[-1].y


def test_axis_is_as_wide_as_what_it_says():
    euros = charts.stack("T", ["a"], [Series("one", "S", [1])])
    naira = charts.stack(
        "T", ["a"], [Series("one", "S", [10_000])], shown="NGN {:,}".format
    )

    assert euros.axis_right < naira.axis_right < naira.axis_width


def test_empty_time_says_so():
    assert charts.stack("T", ["a"], [Series("one", "S", [0])]).is_empty
    assert charts.stack("T", [], [Series("one", "S", [])]).is_empty


def test_many_columns_share_few_labels():
    days = [str(day) for day in range(90)]

    chart = charts.stack("T", days, [Series("one", "S", list(range(90)))])

    assert len(days) / chart.label_every <= charts.LABELS_MAX
    assert chart.label_every_narrow > chart.label_every
    assert chart.columns[-1].x + chart.columns[-1].width <= 100


def test_series_of_another_length_is_a_mistake():
    with pytest.raises(ValueError, match="one value per label"):
        charts.stack("T", ["a", "b"], [Series("one", "S", [1])])
