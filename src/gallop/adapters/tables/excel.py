"""A sheet of an Excel file (or of LibreOffice's) as a table of text, each value as a CSV would hold it.

calamine reads cells with their types and runs nothing: neither formulas nor macros nor links. Cells hold what was
worked out when the file was saved.
"""

import io
from collections.abc import Generator
from contextlib import contextmanager
from datetime import datetime, time, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from gallop.adapters.tables import layout
from gallop.adapters.tables.header import column_names
from gallop.errors import EmptyTableError, MalformedTableError, SettingsError
from gallop.settings.table import Format

_EXACT = 1e15
"""Whole numbers below it are the numbers they are shown as."""


def sheet_format(data: bytes, path: Path, sheet: str | None) -> tuple[Format, int]:
    """Which sheet, and which of its rows are the table; and how many other sheets there are.

    Raises:
        SettingsError: no such sheet. EmptyTableError: no cells. MalformedTableError: damaged.
    """
    workbook = _workbook(data, path)
    names = list(workbook.sheet_names)
    chosen = _checked(sheet, names, path) if sheet is not None else _first_filled(workbook, names, path)
    rows = _rows(workbook, chosen, path)
    width = layout.table_width(rows[:500])
    return Format(sheet=chosen, preamble=layout.preamble(rows, width), footer=layout.footer(rows, width)), len(
        names
    ) - 1


def read_sheet(data: bytes, path: Path, form: Format) -> pl.DataFrame:
    """The rows of a sheet as text. Raises as `sheet_format` does."""
    workbook = _workbook(data, path)
    names = list(workbook.sheet_names)
    chosen = _checked(form.sheet, names, path) if form.sheet is not None else _first_filled(workbook, names, path)
    rows = _rows(workbook, chosen, path)[form.preamble :]
    for _ in range(form.footer):
        while rows and not any(rows[-1]):
            rows.pop()
        rows = rows[:-1]
    rows = [row for row in rows if any(row)]
    if not rows:
        raise EmptyTableError(f"{path}: the sheet {chosen!r} has no cells where the table should be")
    width = max(len(row) for row in rows)
    width = max((index + 1 for row in rows for index in range(len(row)) if row[index]), default=width)
    header = column_names([*rows[0], *[""] * width][:width], path)
    columns = zip(*([*row, *[""] * width][:width] for row in rows[1:]), strict=True)
    values = list(columns) if len(rows) > 1 else [()] * width
    return pl.DataFrame(
        {name: list(column) for name, column in zip(header, values, strict=True)}, dict.fromkeys(header, pl.String)
    )


def _workbook(data: bytes, path: Path) -> Any:
    from python_calamine import load_workbook

    with _readable(f"{path}: not an Excel file that can be read"):
        return load_workbook(io.BytesIO(data))


def _rows(workbook: Any, sheet: str, path: Path) -> list[list[str]]:
    with _readable(f"{path}: the sheet {sheet!r} cannot be read"):
        cells = workbook.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    return [[_text(cell) for cell in row] for row in cells]


@contextmanager
def _readable(otherwise: str) -> Generator[None]:
    try:
        yield
    except (KeyboardInterrupt, SystemExit):
        raise
    except BaseException as error:  # noqa: BLE001 a panic in Rust is no Exception, and comes of a damaged file alone
        why = "it has a password; save it without one" if "assword" in str(error) else "damaged, or not of this kind"
        raise MalformedTableError(f"{otherwise}: {why}") from None


def _checked(sheet: str, names: list[str], path: Path) -> str:
    if sheet not in names:
        raise SettingsError(f"{path}: no sheet {sheet!r}; it has {', '.join(map(repr, names))}")
    return sheet


def _first_filled(workbook: Any, names: list[str], path: Path) -> str:
    for name in names:
        if any(any(row) for row in _rows(workbook, name, path)):
            return name
    raise EmptyTableError(f"{path}: no sheet of it has any cells")


def _text(cell: object) -> str:
    """2.0 as `2`, midnight as its day, a duration in seconds; a formula's error is no value and comes as nothing."""
    if isinstance(cell, str):
        return cell
    if isinstance(cell, bool):
        return str(cell).lower()
    if isinstance(cell, float):
        return str(int(cell)) if abs(cell) < _EXACT and cell == int(cell) else repr(cell)
    if isinstance(cell, timedelta):
        return _text(cell.total_seconds())
    if isinstance(cell, datetime):
        return cell.date().isoformat() if cell.time() == time() else cell.isoformat(" ")
    return str(cell)
