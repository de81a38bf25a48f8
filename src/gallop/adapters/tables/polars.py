"""Tables with Polars, the engine that comes along.

CSV is parsed by Arrow, because its reader checks that every row has as many values as the header; others fill a cut
row with nulls. Every value enters as text, so no engine's guess about types ever matters. Separator and encoding are
settings; compression is recognised by a file's first bytes.
"""

import codecs
import csv
import gzip
import io
import json
import zlib
from collections.abc import Iterator
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl

from gallop.errors import (
    ChecksumError,
    DataUnavailableError,
    EmptyTableError,
    EncodingError,
    MalformedTableError,
    MissingOutputError,
)
from gallop.files import digest, write_text, write_whole
from gallop.schema import ROW, usable_names
from gallop.settings.table import Format

TABLE_MANIFEST = "manifest.json"


class PolarsTables:
    """The port `Tables`, with Polars frames inside narwhals."""

    def read_text(self, path: Path, form: Format | None = None) -> nw.DataFrame:
        """Read a CSV or Parquet file as text, with row numbers. See the port for the errors."""
        if not path.is_file():
            raise DataUnavailableError(f"{path}: no such file")
        frame = _parquet_as_text(path) if path.suffix in {".parquet", ".pq"} else _csv(path, form or Format())
        return nw.from_native(frame.with_row_index(ROW, offset=1).cast({ROW: pl.Int64}), eager_only=True)

    def read(self, path: Path) -> nw.DataFrame:
        """Read one table of a stage's output and check it against its manifest."""
        manifest = path.parent / TABLE_MANIFEST
        if not path.is_file() or not manifest.is_file():
            raise MissingOutputError(f"{path}: not there; run the earlier stages first, or all with `gallop run`")
        if _manifest_digest(manifest, path.name) != digest(path):
            raise ChecksumError(
                f"{path}: SHA-256 is not the one in {manifest}; one of them was damaged or half-replaced. Run the "
                "stage again"
            )
        return nw.from_native(pl.read_parquet(path), eager_only=True)

    def write(self, tables: dict[str, nw.DataFrame], folder: Path) -> None:
        """Write `{name: table}` as `folder/name.parquet`, the manifest last."""
        manifest = {}
        for name, table in tables.items():
            frame = table.to_native()
            path = folder / f"{name}.parquet"
            write_whole(path, lambda temporary, frame=frame: frame.write_parquet(temporary, compression="zstd"))
            manifest[path.name] = {
                "rows": frame.height,
                "sha256": digest(path),
                "schema": {column: str(dtype) for column, dtype in frame.schema.items()},
            }
        write_text(folder / TABLE_MANIFEST, json.dumps(manifest, indent=2) + "\n")


def write_scores(table: nw.DataFrame, path: Path) -> None:
    """Write a table for people: Parquet where the name ends so, else CSV."""
    frame = table.to_native()
    if path.suffix in {".parquet", ".pq"}:
        write_whole(path, frame.write_parquet)
    else:
        write_whole(path, frame.write_csv)


def _manifest_digest(manifest: Path, name: str) -> str | None:
    try:
        return json.loads(manifest.read_bytes())[name]["sha256"]
    except (ValueError, KeyError, TypeError):
        return None


def _parquet_as_text(path: Path) -> pl.DataFrame:
    import pyarrow as pa
    import pyarrow.parquet

    try:
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            _names(file.schema_arrow.names, path)
            frame = pl.DataFrame(pl.from_arrow(file.read()))
    except (pa.ArrowException, pl.exceptions.PolarsError, OSError) as error:
        raise ChecksumError(f"{path}: not a whole Parquet file: {error}") from None
    if not frame.width:
        raise EmptyTableError(f"{path}: has no columns")
    names = dict(zip(frame.columns, _names(frame.columns, path), strict=True))
    return frame.select(_as_text(name, dtype).alias(names[name]) for name, dtype in frame.schema.items())


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """The value as a CSV would hold it: 2.0 as `2`, midnight as its day; NaN, lists and bytes are no values."""
    value = pl.col(name)
    if dtype.is_nested() or dtype in {pl.Binary, pl.Object}:
        return pl.lit(None, dtype=pl.String).alias(name)
    if dtype.is_float() or dtype.is_decimal():
        number = value.cast(pl.Float64).fill_nan(None)
        whole = (number == number.floor()) & (number.abs() < 1e15)
        # The cast is also evaluated on the other rows, so it must not fail there.
        digits = number.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(whole).then(digits).otherwise(number.cast(pl.String)).alias(name)
    if dtype == pl.Datetime:
        midnight = value.dt.time() == pl.time(0, 0)
        return pl.when(midnight).then(value.dt.date().cast(pl.String)).otherwise(value.cast(pl.String)).alias(name)
    return value.cast(pl.String, strict=False)


