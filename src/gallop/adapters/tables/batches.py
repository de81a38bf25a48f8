"""A raw table of any size as text, some rows at a time: what `read_text` gives, in parts.

CSV goes by in parts, packed or not; so does Parquet, a folder of it file by file. JSON, Excel, packed Parquet, and a
CSV with lines around the table or with blanks as separators are read whole: where they end, or what their columns are,
is known only then.
"""

from collections.abc import Collection, Iterator
from pathlib import Path
from typing import Protocol

import narwhals.stable.v2 as nw
import polars as pl

from gallop.adapters.tables import csv_text, excel, json_records, parquet
from gallop.adapters.tables.contents import PARQUET_ENDINGS, Kind, open_contents, read_contents
from gallop.adapters.tables.csv_format import cut_remarks
from gallop.adapters.tables.csv_stream import CsvStream
from gallop.errors import DataUnavailableError, GallopError
from gallop.schema import ROW
from gallop.settings.table import Format
from gallop.tables.header import require_header


class OpenedTable(Protocol):
    """A table outside, opened, whose rows can be read once."""

    columns: list[str]

    @property
    def remarks(self) -> tuple[str, ...]: ...

    def frames(self, wanted: Collection[str]) -> Iterator[pl.DataFrame]: ...


class TextBatches:
    """A raw table: its columns, and its rows in parts."""

    def __init__(self, path: Path, form: Format | None = None) -> None:
        """Opens the file or folder and reads its header.

        Args:
            form: how it is written; None for the way in which gallop itself writes a CSV.

        Raises:
            As `read_text`, now or while the rows are read.
        """
        self._source = _source(path, form or Format())
        self.columns = self._source.columns

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know about the file; known when it is read."""
        return self._source.remarks

    def require_names(self, wanted: Collection[str], source: str) -> None:
        """As `require_header`; but a file that is cut or malformed further down is told as such."""
        try:
            require_header(self.columns, wanted, source)
        except GallopError:
            for _ in self.frames(wanted):
                pass
            raise

    def frames(self, wanted: Collection[str] | None = None) -> Iterator[nw.DataFrame]:
        """The rows as text in the file's order, with their numbers from 1 in `schema.ROW`.

        Args:
            wanted: the columns to give; None for all.
        """
        first, chosen = 1, self.columns if wanted is None else {*wanted} & {*self.columns}
        for frame in self._source.frames(chosen or self.columns[:1]):
            rows = pl.int_range(first, first + pl.len(), dtype=pl.Int64).alias(ROW)
            yield nw.from_native(frame.select(rows, pl.all()), eager_only=True)
            first += frame.height


def _source(path: Path, form: Format) -> OpenedTable:
    if path.is_dir() or path.suffix.lower() in PARQUET_ENDINGS:
        if not path.exists():
            raise DataUnavailableError(f"{path}: no such file")
        return parquet.ParquetParts(path)
    opened = open_contents(path)
    opened.stream.close()
    if opened.kind is Kind.CSV and not (form.preamble or form.footer or form.separator == csv_text.BLANK):
        return CsvStream(lambda: open_contents(path).stream, path, form)
    return _Whole(path, form)


class _Whole:
    """A table that is read at once."""

    def __init__(self, path: Path, form: Format) -> None:
        contents = read_contents(path)
        self.remarks: tuple[str, ...] = ()
        if contents.kind is Kind.PARQUET:
            self._frame = parquet.read_parquet(contents.data, path)
        elif contents.kind is Kind.JSON:
            self._frame = json_records.read_json(contents.data, path)
        elif contents.kind is Kind.EXCEL:
            self._frame = excel.read_sheet(contents.data, path, form)
        else:
            self._frame, self.remarks = csv_text.read_csv(contents.data, path, form), cut_remarks(contents.data, path)
        self.columns = self._frame.columns

    def frames(self, wanted: Collection[str]) -> Iterator[pl.DataFrame]:
        """All rows."""
        yield self._frame.select(name for name in self.columns if name in wanted)
