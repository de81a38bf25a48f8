"""How an unknown file is written. `gallop init` looks once and keeps it in the settings; `gallop score` looks at each
file, since new leads need not be written as those that the model was trained on."""

import codecs
import csv
import io
import os
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path

from gallop.adapters.tables import csv_text, excel, layout, parquet
from gallop.adapters.tables.contents import PARQUET_ENDINGS, Kind, open_contents, read_contents
from gallop.adapters.tables.csv_text import BLANK, csv_lines, csv_rows, cut_remark, named_separator, utf8
from gallop.errors import SettingsError
from gallop.settings.table import Format
from gallop.tables.header import looks_like_values

_SEPARATORS = ",;\t|"
_BYTE_ORDER_MARKS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))
_SAMPLE_BYTES = 1 << 18
_LARGE_BYTES = 1 << 24


@dataclass(frozen=True)
class Detected:
    """What a file is, how it is read, and what a person should know about it."""

    kind: Kind
    form: Format
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        if self.kind is Kind.CSV:
            return f"CSV in {self.form.encoding}, values separated by {self.form.separator!r}"
        return f"Excel, sheet {self.form.sheet!r}" if self.kind is Kind.EXCEL else self.kind.value


def detect(path: Path, sheet: str | None = None) -> Detected:
    """The kind of a file and its format: CSV, JSON, Excel or Parquet, plain or packed, or a folder of Parquet.

    Args:
        sheet: of an Excel file; None for the first one with cells.

    Raises:
        DataUnavailableError: no such file. EmptyTableError: nothing in it.
        MalformedTableError: damaged, or of a kind that is not read.
        SettingsError: a sheet that the file does not have.
    """
    if path.is_dir():
        parquet.parquet_files(path)
        kind, data = Kind.PARQUET, b""
    elif path.suffix.lower() in PARQUET_ENDINGS and path.is_file():
        kind, data = Kind.PARQUET, b""
    else:
        if sheet is None and (detected := _large_csv(path)):
            return detected
        contents = read_contents(path)
        kind, data = contents.kind, contents.data
    if sheet is not None and kind is not Kind.EXCEL:
        raise SettingsError(f"{path}: --sheet {sheet!r}: a file of {kind} has no sheets; leave the option out")
    if kind is Kind.EXCEL:
        form, others = excel.sheet_format(data, path, sheet)
        chosen = f"{path}: the sheet {form.sheet!r} is read, of {others + 1}; --sheet names another"
        return Detected(kind, form, ((chosen,) if others else ()) + _left_out(form, path))
    if kind is Kind.CSV:
        form = _csv_format(data, path)
        return Detected(kind, form, (*_left_out(form, path), *cut_remarks(data, path)))
    return Detected(kind, Format())


def _large_csv(path: Path) -> Detected | None:
    """A large plain CSV in UTF-8 and without lines around the table, which is not held in memory; None for all else."""
    if not path.is_file() or path.stat().st_size < _LARGE_BYTES:
        return None
    with path.open("rb") as file:
        start = file.read(4 * _SAMPLE_BYTES)
        file.seek(-_SAMPLE_BYTES, os.SEEK_END)
        end = file.read()
        opened = open_contents(path)
        with opened.stream as stream:
            is_plain = opened.kind is Kind.CSV and isinstance(stream.raw, io.FileIO)
        file.seek(0)
        if not is_plain or not _is_utf8(file):
            return None
    named, start = named_separator(start), csv_text.without_marks(start)
    separator = named or _separator(start.decode("utf-8", "ignore"))
    if _csv_layout(start + b"\n" + end, separator) != (0, 0):
        return None
    return Detected(Kind.CSV, Format(separator=separator), cut_remarks(start + end, path))


def _is_utf8(file: io.BufferedReader) -> bool:
    decoder = codecs.getincrementaldecoder("utf-8")()
    try:
        while block := file.read(4 * _SAMPLE_BYTES):
            decoder.decode(block)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return False
    return True


