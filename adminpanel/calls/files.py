"""The call log as a file; who may not see money gets one without it."""

from collections.abc import Iterator

from adminpanel.calls import reports
from adminpanel.calls.asking import Wanted
from servicebilling.lib import spreadsheets
from servicebilling.lib.spreadsheets import Cell, Column

_FACTS = (
    "id",
    "provider_call_id",
    "occurred_at",
    "organization",
    "agent",
    "number",
    "call_from",
    "call_to",
    "direction",
    "status",
    "reason",
    "duration_seconds",
    "billed_minutes",
    "prepaid_minutes",
)
_AMOUNTS = ("cost_usd", "price", "currency", "margin")


def csv_of(wanted: Wanted, *, with_money: bool, with_numbers: bool) -> Iterator[bytes]:
    """Yield the file in parts, reading the calls in batches."""
    names = _FACTS + (_AMOUNTS if with_money else ())
    lines = reports.every(wanted)
    if not with_numbers:
        lines = map(reports.without_numbers, lines)
    rows = (_cells(line, names) for line in lines)
    return spreadsheets.csv_parts([Column(name) for name in names], rows)


def _cells(line: reports.Line, names: tuple[str, ...]) -> list[Cell]:
    return [str(line.id) if name == "id" else getattr(line, name) for name in names]
