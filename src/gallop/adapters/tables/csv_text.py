"""CSV → a table of text. Arrow parses it, because its reader checks that every row has as many values as the header;
others fill a cut row with nulls. Every value enters as text, so no engine's guess about types ever matters."""

import codecs
import csv
import io
import re
from collections.abc import Callable, Collection, Generator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import polars as pl

from gallop.adapters.tables.header import column_names
from gallop.adapters.tables.layout import is_beside
from gallop.errors import EmptyTableError, EncodingError, MalformedTableError
from gallop.settings.table import Format

BLANK: Final = " "
"""Stands for any number of blanks between values."""
_SEPARATOR_LINE: Final = re.compile(rb'^"?sep=(.)"?(\r\n|\r|\n|$)', re.IGNORECASE)


def read_csv(packed: bytes, path: Path, form: Format) -> pl.DataFrame:
    """The rows of a CSV as text.

    Raises:
        EncodingError, EmptyTableError. MalformedTableError: a row has more or fewer values than the header.
    """
    # Only the first stage reads CSV; the others start faster without Arrow.
    import pyarrow as pa
    import pyarrow.csv

    content = _table_alone(utf8(packed, path, form.encoding), path, form)
    if form.separator == BLANK:
        content = re.sub(rb"(?m)^[ \t]+|[ \t]+(?=\r?$)", b"", re.sub(rb"[ \t]+", b" ", content))
    names = header(content, path, form)
    if content.count(b'"') % 2:
        require_quotes_closed(csv_rows(content, form.separator, strict=True), path)
    try:
        table = pa.csv.read_csv(pa.BufferReader(content), **arrow_options(names, names, form.separator, 1 << 26))
    except pa.ArrowInvalid as error:
        raise explain_row(error, lambda: csv_rows(content, form.separator), path, len(names)) from None
    # The header was read as the first row, since its own names need not be usable.
    return pl.DataFrame(pl.from_arrow(table.slice(1) if form.header else table))


def arrow_options(names: list[str], wanted: Collection[str], separator: str, block: int) -> dict[str, Any]:
    """How Arrow's readers read a CSV whose encoding is checked already: every value as text.

    Args:
        names, wanted: of all columns, so that the header is read as a row; and of those to give.
        block: bytes that are parsed at once.
    """
    import pyarrow as pa
    import pyarrow.csv

    return {
        "read_options": pa.csv.ReadOptions(use_threads=True, block_size=block, column_names=names),
        "parse_options": pa.csv.ParseOptions(newlines_in_values=True, delimiter=separator),
        "convert_options": pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()),
            include_columns=[name for name in names if name in wanted],
            strings_can_be_null=False,
            check_utf8=False,
        ),
    }


def utf8(content: bytes, path: Path, encoding: str) -> bytes:
    """The text in UTF-8, without byte order mark or Excel's `sep=` line. Raises `EncodingError`, `EmptyTableError`."""
    if codecs.lookup(encoding).name != "utf-8":
        try:
            content = content.decode(encoding).encode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            raise explain_bytes(error, 0, path, encoding) from None
    content = without_marks(content)
    if not content.strip():
        raise EmptyTableError(f"{path}: the file is empty; a header and at least one row are needed")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise explain_bytes(error, _row_at(content, error.start), path, "utf-8") from None
    if b"\x00" in content:
        raise explain_bytes(ValueError("NUL"), _row_at(content, content.index(b"\x00")), path, "utf-8")
    return content


def without_marks(content: bytes) -> bytes:
    """The beginning of a text without byte order mark or Excel's `sep=` line."""
    content = content.removeprefix(b"\xef\xbb\xbf")
    line = _SEPARATOR_LINE.match(content)
    return content[line.end() :] if line else content


def explain_bytes(error: ValueError, row: int, path: Path, encoding: str) -> EncodingError:
    """The error to raise for bytes that are no text.

    Args:
        error: a `UnicodeError`; any other means a NUL byte.
        row: where they are; 0 for the header.
        encoding: in which the text was read.
    """
    where = f"row {row}" if row else "the header"
    if not isinstance(error, UnicodeDecodeError | UnicodeEncodeError):
        return EncodingError(f"{path}: {where}: a NUL byte, which no CSV has; is it UTF-16 or damaged?")
    if codecs.lookup(encoding).name != "utf-8" or isinstance(error, UnicodeEncodeError):
        return EncodingError(f"{path}: not {encoding}, which table.format.encoding is set to: {error.reason}")
    return EncodingError(
        f"{path}: {where}: byte {error.object[error.start]:#04x} is not UTF-8; save the table as UTF-8 (for example "
        "`iconv -f latin1 -t utf-8`), or set table.format.encoding to its encoding"
    )


def cut_remark(path: Path) -> str:
    """What to say of a file whose last line alone lacks its end."""
    return f"{path}: only the last line does not end; if the file was cut there, its last value is not whole"


