"""A stage's tables written in parts, and rows put by on disk on the way: what memory holds does not grow with them."""

import tempfile
from collections.abc import Collection, Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Final, Self

import narwhals.stable.v2 as nw
import polars as pl

from gallop.adapters.tables import parquet
from gallop.adapters.tables.polars import table_entry, write_table_manifest
from gallop.files import written_together
from gallop.schema import ROW

_GROUP_ROWS: Final = 1 << 17
"""Rows of a row group, at least."""
_COMPARED_ROWS: Final = 2_000_000
"""Rows whose ids are compared at once."""


class _GroupWriter:
    """A file that is written group by group of rows."""

    def __init__(self, path: Path, schema: pl.Schema) -> None:
        import pyarrow.parquet

        self.path, self.schema, self.rows = path, schema, 0
        arrow = pl.DataFrame(schema=schema).to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        self._writer = pyarrow.parquet.ParquetWriter(path, arrow, compression="zstd")

    def write(self, frame: pl.DataFrame) -> None:
        """Add rows. Raises `OSError` where the disk is full."""
        if frame.height:
            self._writer.write_table(frame.to_arrow(compat_level=pl.CompatLevel.oldest()))
            self.rows += frame.height

    def close(self) -> None:
        """Complete the file."""
        self._writer.close()

    def abandon(self) -> None:
        """Close a file that is of no use."""
        with suppress(OSError):
            self._writer.close()


class PartWriter:
    """Tables of a stage, of which each gets its rows in parts."""

    def __init__(self, folder: Path, temporary_of) -> None:
        self._folder, self._temporary_of = folder, temporary_of
        self._pending: dict[str, list[pl.DataFrame]] = {}
        self._open: dict[str, _GroupWriter] = {}
        self.rows: dict[str, int] = {}
        """Of each table, when all are written."""

    def append(self, name: str, part: nw.DataFrame) -> None:
        """Add rows to the table of this name."""
        pending = self._pending.setdefault(name, [])
        pending.append(part.to_native())
        if sum(frame.height for frame in pending) >= _GROUP_ROWS:
            self._flush(name)

    def _flush(self, name: str) -> None:
        frame = pl.concat(self._pending[name])
        if name not in self._open:
            self._open[name] = _GroupWriter(self._temporary_of(self._path(name)), frame.schema)
        self._open[name].write(frame)
        self._pending[name] = [frame.clear()]

    def finish(self) -> None:
        """Complete the files and write the manifest."""
        manifest = {}
        for name, pending in self._pending.items():
            path = self._path(name)
            if name in self._open:
                self._flush(name)
                writer = self._open.pop(name)
                writer.close()
                manifest[path.name] = table_entry(writer.path, writer.rows, writer.schema)
            else:
                frame, temporary = pl.concat(pending), self._temporary_of(path)
                parquet.write_parquet(frame, temporary)
                manifest[path.name] = table_entry(temporary, frame.height, frame.schema)
        write_table_manifest(manifest, self._folder, self._temporary_of)
        self.rows = {Path(name).stem: entry["rows"] for name, entry in manifest.items()}

    def abandon(self) -> None:
        """Close what is open."""
        for writer in self._open.values():
            writer.abandon()

    def _path(self, name: str) -> Path:
        return self._folder / f"{name}.parquet"


@contextmanager
def writing_parts(folder: Path) -> Generator[PartWriter]:
    """Write tables as `folder/name.parquet` in parts: all of them or none, the manifest last."""
    with written_together() as temporary_of:
        writer = PartWriter(folder, temporary_of)
        try:
            yield writer
            writer.finish()
        finally:
            writer.abandon()


class DiskStore:
    """Where `clean_parts` puts rows: those that may stay in a file without a name, leads and rejected ones as parts."""

    def __init__(self, writer: PartWriter, folder: Path) -> None:
        """`folder`: on the disk where there is room."""
        import pyarrow as pa

        folder.mkdir(parents=True, exist_ok=True)
        # Without a name nothing is left of it, however the process ends.
        self._file = tempfile.TemporaryFile(dir=folder)  # noqa: SIM115 closed by `close`
        self._writer, self._rows = writer, 0
        self._options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._put, self._names, self._complete = None, [], False

    def keep(self, rows: nw.DataFrame) -> None:
        """Put by texts of rows."""
        import pyarrow as pa

        table = rows.to_native().to_arrow(compat_level=pl.CompatLevel.oldest())
        if self._put is None:
            self._names = table.schema.names
            self._put = pa.ipc.new_file(self._file, table.schema, options=self._options)
        self._put.write_table(table)
        self._rows += table.num_rows

    def reject(self, rows: nw.DataFrame) -> None:
        """Write rows that are set aside."""
        self._writer.append("rejected", rows)

    def repeated(self, key: str) -> Iterator[nw.DataFrame]:
        """The rows put by whose key others have too, as many keys at once as memory holds."""
        parts = -(-self._rows // _COMPARED_ROWS)
        for part in range(parts):
            chosen = (pl.col(key).hash() % parts) == part
            keys = pl.concat(frame.filter(chosen) for frame in self._frames([key]))
            again = keys.filter(pl.col(key).is_duplicated()).unique()
            if again.height:
                found = pl.concat(frame.join(again, on=key, how="semi") for frame in self._frames())
                yield nw.from_native(found.sort(ROW), eager_only=True)

    def kept(self) -> Iterator[nw.DataFrame]:
        """The rows put by, in their order."""
        return (nw.from_native(frame, eager_only=True) for frame in self._frames())

    def write(self, leads: nw.DataFrame) -> None:
        """Write leads."""
        self._writer.append("leads", leads)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        """Forget the rows put by."""
        self._file.close()

    def _frames(self, columns: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
        import pyarrow as pa

        if self._put is None:
            return
        if not self._complete:
            self._put.close()
            self._complete = True
        fields = [self._names.index(name) for name in columns or self._names]
        reader = pa.ipc.open_file(self._file, options=pa.ipc.IpcReadOptions(included_fields=fields))
        for number in range(reader.num_record_batches):
            yield pl.DataFrame(pl.from_arrow(reader.get_batch(number)))
