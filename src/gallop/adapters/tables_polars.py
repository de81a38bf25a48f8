"""Tables with Polars, the engine that comes along.

CSV is parsed by Arrow, because its reader checks that every row has as many values as the header; others fill a cut
row with nulls. Every value enters as text, so no engine's guess about types ever matters. Separator and encoding are
settings; compression is told by a file's first bytes.
"""

import codecs
import csv
import gzip
import io
import json
import zlib
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from gallop.errors import CutTable, DamagedFile, DataUnavailable, EmptyTable, NothingThere, UnreadableEncoding
from gallop.files import digest, write_text, write_whole
from gallop.schema import ROW, usable_names
from gallop.table import Format

MANIFEST = "manifest.json"


class PolarsTables:
    """The port `Tables`, with Polars frames inside narwhals."""

    def read_text(self, path: Path, form: Format | None = None) -> nw.DataFrame:
        """Read a CSV or Parquet file as text, with row numbers. See the port for the errors."""
        if not path.is_file():
            raise DataUnavailable(f"{path}: no such file")
        frame = _parquet_as_text(path) if path.suffix in {".parquet", ".pq"} else _csv(path, form or Format())
        return nw.from_native(frame.with_row_index(ROW, offset=1).cast({ROW: pl.Int64}), eager_only=True)

    def read(self, path: Path) -> nw.DataFrame:
        """Read one table of a stage's output and check it against its manifest."""
        manifest = path.parent / MANIFEST
        if not path.is_file() or not manifest.is_file():
            raise NothingThere(f"{path}: not there; run the earlier stages first, or all with `gallop run`")
        promised = json.loads(manifest.read_text(encoding="utf-8")).get(path.name, {})
        if promised.get("sha256") != digest(path):
            raise DamagedFile(
                f"{path}: SHA-256 is not the one in {manifest}; it was damaged or half-replaced. Run its stage again"
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
        write_text(folder / MANIFEST, json.dumps(manifest, indent=2) + "\n")


def write_scores(table: nw.DataFrame, path: Path) -> None:
    """Write a table for people: Parquet where the name says so, else CSV."""
    frame = table.to_native()
    if path.suffix in {".parquet", ".pq"}:
        write_whole(path, frame.write_parquet)
    else:
        write_whole(path, frame.write_csv)


def _parquet_as_text(path: Path) -> pl.DataFrame:
    try:
        with pyarrow.parquet.ParquetFile(path, page_checksum_verification=True) as file:
            frame = pl.DataFrame(pl.from_arrow(file.read()))
    except (pa.ArrowException, OSError) as error:
        raise DamagedFile(f"{path}: not a whole Parquet file: {error}") from None
    if not frame.width:
        raise EmptyTable(f"{path}: has no columns")
    names = dict(zip(frame.columns, _names(frame.columns, path), strict=True))
    return frame.select(pl.col(name).cast(pl.String, strict=False).alias(names[name]) for name in frame.columns)


def _csv(path: Path, form: Format) -> pl.DataFrame:
    content = _utf8(unpacked(path), path, form.encoding)
    names = _header(content, path, form.separator)
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
    """The bytes of a file, unpacked where it is gzip or zstd. Raises `CutTable`, `EmptyTable`."""
    content = path.read_bytes()
    try:
        if content[:2] == b"\x1f\x8b":
            content = gzip.decompress(content)
        elif content[:4] == b"\x28\xb5\x2f\xfd":
            with pa.input_stream(pa.BufferReader(content), compression="zstd") as stream:
                content = stream.read()
    except (EOFError, OSError, zlib.error) as error:
        kind = "gzip" if content[:2] == b"\x1f\x8b" else "zstd"
        raise CutTable(f"{path}: not a whole {kind} file: {error}") from None
    if not content.strip():
        raise EmptyTable(f"{path}: the file is empty; a header and at least one row are needed")
    return content


def _utf8(content: bytes, path: Path, encoding: str) -> bytes:
    if codecs.lookup(encoding).name != "utf-8":
        try:
            content = content.decode(encoding).encode("utf-8")
        except (UnicodeDecodeError, UnicodeEncodeError) as error:
            raise UnreadableEncoding(
                f"{path}: not {encoding}, which table.format.encoding says: {error.reason}"
            ) from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise EmptyTable(f"{path}: the file is empty; a header and at least one row are needed")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start)
        where = f"row {row}" if row else "the header"
        raise UnreadableEncoding(
            f"{path}: {where}: byte {content[error.start]:#04x} is not UTF-8; save the table as UTF-8 (for example "
            "`iconv -f latin1 -t utf-8`), or say its encoding in table.format.encoding"
        ) from None
    if b"\x00" in content:
        row = content.count(b"\n", 0, content.index(b"\x00"))
        raise UnreadableEncoding(f"{path}: row {row}: a NUL byte, which no CSV has; is it UTF-16 or damaged?")
    return content


def _header(content: bytes, path: Path, separator: str) -> list[str]:
    text = io.StringIO(content[: 1 << 20].decode("utf-8", "ignore"), newline="")
    try:
        names = next(filter(None, csv.reader(text, delimiter=separator)))
    except csv.Error as error:
        raise CutTable(f"{path}: the header: {error}") from None
    return _names(names, path)


def _names(header: list[str], path: Path) -> list[str]:
    names = usable_names(header)
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CutTable(f"{path}: the header names {twice} more than once; every column needs a name of its own")
    return names


def _explain(error: pa.ArrowInvalid, content: bytes, path: Path, width: int, separator: str) -> Exception:
    """Say which row is not like the header; Arrow's own message quotes the whole row, which may name a person."""
    reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""), delimiter=separator)
    try:
        for row, values in enumerate(reader):
            if values and len(values) != width:
                return CutTable(
                    f"{path}: row {row} has {len(values)} values, the header has {width}; it was cut or malformed there"
                )
    except csv.Error as broken:
        return CutTable(f"{path}: row {reader.line_num}: {broken}")
    if "Empty CSV" in str(error):
        return EmptyTable(f"{path}: has a header but no rows; at least one lead is needed")
    return CutTable(f"{path}: not a well-formed CSV: {str(error).split(':')[0]}; is a quotation mark left open?")
