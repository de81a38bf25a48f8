"""Tables with Polars, the engine that comes along: raw tables as text, and the stages' own Parquet.

Separator, encoding and the lines around a table are settings; packing and kind are known by a file's first bytes.
"""

import json
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl

from gallop.adapters.tables import csv_text, excel, json_records, parquet
from gallop.adapters.tables.contents import PARQUET_ENDINGS, Kind, read_contents
from gallop.errors import ChecksumError, DataUnavailableError, MissingOutputError
from gallop.files import digest, written_together
from gallop.schema import ROW
from gallop.settings.table import Format

TABLE_MANIFEST = "manifest.json"


def read_text(path: Path, form: Format | None = None) -> nw.DataFrame:
    """A CSV, JSON, Excel or Parquet file, or a folder of Parquet, as text; row numbers from 1 in `schema.ROW`.

    Args:
        form: how it is written; None for the way in which gallop itself writes a CSV.

    Raises:
        DataUnavailableError: no such file. EmptyTableError: no header. EncodingError, ChecksumError.
        MalformedTableError: cut, damaged, or of a kind that is not read.
    """
    frame = _text_frame(path, form or Format())
    return nw.from_native(frame.with_row_index(ROW, offset=1).cast({ROW: pl.Int64}), eager_only=True)


def _text_frame(path: Path, form: Format) -> pl.DataFrame:
    if path.is_dir():
        return parquet.as_text(parquet.read_folder(path), path)
    if path.suffix.lower() in PARQUET_ENDINGS:
        if not path.is_file():
            raise DataUnavailableError(f"{path}: no such file")
        return parquet.read_parquet(path, path)
    contents = read_contents(path)
    if contents.kind is Kind.PARQUET:
        return parquet.read_parquet(contents.data, path)
    if contents.kind is Kind.JSON:
        return json_records.read_json(contents.data, path)
    if contents.kind is Kind.EXCEL:
        return excel.read_sheet(contents.data, path, form)
    return csv_text.read_csv(contents.data, path, form)


def read_typed(path: Path, form: Format) -> pl.DataFrame:
    """As `read_text`, without row numbers, and out of Parquet with its own types."""
    if path.is_file() and path.suffix.lower() in PARQUET_ENDINGS:
        return parquet.typed_parquet(path, path)
    return parquet.read_folder(path) if path.is_dir() else _text_frame(path, form)


def read(path: Path) -> nw.DataFrame:
    """Read one table of a stage's output, as its manifest has it. Raises `MissingOutputError`, `ChecksumError`."""
    manifest = path.parent / TABLE_MANIFEST
    if not path.is_file() or not manifest.is_file():
        raise MissingOutputError(f"{path}: not there; run the earlier stages first, or all with `gallop run`")
    if _manifest_digest(manifest, path.name) != digest(path):
        raise ChecksumError(
            f"{path}: SHA-256 is not the one in {manifest}; one of them was damaged or half-replaced. Run the stage "
            "again"
        )
    return nw.from_native(parquet.read_own(path), eager_only=True)


def write(tables: dict[str, nw.DataFrame], folder: Path) -> None:
    """Write `{name: table}` as `folder/name.parquet`, all of them or none, the manifest last."""
    manifest = {}
    with written_together() as temporary_of:
        for name, table in tables.items():
            frame = table.to_native()
            path = folder / f"{name}.parquet"
            temporary = temporary_of(path)
            parquet.write_parquet(frame, temporary)
            manifest[path.name] = {
                "rows": frame.height,
                "sha256": digest(temporary),
                "schema": {column: str(dtype) for column, dtype in frame.schema.items()},
            }
        content = json.dumps(manifest, indent=2) + "\n"
        temporary_of(folder / TABLE_MANIFEST).write_text(content, encoding="utf-8")


def _manifest_digest(manifest: Path, name: str) -> str | None:
    try:
        return json.loads(manifest.read_bytes())[name]["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
