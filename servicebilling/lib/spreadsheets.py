"""Tables as files, row by row: CSV for programs, XLSX for people. Memory does not grow.

What other people typed (a caller's number, an agent's name) must not become a formula on the
machine of whoever opens the file. In XLSX texts are written as texts. CSV cannot say what is
a text, so one that a spreadsheet would take for a formula gets an apostrophe in front.
"""

import csv
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from io import StringIO
from pathlib import Path
from typing import Any

import xlsxwriter

Cell = str | int | Decimal | date | datetime | None
# A sheet of XLSX ends there; the rest goes on the next one.
SHEET_ROWS_MAX = 1_048_576
_STARTS_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")
_is_phone_number = re.compile(r"\+[0-9]{3,15}", re.ASCII).fullmatch
# No cell of XLSX holds more.
_TEXT_MAX = 32_767
_ROWS_PER_PART = 500


@dataclass(frozen=True, slots=True)
class Column:
    title: str
    # In characters, for XLSX.
    width: int = 14


def csv_parts(columns: Sequence[Column], rows: Iterable[Sequence[Cell]]) -> Iterator[bytes]:
    """Yield a CSV file (UTF-8, RFC 4180) in parts of some hundred rows."""
    buffer = StringIO()
    writer = csv.writer(buffer)
    writer.writerow([column.title for column in columns])
    for number, row in enumerate(rows, start=1):
        writer.writerow([as_text(cell) for cell in row])
        if number % _ROWS_PER_PART == 0:
            yield buffer.getvalue().encode()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue().encode()


def as_text(cell: Cell) -> str:
    """Return a cell of CSV: decimals with their own digits, times with their offset."""
    if cell is None:
        return ""
    if isinstance(cell, Decimal):
        return f"{cell:f}"
    if isinstance(cell, date):
        return cell.isoformat()
    if isinstance(cell, str):
        return _disarmed(cell)
    return str(cell)


def write_xlsx(
    path: Path, *, title: str, columns: Sequence[Column], rows: Iterable[Sequence[Cell]]
) -> None:
    """Write an XLSX file. Each row goes to the disk before the next is asked for."""
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_numbers": False,
        "strings_to_urls": False,
        "default_date_format": "yyyy-mm-dd hh:mm:ss",
        "remove_timezone": True,
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        bold = book.add_format({"bold": True, "bottom": 1})
        day = book.add_format({"num_format": "yyyy-mm-dd"})
        sheet, at = None, 0
        for number, row in enumerate(rows):
            at = number % (SHEET_ROWS_MAX - 1) + 1
            if sheet is None or at == 1:
                sheet = _new_sheet(book, title, columns, bold)
            for column, cell in enumerate(row):
                _write_cell(sheet, at, column, cell, day)
        if sheet is None:
            _new_sheet(book, title, columns, bold)


def _new_sheet(book: Any, title: str, columns: Sequence[Column], bold: Any) -> Any:
    number = len(book.worksheets()) + 1
    sheet = book.add_worksheet(title if number == 1 else f"{title} {number}")
    for index, column in enumerate(columns):
        sheet.set_column(index, index, column.width)
    sheet.freeze_panes(1, 0)
    for index, column in enumerate(columns):
        sheet.write_string(0, index, column.title, bold)
    return sheet


def _write_cell(sheet: Any, at: int, column: int, cell: Cell, day: Any) -> None:
    if cell is None:
        return
    if isinstance(cell, datetime):
        sheet.write_datetime(at, column, cell)
    elif isinstance(cell, date):
        sheet.write_datetime(at, column, cell, day)
    elif isinstance(cell, int | Decimal):
        # The format itself keeps numbers as floats of 64 bits.
        sheet.write_number(at, column, float(cell))
    else:
        sheet.write_string(at, column, _printable(cell)[:_TEXT_MAX])


def _disarmed(text: str) -> str:
    clean = _printable(text)
    if clean.startswith(_STARTS_FORMULA) and not _is_phone_number(clean):
        return f"'{clean}"
    return clean


def _printable(text: str) -> str:
    """Without control characters, which no format can hold."""
    return re.sub(r"[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff\ud800-\udfff]", "", text)
