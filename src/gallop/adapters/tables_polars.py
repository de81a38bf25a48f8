"""Tables with Polars, the engine that comes along.

CSV is parsed by Arrow, because its reader checks that every row has as many values as the header; others fill a cut
row with nulls. Every value enters as text, so no engine's guess about types ever matters.
"""

import gzip
import json
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

from gallop.errors import CutTable, DamagedFile, DataUnavailable, EmptyTable, NothingThere, UnreadableEncoding
from gallop.files import digest, write_text, write_whole
from gallop.schema import ROW

MANIFEST = "manifest.json"


class PolarsTables:
    """The port `Tables`, with Polars frames inside narwhals."""

    def read_text(self, path: Path) -> nw.DataFrame:
        """Read a CSV or Parquet file as text, with row numbers. See the port for the errors."""
        if not path.is_file():
            raise DataUnavailable(f"{path}: no such file")
        frame = _parquet_as_text(path) if path.suffix in {".parquet", ".pq"} else _csv(path)
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
    return frame.select(pl.col(name).cast(pl.String, strict=False) for name in frame.columns)


def _csv(path: Path) -> pl.DataFrame:
    content = _content(path)
    names = _header(content, path)
    options = {
        "read_options": pa.csv.ReadOptions(use_threads=True, block_size=1 << 26),
        "parse_options": pa.csv.ParseOptions(newlines_in_values=True),
        "convert_options": pa.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False, check_utf8=True
        ),
    }
    try:
        table = pa.csv.read_csv(pa.BufferReader(content), **options)
    except pa.ArrowInvalid as error:
        raise _explain(error, content, path, len(names)) from None
    return pl.DataFrame(pl.from_arrow(table))


def _content(path: Path) -> bytes:
    content = path.read_bytes()
    if content[:2] == b"\x1f\x8b":
        try:
            content = gzip.decompress(content)
        except (EOFError, OSError) as error:
            raise CutTable(f"{path}: not a whole gzip file: {error}") from None
    content = content.removeprefix(b"\xef\xbb\xbf")
    if not content.strip():
        raise EmptyTable(f"{path}: the file is empty; a header and at least one row are needed")
    try:
        content.decode("utf-8")
    except UnicodeDecodeError as error:
        row = content.count(b"\n", 0, error.start)
        where = f"row {row}" if row else "the header"
        raise UnreadableEncoding(
            f"{path}: {where}: byte {content[error.start]:#04x} is not UTF-8; save the table as UTF-8 "
            "(for example `iconv -f latin1 -t utf-8`)"
        ) from None
    if b"\x00" in content:
        row = content.count(b"\n", 0, content.index(b"\x00"))
        raise UnreadableEncoding(f"{path}: row {row}: a NUL byte, which no CSV has; is it UTF-16 or damaged?")
    return content


def _header(content: bytes, path: Path) -> list[str]:
    import csv
    import io

    names = next(csv.reader(io.StringIO(content[: 1 << 20].decode("utf-8", "ignore"), newline="")))
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise CutTable(f"{path}: the header names {twice} more than once; every column needs a name of its own")
    return names


def _explain(error: pa.ArrowInvalid, content: bytes, path: Path, width: int) -> Exception:
    """Say which row is not like the header; Arrow's own message quotes the whole row, which may name a person."""
    import csv
    import io

    reader = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
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