def cut_remarks(data: bytes, path: Path) -> tuple[str, ...]:
    """A sentence where the last line alone lacks its end: a file that was cut in its last value looks just so."""
    # In UTF-16 and UTF-32 zeros stand around the end of a line.
    ended, lines = data.rstrip(b"\0").endswith((b"\n", b"\r")), b"\n" in data or b"\r" in data
    if ended or not lines:
        return ()
    return (cut_remark(path),)


def _left_out(form: Format, path: Path) -> tuple[str, ...]:
    parts = [
        f"{count} {'line' if count == 1 else 'lines'} {where}"
        for count, where in ((form.preamble, "above the header"), (form.footer, "below the rows"))
        if count
    ]
    return (f"{path}: {' and '.join(parts)} left out, which are no part of the table",) if parts else ()


def _csv_format(content: bytes, path: Path) -> Format:
    encoding = _encoding(content)
    named = named_separator(content.decode(encoding, "ignore").encode("utf-8"))
    text = utf8(content, path, encoding)
    separator = named or _separator(text[: 4 * _SAMPLE_BYTES].decode("utf-8", "ignore"))
    preamble, footer = _csv_layout(text, separator)
    return Format(separator=separator, encoding=encoding, preamble=preamble, footer=footer)


def _csv_layout(text: bytes, separator: str) -> tuple[int, int]:
    """The lines above and below the table."""
    start = text[: 4 * _SAMPLE_BYTES]
    try:
        rows = [row for _, row in zip(range(500), csv_rows(start, separator), strict=False)]
    except csv.Error:
        return 0, 0
    width = layout.table_width(rows)
    if width < 2:
        return 0, 0
    above = layout.preamble(csv_lines(start, separator), width) if layout.is_beside(rows[0], width) else 0
    below = layout.footer(csv_lines(text[-_SAMPLE_BYTES:], separator), width)
    if below:
        # A value may go over several lines, one of them blank: only whole rows can stand below the table.
        ends = [row for row in csv_rows(text, separator) if any(cell.strip() for cell in row)][-below - 1 :]
        below = below if [layout.is_beside(row, width) for row in ends] == [False, *[True] * below] else 0
    return above, below


def detect_log(path: Path) -> Detected:
    """As `detect`, of a log of events: values may be parted by blanks, and there may be no header."""
    found = detect(path)
    if found.kind is not Kind.CSV:
        return found
    text = utf8(read_contents(path).data, path, found.form.encoding)[:_SAMPLE_BYTES].decode("utf-8", "ignore")
    lines = [line for line in text.splitlines()[:50] if line.strip()][found.form.preamble :][:20]
    rows, separator = list(csv.reader(lines, delimiter=found.form.separator)), found.form.separator
    widths = {len(line.split()) for line in lines}
    if all(len(row) == 1 for row in rows) and len(widths) == 1 and widths != {1}:
        rows, separator = [line.split() for line in lines], BLANK
    header = not (rows and looks_like_values(rows[0]))
    return replace(found, form=found.form.model_copy(update={"separator": separator, "header": header}))


def _encoding(content: bytes) -> str:
    for mark, name in _BYTE_ORDER_MARKS:
        if content.startswith(mark):
            return name
    try:
        content.decode("utf-8")
        return "utf-8"
    except UnicodeDecodeError:
        pass
    from charset_normalizer import from_bytes

    matches = from_bytes(content[:_SAMPLE_BYTES])
    # Short texts fit several code pages equally well; then the one that most Western tables are written in is meant.
    western = any("cp1252" in match.could_be_from_charset for match in matches)
    best = matches.best()
    for name in ("cp1252" if western or best is None else best.encoding, "cp1252"):
        try:
            content.decode(name)
        except UnicodeDecodeError:
            continue
        return codecs.lookup(name).name
    return "latin-1"


def _separator(text: str) -> str:
    """The character that splits the most rows into equally many values."""

    def score(separator: str) -> tuple[float, int]:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=separator)
        widths: Counter = Counter()
        try:
            for _, row in zip(range(500), reader, strict=False):
                widths[len(row)] += bool(row)
        except csv.Error:
            pass
        if not widths:
            return 0.0, 0
        width, rows = widths.most_common(1)[0]
        return (rows / widths.total(), width) if width > 1 else (0.0, 0)

    return max(_SEPARATORS, key=score)
