"""Tables for people: scores as CSV, Excel or Parquet, by the ending of the file's name.

Parquet keeps every digit. CSV and Excel are opened in spreadsheets, so there probabilities have four decimals, and no
text is run as a formula: a lead may be called `=HYPERLINK(…)` by whoever filled in the form. In CSV such a text gets
an apostrophe in front (OWASP, "CSV injection"); in Excel its cell is marked as text and keeps its value.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

import narwhals.stable.v2 as nw
import polars as pl

from gallop.adapters.tables.parquet import write_parquet, write_with
from gallop.errors import SettingsError
from gallop.files import write_whole
from gallop.schema import NUMBER

ENDINGS: Final = (".csv", ".tsv", ".xlsx", ".parquet", ".pq")
_FORMULA: Final = r"^[=+\-@\t\r\n＝＋－＠]"
"""How a text begins that a spreadsheet runs, or may run; a plain number such as -1.5 it does not."""
_DECIMALS: Final = 4
_EXCEL_ROWS, _EXCEL_TEXT = 1_048_576, 32_767


def require_known_ending(path: Path) -> None:
    """Raises `SettingsError` for a name that ends unlike all the kinds that are written."""
    if path.suffix.lower() not in ENDINGS:
        raise SettingsError(f"{path}: scores are written as {', '.join(ENDINGS[:-1])}; end the name with one of them")


def write_scores(table: nw.DataFrame, path: Path, rounded: Sequence[str] = ()) -> None:
    """Write a table as its name's ending says: whole or not at all.

    Args:
        rounded: columns that get four decimals, in CSV and Excel.

    Raises:
        SettingsError: an ending that is not known, or more rows than an Excel sheet has.
    """
    require_known_ending(path)
    frame, ending = pl.DataFrame(table.to_native()), path.suffix.lower()
    if ending in {".parquet", ".pq"}:
        write_whole(path, lambda temporary: write_parquet(frame, temporary))
        return
    frame = frame.with_columns(pl.col(name).round(_DECIMALS) for name in rounded if name in frame.columns)
    if ending == ".xlsx":
        if frame.height >= _EXCEL_ROWS:
            raise SettingsError(f"{path}: {frame.height:,} rows, and an Excel sheet has {_EXCEL_ROWS:,}; write .csv")
        write_whole(path, lambda temporary: _write_excel(frame, temporary, rounded))
    else:
        separator = "\t" if ending == ".tsv" else ","
        text = _as_csv(frame, rounded)
        write_whole(
            path, lambda temporary: write_with(lambda file: text.write_csv(file, separator=separator), temporary)
        )


def harmless(text: pl.Expr) -> pl.Expr:
    """The text, with an apostrophe in front where a spreadsheet would take it for a formula."""
    dangerous = text.str.contains(_FORMULA) & ~text.str.contains(NUMBER)
    return pl.when(dangerous).then("'" + text).otherwise(text)


def _as_csv(frame: pl.DataFrame, rounded: Sequence[str]) -> pl.DataFrame:
    header = pl.Series(frame.columns, dtype=pl.String)
    names = pl.select(harmless(pl.lit(header)).alias("name"))["name"].to_list()
    columns = []
    for name, dtype in frame.schema.items():
        if dtype == pl.String:
            columns.append(harmless(pl.col(name)).alias(name))
        elif name in rounded:
            columns.append(_with_decimals(pl.col(name)).alias(name))
        else:
            columns.append(pl.col(name))
    return frame.select(columns).rename(dict(zip(frame.columns, names, strict=True)))


def _with_decimals(number: pl.Expr) -> pl.Expr:
    """A number with four decimals, the last ones also where they are zeros."""
    scaled = (number * 10**_DECIMALS).round().cast(pl.Int64)
    sign, size = pl.when(scaled < 0).then(pl.lit("-")).otherwise(pl.lit("")), scaled.abs()
    whole, rest = (size // 10**_DECIMALS).cast(pl.String), (size % 10**_DECIMALS).cast(pl.String)
    return sign + whole + "." + rest.str.zfill(_DECIMALS)


def _write_excel(frame: pl.DataFrame, path: Path, rounded: Sequence[str]) -> None:
    from xlsxwriter import Workbook

    # Row by row to disk; and only what is called a formula, a number or a link by us is one.
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False, "in_memory": False}
    with Workbook(str(path), options) as workbook:
        sheet = workbook.add_worksheet("scores")
        bold, plain = workbook.add_format({"bold": True, "quote_prefix": True}), workbook.add_format()
        decimals = workbook.add_format({"num_format": f"0.{'0' * _DECIMALS}"})
        # What Excel itself sets for a cell typed with an apostrophe: it stays a text when somebody edits it.
        text = workbook.add_format({"quote_prefix": True})
        for column, name in enumerate(frame.columns):
            sheet.write_string(0, column, name[:_EXCEL_TEXT], bold)
        formats = [decimals if name in rounded else plain for name in frame.columns]
        for row, values in enumerate(frame.iter_rows(), 1):
            for column, value in enumerate(values):
                if isinstance(value, str):
                    sheet.write_string(row, column, value[:_EXCEL_TEXT], text)
                elif value is not None:
                    sheet.write(row, column, value, formats[column])
        sheet.freeze_panes(1, 0)
        if frame.width:
            sheet.autofilter(0, 0, frame.height, frame.width - 1)
