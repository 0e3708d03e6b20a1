"""A month in five figures, beside the same days of the month before."""

from datetime import date, timedelta
from decimal import Decimal

import pytest

from metering.usage.analytics import DayUsage, Used, days_of
from servicebilling.website import month_panel
from servicebilling.website.formatting import MINUS, change

TODAY = date(2026, 3, 31)


def panel(today=TODAY, **meters: dict[date, Used]):
    first, last = month_panel.span_of(today)
    days = [
        DayUsage(day, {name: used[day] for name, used in meters.items() if day in used})
        for day in days_of(first, last)
    ]
    return month_panel.of(days, today=today, currency="USD")


def talked(seconds: int, price: str = "0") -> Used:
    return Used(1, Decimal(-(-seconds // 60)), seconds, Decimal(price))


def test_five_figures_say_what_changed():
    shown = panel(
        voice_minute={
            date(2026, 2, 3): talked(600, "1"),
            date(2026, 3, 2): talked(900, "3"),
        },
        reported_minute={date(2026, 3, 2): Used(1, Decimal(5))},
        api_call={date(2026, 2, 3): Used(1, Decimal(50)), TODAY: Used(1, Decimal(10))},
    )

    told = {
        one.label: (f"{one.value} {one.unit}".strip(), one.change) for one in shown.figures
    }
    assert told == {
        "Minutes": ("20.0 min", "+100 %"),
        "API calls": ("10", f"{MINUS}80 %"),
        "AI queries": ("0", ""),
        "Storage": ("0 MB", ""),
        "Total cost": ("$3.00", "+200 %"),
    }
    assert (shown.calls, shown.talk_seconds, shown.billed_minutes) == (1, 900, 15)


def test_only_the_same_days_of_the_month_before_count():
    usage = {
        date(2026, 2, 10): talked(60),
        date(2026, 2, 11): talked(60),
        date(2026, 3, 10): talked(60),
    }
    shown = panel(date(2026, 3, 10), voice_minute=usage)

    assert shown.before_last == date(2026, 2, 10)
    assert shown.figures[0].before == "1.0 min"


def test_the_31st_is_set_beside_all_of_a_shorter_month():
    assert panel().before_last == date(2026, 2, 28)


def test_each_day_of_the_month_has_its_column():
    shown = panel(date(2026, 3, 5), voice_minute={date(2026, 3, 4): talked(90)})

    assert [column.shown[0] for column in shown.chart.columns] == [
        "0",
        "0",
        "0",
        "1.5",
        "0",
    ]


@pytest.mark.parametrize(
    ("now", "before", "said"),
    [(1, 0, ""), (5, 5, "±0 %"), (1, 3, f"{MINUS}67 %"), (100, 1, "×100")],
)
def test_changes_in_words(now, before, said):
    assert change(now, before) == said


def test_a_day_more_is_a_day_more_of_both_months():
    assert month_panel.span_of(date(2026, 1, 1)) == (date(2025, 12, 1), date(2026, 1, 1))
    assert TODAY - month_panel.span_of(TODAY)[0] == timedelta(days=58)
