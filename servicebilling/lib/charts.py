"""Bar charts as plain numbers for a template to draw: stacked columns over real axes.

Everything is laid out here, so that the page needs neither a script nor inline styles
(templates/components/chart.html). Across, places are percent of the drawing's width, so that
it fits a telephone and a desk without a letter of it changing its size; down, they are pixels.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal

HEIGHT = 240
TOP, BOTTOM = 12, 28
LABELS_MAX = 8
# Of each column's place, what stays empty beside it.
_GAP = 0.2
# A sign of the axis, at its widest, and what is between the axis and the columns, in pixels.
_SIGN_WIDTH, _AXIS_GAP = 7, 8
_STEPS = (Decimal(1), Decimal(2), Decimal("2.5"), Decimal(5), Decimal(10))

Number = Decimal | int


@dataclass(frozen=True, slots=True)
class Series:
    """One colour of the stack: `key` names it in the style sheet."""

    key: str
    name: str
    values: Sequence[Number]


@dataclass(frozen=True, slots=True)
class Piece:
    key: str
    y: float
    height: float


@dataclass(frozen=True, slots=True)
class Column:
    """One place on the axis: `text` tells all of it in words, for pointers and readers."""

    x: float
    width: float
    middle: float
    label: str
    text: str
    pieces: tuple[Piece, ...]
    shown: tuple[str, ...]
    # Where what it counts is listed; empty: nowhere.
    url: str = ""


@dataclass(frozen=True, slots=True)
class Tick:
    y: float
    label: str


@dataclass(frozen=True, slots=True)
class Chart:
    title: str
    columns: tuple[Column, ...]
    ticks: tuple[Tick, ...]
    names: tuple[tuple[str, str], ...]
    # Every how many columns one is labelled.
    label_every: int
    is_empty: bool
    height: int = HEIGHT
    baseline: int = HEIGHT - BOTTOM

    @property
    def has_links(self) -> bool:
        return any(column.url for column in self.columns)

    @property
    def label_every_narrow(self) -> int:
        """Every how many columns one is labelled where there is little room."""
        return 2 * self.label_every

    @property
    def axis_width(self) -> int:
        """Pixels that the axis and its signs need."""
        signs = max((len(tick.label) for tick in self.ticks), default=0)
        return _SIGN_WIDTH * signs + _AXIS_GAP

    @property
    def axis_right(self) -> int:
        return self.axis_width - _AXIS_GAP

    @property
    def label_y(self) -> int:
        return self.height - 8


def stack(
    title: str,
    labels: Sequence[str],
    series: Sequence[Series],
    *,
    shown: Callable[[Number], str] = "{:,}".format,
    height: int = HEIGHT,
    urls: Sequence[str] = (),
) -> Chart:
    """Return columns, one per label, in which the series stand on each other.

    Values are not negative. `shown` writes a value; the axis uses it too. `urls` say where
    each column leads to; a column of nothing leads nowhere. Raises `ValueError` if a series,
    or the urls, have another length than the labels.
    """
    if any(len(one.values) != len(labels) for one in series):
        raise ValueError("Every series needs one value per label.")
    if urls and len(urls) != len(labels):
        raise ValueError("Every label needs an address, or none does.")
    totals = [sum(place) for place in zip(*(one.values for one in series), strict=True)]
    top = max(map(Decimal, totals), default=Decimal(0))
    step = _step(top)
    steps = max(1, int((top / step).to_integral_value(ROUND_CEILING)))
    per_unit = (height - TOP - BOTTOM) / float(step * steps)
    slot = 100 / max(1, len(labels))
    columns = [
        _column(
            number,
            label,
            series,
            slot=slot,
            per_unit=per_unit,
            baseline=height - BOTTOM,
            shown=shown,
            url=urls[number] if urls and totals[number] else "",
        )
        for number, label in enumerate(labels)
    ]
    ticks = [
        Tick(
            round(height - BOTTOM - float(step * n) * per_unit, 2), shown(_plain(step * n))
        )
        for n in range(steps + 1)
    ]
    return Chart(
        title=title,
        columns=tuple(columns),
        ticks=tuple(ticks),
        names=tuple((one.key, one.name) for one in series),
        label_every=-(-len(labels) // LABELS_MAX) or 1,
        is_empty=top == 0,
        height=height,
        baseline=height - BOTTOM,
    )


def _column(
    number: int,
    label: str,
    series: Sequence[Series],
    *,
    slot: float,
    per_unit: float,
    baseline: int,
    shown: Callable[[Number], str],
    url: str,
) -> Column:
    gap = slot * _GAP
    x, y = slot * number + gap / 2, float(baseline)
    pieces = []
    for one in series:
        height = float(one.values[number]) * per_unit
        if height > 0:
            y -= height
            pieces.append(Piece(one.key, round(y, 2), round(height, 2)))
    written = tuple(shown(one.values[number]) for one in series)
    told = ", ".join(
        f"{one.name} {text}" for one, text in zip(series, written, strict=True)
    )
    return Column(
        x=round(x, 3),
        width=round(slot - gap, 3),
        middle=round(x + (slot - gap) / 2, 3),
        label=label,
        text=f"{label}: {told}",
        pieces=tuple(pieces),
        shown=written,
        url=url,
    )


def _step(top: Decimal) -> Decimal:
    """Return a round distance of the lines that makes about four of them; whole for counts
    of a few."""
    if top <= 0:
        return Decimal(1)
    raw = top / 4
    magnitude = Decimal(1).scaleb(raw.adjusted())
    step = next(one * magnitude for one in _STEPS if one * magnitude >= raw)
    return max(step, Decimal(1)) if top == top.to_integral_value() else step


def _plain(value: Decimal) -> Number:
    return int(value) if value == value.to_integral_value() else value.normalize()