def _csv(path: Path, form: Format) -> pl.DataFrame:
    # Only the first stage reads CSV; the others start faster without Arrow.
    import pyarrow as pa
    import pyarrow.csv

    content = _utf8(unpacked(path), path, form.encoding)
    names = _header(content, path, form.separator)
    _require_quotes_closed(content, path, form.separator)
    options = {
        "read_options": pa.csv.ReadOptions(use_threads=True, block_size=1 << 26, column_names=names, skip_rows=0),
        "parse_options": pa.csv.ParseOptions(newlines_in_values=True, delimiter=form.separator),
        "convert_options": pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
        ),
    }
    try:
        table = pa.csv.read_csv(pa.BufferReader(content), **options)
    except pa.ArrowInvalid as error:
        raise _explain(error, content, path, len(names), form.separator) from None
    # The header was read as the first row, since its own names need not be usable.
    return pl.DataFrame(pl.from_arrow(table.slice(1)))


def unpacked(path: Path) -> bytes:
    """The bytes of a file, unpacked where it is gzip or zstd. Raises `MalformedTableError`, `EmptyTableError`."""
    content = path.read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        elif content[:4] == b"\x28\xb5\x2f\xfd":
            import pyarrow as pa

            with pa.input_stream(pa.BufferReader(content), compression="zstd") as stream:
                content = stream.read()
    except (EOFError, OSError, zlib.error) as error:
        kind = "gzip" if content[:2] == b"\x1f\x8b" else "zstd"
        raise MalformedTableError(f"{path}: not a whole {kind} file: {error}") from None
    if not content.strip():
        raise EmptyTableError(f"{path}: the file is empty; a header and at least one row are needed")
    return content


def _utf8(content: bytes, path: Path, encoding: str) -> bytes:
    if codecs.lookup(encoding).name != "utf-8":
        try:
            content = content.decode(encoding).encode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            raise EncodingError(
                f"{path}: not {encoding}, which table.format.encoding is set to: {error.reason}"
            ) from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise EmptyTableError(f"{path}: the file is empty; a header and at least one row are needed")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        raise EncodingError(
            f"{path}: {_row_at(content, error.start)}: byte {content[error.start]:#04x} is not UTF-8; save the table "
            "as UTF-8 (for example `iconv -f latin1 -t utf-8`), or set table.format.encoding to its encoding"
        ) from None
    if b"\x00" in content:
        row = _row_at(content, content.index(b"\x00"))
        raise EncodingError(f"{path}: {row}: a NUL byte, which no CSV has; is it UTF-16 or damaged?")
    return content


def _rows(content: bytes, separator: str = ",", *, strict: bool = False) -> Iterator[list[str]]:
    """The rows as Python reads them: lines without anything are no rows, to Arrow neither."""
    text = io.StringIO(content.decode("utf-8", "ignore"), newline="")
    return (values for values in csv.reader(text, delimiter=separator, strict=strict) if values)


def _row_at(content: bytes, offset: int) -> str:
    # One more character, so that a row which begins there is counted too.
    row = sum(1 for _ in _rows(content[:offset] + b"x")) - 1
    return f"row {row}" if row else "the header"


def _header(content: bytes, path: Path, separator: str) -> list[str]:
    try:
        names = next(_rows(content[: 1 << 20], separator))
    except csv.Error as error:
        raise MalformedTableError(f"{path}: the header: {error}; is a quotation mark left open?") from None
    return _names(names, path)


def _names(header: list[str], path: Path) -> list[str]:
    names = usable_names(header)
    if repeated := sorted({name for name in names if names.count(name) > 1}):
        raise MalformedTableError(
            f"{path}: the header names {repeated} more than once; every column needs a name of its own"
        )
    return names


def _require_quotes_closed(content: bytes, path: Path, separator: str) -> None:
    """Arrow takes a file that ends within quotation marks for whole."""
    if content.count(b'"') % 2 == 0:
        return
    row = -1
    try:
        for _ in _rows(content, separator, strict=True):
            row += 1
    except csv.Error as error:
        # Strict, it also minds `"x"y`, which is odd but whole.
        if "delimiter" not in str(error):
            raise MalformedTableError(
                f"{path}: row {row + 1}: a quotation mark is left open; the file was cut there"
            ) from None


def _explain(error: ValueError, content: bytes, path: Path, width: int, separator: str) -> Exception:
    """An error that names the row unlike the header; Arrow's own quotes the whole row, which may name a person."""
    row = -1
    try:
        for values in _rows(content, separator):
            row += 1
            if len(values) != width:
                return MalformedTableError(
                    f"{path}: row {row} has {len(values)} values, the header has {width}; the file was cut or "
                    "malformed there"
                )
    except csv.Error as broken:
        return MalformedTableError(f"{path}: row {row + 1}: {broken}")
    if "Empty CSV" in str(error):
        return EmptyTableError(f"{path}: has a header but no rows; at least one lead is needed")
    return MalformedTableError(
        f"{path}: not a well-formed CSV: {str(error).split(':')[0]}; is a quotation mark left open?"
    )
