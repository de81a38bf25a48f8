"""Tables with Polars, the engine that comes along: raw tables as text, and the stages' own Parquet.

Separator, encoding and the lines around a table are settings; packing and kind are known by a file's first bytes.
"""

import json
from collections.abc import Callable, Mapping
from pathlib import Path

import narwhals.stable.v2 as nw
import polars as pl

from gallop.adapters.tables import parquet
from gallop.adapters.tables.batches import TextBatches
from gallop.adapters.tables.contents import PARQUET_ENDINGS
from gallop.errors import ChecksumError, MissingOutputError
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
    frames = [frame.to_native() for frame in TextBatches(path, form).frames()]
    return nw.from_native(pl.concat(frames, rechunk=True), eager_only=True)


def read_typed(path: Path, form: Format) -> pl.DataFrame:
    """As `read_text`, without row numbers, and out of Parquet with its own types."""
    if path.is_file() and path.suffix.lower() in PARQUET_ENDINGS:
        return parquet.typed_parquet(path, path)
    return parquet.read_folder(path) if path.is_dir() else read_text(path, form).drop(ROW).to_native()


def read(path: Path) -> nw.DataFrame:
    """Read one table of a stage's output, as its manifest has it. Raises `MissingOutputError`, `ChecksumError`."""
    _require_whole(path)
    return nw.from_native(parquet.read_own(path), eager_only=True)


def _require_whole(path: Path) -> None:
    manifest = path.parent / TABLE_MANIFEST
    if not path.is_file() or not manifest.is_file():
        raise MissingOutputError(f"{path}: not there; run the earlier stages first, or all with `gallop run`")
    if _manifest_digest(manifest, path.name) != digest(path):
        raise ChecksumError(
            f"{path}: SHA-256 is not the one in {manifest}; one of them was damaged or half-replaced. Run the stage "
            "again"
        )


def scan(path: Path) -> nw.LazyFrame:
    """As `read`, of which rows are read when they are wanted."""
    _require_whole(path)
    return nw.from_native(pl.scan_parquet(path))


def write(tables: Mapping[str, nw.DataFrame | nw.LazyFrame], folder: Path) -> dict[str, int]:
    """Write `{name: table}` as `folder/name.parquet`, all of them or none, the manifest last; returns their rows.

    What is lazy is computed and written some rows at a time.
    """
    manifest = {}
    with written_together() as temporary_of:
        for name, table in tables.items():
            path = folder / f"{name}.parquet"
            temporary, native = temporary_of(path), table.to_native()
            parquet.write_parquet(native, temporary)
            written = pl.scan_parquet(temporary)
            rows = written.select(pl.len()).collect().item()
            manifest[path.name] = table_entry(temporary, rows, native.collect_schema())
        write_table_manifest(manifest, folder, temporary_of)
    return {Path(name).stem: entry["rows"] for name, entry in manifest.items()}


def table_entry(path: Path, rows: int, schema: pl.Schema) -> dict:
    """What the manifest says of a table."""
    return {"rows": rows, "sha256": digest(path), "schema": {name: str(dtype) for name, dtype in schema.items()}}


def write_table_manifest(manifest: dict[str, dict], folder: Path, temporary_of: Callable[[Path], Path]) -> None:
    """Write what a stage's tables are."""
    temporary_of(folder / TABLE_MANIFEST).write_text(json.dumps(manifest, indent=2) + "\n", encoding="utf-8")


def _manifest_digest(manifest: Path, name: str) -> str | None:
    try:
        return json.loads(manifest.read_bytes())[name]["sha256"]
    except (ValueError, KeyError, TypeError):
        return None
