"""A CSV of any size as tables of text, some rows at a time, with the checks that reading it whole makes.

Arrow's streaming reader parses blocks of the file, and refuses a row unlike the header as its other reader does. What
goes into it is checked on the way: the encoding, NUL bytes, open quotation marks. Where something is wrong, the file
is read a second time, row by row, to name the row.
"""

import codecs
import csv
import io
from collections.abc import Callable, Collection, Generator, Iterator
from pathlib import Path
from typing import Final

import polars as pl

from gallop.adapters.tables import csv_text
from gallop.errors import EmptyTableError, GallopError
from gallop.settings.table import Format

_BLOCK: Final = 1 << 24
"""Bytes that are parsed at once: about 150,000 rows of a usual table."""
_READ: Final = 1 << 20

Opener = Callable[[], io.BufferedIOBase]
"""Opens the unpacked bytes of a file at their beginning. Damage in the packing is raised where it is read."""


class Utf8Stream(io.RawIOBase):
    """The text of a file in UTF-8, without byte order mark or Excel's `sep=` line, checked as it goes by.

    What is wrong is raised after all that came before it was given out, and kept in `failure`, since other readers
    raise errors of their own in its place: `UnicodeError`, `ValueError` for a NUL byte, or the packing's.
    """

    def __init__(self, source: io.BufferedIOBase, encoding: str) -> None:
        self._source = source
        self._decoder = codecs.getincrementaldecoder(encoding)()
        self._is_utf8 = codecs.lookup(encoding).name == "utf-8"
        self._pending, self._at_end, self._begun = memoryview(b""), False, False
        self.failure: Exception | None = None
        self.quotes, self.has_lines, self.last = 0, False, b""
        """Of what was read: quotation marks, whether any line ends, and the last byte."""

    def readable(self) -> bool:
        """Always."""
        return True

    def close(self) -> None:
        """Closes the file too."""
        super().close()
        self._source.close()

    def start(self) -> bytes:
        """The first bytes of the text, which are also given out later. Raises where something is wrong in them."""
        blocks = [bytes(self._pending)]
        while sum(map(len, blocks)) < _READ and (block := self._block()):
            blocks.append(block)
        self._pending = memoryview(b"".join(blocks))
        return bytes(self._pending[:_READ])

    def readinto(self, buffer) -> int:
        """As `io.RawIOBase` has it."""
        if not self._pending:
            self._pending = memoryview(self._block())
        count = min(len(buffer), len(self._pending))
        buffer[:count] = self._pending[:count]
        self._pending = self._pending[count:]
        return count

    def _block(self) -> bytes:
        block = b""
        while not block and not self._at_end:
            if self.failure is not None:
                raise self.failure
            try:
                raw = self._source.read(_READ)
            except (GallopError, OSError) as error:
                self.failure = error
                continue
            self._at_end = not raw
            block = self._text(raw)
        self.quotes += block.count(b'"')
        self.has_lines = self.has_lines or b"\n" in block or b"\r" in block
        self.last = block[-1:] or self.last
        return block

    def _text(self, raw: bytes) -> bytes:
        """The bytes in UTF-8, up to what is wrong; those of a character that goes on wait for the next ones."""
        try:
            if self._is_utf8 and raw and raw.isascii() and not self._decoder.getstate()[0]:
                block = raw
            else:
                block = self._decoder.decode(raw, final=not raw).encode("utf-8")
        except UnicodeDecodeError as error:
            self.failure, self._at_end = error, False
            block = error.object[: error.start].decode(error.encoding, "ignore").encode("utf-8", "ignore")
        except UnicodeEncodeError as error:
            self.failure, self._at_end = error, False
            block = b""
        if not self._begun:
            block = csv_text.without_marks(block)
            self._begun = bool(block)
        if b"\0" in block:
            self.failure, self._at_end = ValueError("NUL"), False
            block = block[: block.index(b"\0")]
        return block


class CsvStream:
    """A CSV of which the header is read, and the rows can be, once.

    Raises, then or while its rows are read:
        EncodingError, EmptyTableError. MalformedTableError: a row has more or fewer values than the header.
    """

    def __init__(self, open_file: Opener, path: Path, form: Format) -> None:
        self._open, self._path, self._form = open_file, path, form
        self._stream = Utf8Stream(open_file(), form.encoding)
        self.columns: list[str] = []
        try:
            start = self._stream.start()
            if not start.strip():
                raise EmptyTableError(f"{path}: the file is empty; a header and at least one row are needed")
            self.columns = csv_text.header(start, path, form)
        except (GallopError, OSError, ValueError) as error:
            self._stream.close()
            raise (self._explained(error) if self._stream.failure else error) from None

    @property
    def remarks(self) -> tuple[str, ...]:
        """What a person should know about the file; known when all rows are read."""
        is_cut = self._stream.has_lines and self._stream.last not in {b"\n", b"\r"}
        return (csv_text.cut_remark(self._path),) if is_cut else ()

    def frames(self, wanted: Collection[str]) -> Iterator[pl.DataFrame]:
        """The rows as text, in the file's order.

        Args:
            wanted: the columns to give.
        """
        import pyarrow as pa
        import pyarrow.csv

        options = csv_text.arrow_options(self.columns, wanted, self._form.separator, _BLOCK)
        # The header is read as the first row, since its own names need not be usable.
        above = int(self._form.header)
        try:
            with pa.csv.open_csv(io.BufferedReader(self._stream, _READ), **options) as reader:
                for batch in reader:
                    yield pl.DataFrame(pl.from_arrow(batch.slice(above)))
                    above = max(0, above - len(batch))
        except (pa.ArrowException, OSError, ValueError, GallopError) as error:
            raise self._explained(error) from None
        finally:
            self._stream.close()
        if self._stream.quotes % 2:
            csv_text.require_quotes_closed(self._rows(strict=True), self._path)

    def _rows(self, *, strict: bool = False) -> Generator[list[str]]:
        """The rows from the beginning, as Python reads them."""
        stream = io.BufferedReader(Utf8Stream(self._open(), self._form.encoding))
        with io.TextIOWrapper(stream, "utf-8", "ignore", newline="") as text:
            yield from (row for row in csv.reader(text, delimiter=self._form.separator, strict=strict) if row)

    def _explained(self, error: Exception) -> Exception:
        failure = self._stream.failure
        if failure is None:
            return csv_text.explain_row(error, self._rows, self._path, len(self.columns))
        if not isinstance(failure, ValueError):
            return failure
        row = -1
        try:
            for row, _ in enumerate(self._rows()):  # noqa: B007
                pass
        except ValueError:
            pass
        return csv_text.explain_bytes(failure, row + 1, self._path, self._form.encoding)