def named_separator(content: bytes) -> str | None:
    """The separator that Excel's first line names, as in `sep=;`; None without such a line."""
    line = _SEPARATOR_LINE.match(content.removeprefix(b"\xef\xbb\xbf"))
    return line.group(1).decode("latin-1") if line else None


def csv_rows(content: bytes, separator: str = ",", *, strict: bool = False) -> Generator[list[str]]:
    """The rows as Python reads them: lines without anything are no rows, to Arrow neither."""
    text = io.StringIO(content.decode("utf-8", "ignore"), newline="")
    return (values for values in csv.reader(text, delimiter=separator, strict=strict) if values)


def csv_lines(content: bytes, separator: str) -> list[list[str]]:
    """Each line's values by itself, as if no value went over several lines; a blank line has none."""
    rows = []
    for raw_line in content.splitlines():
        line = raw_line.decode("utf-8", "ignore")
        try:
            rows.append(next(csv.reader([line], delimiter=separator), []) if line.strip() else [])
        except csv.Error:
            rows.append([line])
    return rows


def _table_alone(content: bytes, path: Path, form: Format) -> bytes:
    """Without the lines above and below the table that the settings name.

    Raises:
        MalformedTableError: a line that would be left out is as wide as the table, so it may be a lead.
    """
    if not (form.preamble or form.footer):
        return content
    lines = content.splitlines(keepends=True)
    last = _last_filled(lines, len(lines), form.separator)
    for _ in range(form.footer):
        last = _last_filled(lines, last - 1, form.separator)
    above, table, below = lines[: form.preamble], lines[form.preamble : last], lines[last:]
    if not table:
        raise EmptyTableError(f"{path}: no line is left of {len(lines)} without those that table.format leaves out")
    width = len(next(csv_rows(b"".join(table[:1]), form.separator), []))
    for key, left_out in (("preamble", above), ("footer", below)):
        if wide := sum(not is_beside(row, width) for row in csv_lines(b"".join(left_out), form.separator)):
            raise MalformedTableError(
                f"{path}: table.format.{key} leaves out {len(left_out)} lines, but {wide} of them have as many values "
                f"as the header; set it to the lines that are no part of the table"
            )
    return b"".join(table)


def _last_filled(lines: list[bytes], last: int, separator: str) -> int:
    """How many of the first `last` lines there are up to the last one that is more than blanks and separators."""
    while last > 0 and not lines[last - 1].strip().strip(separator.encode()):
        last -= 1
    return max(last, 0)


def _row_at(content: bytes, offset: int) -> int:
    # One more character, so that a row which begins there is counted too.
    return sum(1 for _ in csv_rows(content[:offset] + b"x")) - 1


def header(content: bytes, path: Path, form: Format) -> list[str]:
    """The columns' names, as the settings know them, of a text that begins so. Raises `MalformedTableError`."""
    try:
        names = next(csv_rows(content[: 1 << 20], form.separator))
    except csv.Error as error:
        raise MalformedTableError(f"{path}: the header: {error}; is a quotation mark left open?") from None
    return column_names(names if form.header else [""] * len(names), path)


def require_quotes_closed(rows: Generator[list[str]], path: Path) -> None:
    """Arrow takes a file that ends within quotation marks for whole.

    Args:
        rows: read strictly, of a file with an odd number of quotation marks.
    """
    row = -1
    try:
        with closing(rows):
            for _ in rows:
                row += 1
    except csv.Error as error:
        # Strict, it also minds `"x"y`, which is odd but whole.
        if "delimiter" not in str(error):
            raise MalformedTableError(
                f"{path}: row {row + 1}: a quotation mark is left open; the file was cut there"
            ) from None


def explain_row(error: Exception, rows: Callable[[], Generator[list[str]]], path: Path, width: int) -> Exception:
    """An error that names the row unlike the header; Arrow's own quotes the whole row, which may name a person.

    Args:
        rows: reads them from the beginning.
        width: of the header.
    """
    row = -1
    try:
        with closing(rows()) as reading:
            for values in reading:
                row += 1
                if len(values) != width:
                    return MalformedTableError(_odd_row(path, row, len(values), width, reading))
    except csv.Error as broken:
        return MalformedTableError(f"{path}: row {row + 1}: {broken}")
    if "Empty CSV" in str(error):
        return EmptyTableError(f"{path}: has a header but no rows; at least one lead is needed")
    return MalformedTableError(
        f"{path}: not a well-formed CSV: {str(error).split(':')[0]}; is a quotation mark left open?"
    )


def _odd_row(path: Path, row: int, values: int, width: int, rest: Iterator[list[str]]) -> str:
    sentence = f"{path}: row {row} has {values} values, the header has {width}; "
    below = 1
    for left in rest:
        if not is_beside(left, width):
            below = 0
            break
        below += 1
    if below and values < width:
        return sentence + (
            f"the file was cut there, or notes stand below the table (then delete them, or set table.format.footer to "
            f"{below})"
        )
    if width == 1 < values:
        return sentence + (
            "a title may stand above the header (then delete it, or set table.format.preamble to its lines)"
        )
    return sentence + "the file was cut or malformed there"
