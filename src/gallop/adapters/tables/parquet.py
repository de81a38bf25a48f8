"""Parquet that others wrote: a file, or a folder of them, with its values as the text that a CSV would hold."""

import io
import os
from collections.abc import Callable, Collection, Iterator
from pathlib import Path
from typing import Final

import narwhals.stable.v2 as nw
import polars as pl

from gallop.adapters.tables.contents import PARQUET_ENDINGS
from gallop.adapters.tables.header import column_names
from gallop.errors import ChecksumError, DataUnavailableError, EmptyTableError, MalformedTableError
from gallop.files import write_whole
from gallop.schema import ROW

_BATCH_ROWS: Final = 1 << 17


def read_parquet(source: Path | bytes, path: Path) -> pl.DataFrame:
    """A file of Parquet as text.

    Args:
        source: the file, or its bytes where it was packed.
        path: its name in errors.

    Raises:
        ChecksumError: damaged. EmptyTableError: no columns. MalformedTableError: two columns of one name.
    """
    return as_text(typed_parquet(source, path), path)


def read_folder(folder: Path) -> pl.DataFrame:
    """All Parquet files in a folder, as one table with its types. Raises as `ParquetParts` does."""
    return pl.concat(ParquetParts(folder).typed(), rechunk=True)


class ParquetParts:
    """A file of Parquet, or all in a folder as one table: its columns, and its rows in parts."""

    remarks: tuple[str, ...] = ()

    def __init__(self, path: Path) -> None:
        """Reads what the files say of their columns.

        Raises:
            DataUnavailableError, ChecksumError, EmptyTableError. MalformedTableError: two columns of one name; a file
            has other columns than those before it, or other types.
        """
        self._path = path
        self._files = parquet_files(path) if path.is_dir() else [path]
        self._schema = self._one_schema()
        self.columns = as_text(pl.DataFrame(schema=self._schema), path).columns

    def frames(self, wanted: Collection[str]) -> Iterator[pl.DataFrame]:
        """The rows as text, in the order of the files' names.

        Args:
            wanted: the columns to give.
        """
        for part in self.typed(wanted):
            yield as_text(part, self._path)

    def typed(self, wanted: Collection[str] | None = None) -> Iterator[pl.DataFrame]:
        """As `frames`, with the types that hold for all files; without `wanted`, all columns."""
        pairs = zip(self._schema.items(), self.columns, strict=True)
        schema = {name: dtype for (name, dtype), usable in pairs if wanted is None or usable in wanted}
        for file in self._files:
            with _opened(file) as opened:
                there = [name for name in schema if name in opened.schema_arrow.names]
                # A dot means a field within a column.
                columns = there if there and not any("." in name for name in there) else None
                if not opened.metadata.num_rows:
                    yield pl.DataFrame(schema=schema)
                try:
                    for batch in opened.iter_batches(_BATCH_ROWS, columns=columns):
                        part = pl.DataFrame(pl.from_arrow(batch)).with_columns(self._partitions(file))
                        yield part.select(pl.col(name).cast(dtype) for name, dtype in schema.items())
                except _faults() as error:
                    raise _damaged(file, error) from None

    def _one_schema(self) -> dict[str, pl.DataType]:
        frames: list[pl.DataFrame] = []
        for file in self._files:
            with _opened(file) as opened:
                try:
                    frame = pl.DataFrame(pl.from_arrow(opened.schema_arrow.empty_table()))
                except _faults() as error:
                    raise _damaged(file, error) from None
            frame = frame.with_columns(self._partitions(file))
            if frames and set(frame.columns) != set(frames[0].columns):
                odd = sorted(set(frame.columns) ^ set(frames[0].columns))[:3]
                raise MalformedTableError(f"{file}: has other columns than the files before it: {', '.join(odd)}")
            frames.append(frame)
        try:
            first = frames[0].columns
            return dict(pl.concat([frame.select(first) for frame in frames], how="vertical_relaxed").schema)
        except pl.exceptions.PolarsError:
            raise MalformedTableError(
                f"{self._path}: its files hold the same columns with different types; write them anew, as one table"
            ) from None

    def _partitions(self, file: Path) -> list[pl.Expr]:
        # Spark and Arrow write `country=DE/part-0.parquet`: such a column is in the folders' names alone.
        folders = file.relative_to(self._path).parts[:-1] if file != self._path else ()
        partitions = [part.partition("=") for part in folders if "=" in part]
        return [pl.lit(value).alias(name) for name, _, value in partitions]


def join_folder(folder: Path, path: Path) -> int:
    """Write the Parquet files of a folder as one file; returns how many they were. Raises as `read_folder` does."""
    frame = read_folder(folder)
    write_whole(path, lambda temporary: write_parquet(frame, temporary))
    return len(parquet_files(folder))


def parquet_files(folder: Path) -> list[Path]:
    """The Parquet files of a folder, in the order of their names. Raises `DataUnavailableError` where there is none."""
    files = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PARQUET_ENDINGS and path.is_file())
    # What begins so is a writer's own note or half-written file, to all engines alike.
    files = [path for path in files if not path.name.startswith(("_", "."))]
    if not files:
        raise DataUnavailableError(f"{folder}: a folder without Parquet files; name a file, or a folder of Parquet")
    return files


def typed_parquet(source: Path | bytes, path: Path) -> pl.DataFrame:
    """A Parquet file with its own types. Raises `ChecksumError`: not a whole one."""
    with _opened(path, source) as file:
        try:
            return pl.DataFrame(pl.from_arrow(file.read()))
        except _faults() as error:
            raise _damaged(path, error) from None


def _opened(path: Path, source: Path | bytes | None = None):
    """A `pyarrow.parquet.ParquetFile` with names that can be used.

    Raises:
        ChecksumError: not a whole one. MalformedTableError: two columns of one name.
    """
    import pyarrow.parquet

    try:
        opened = io.BytesIO(source) if isinstance(source, bytes) else path
        file = pyarrow.parquet.ParquetFile(opened, page_checksum_verification=True)
    except _faults() as error:
        raise _damaged(path, error) from None
    try:
        column_names(file.schema_arrow.names, path)
    except MalformedTableError:
        file.close()
        raise
    return file


def _faults() -> tuple[type[BaseException], ...]:
    """What a damaged file makes the libraries raise."""
    import pyarrow as pa

    return (pa.ArrowException, pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError)


def read_own(path: Path) -> pl.DataFrame:
    """A file that gallop wrote. Raises `ChecksumError`."""
    try:
        return pl.read_parquet(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError) as error:
        raise _damaged(path, error) from None


def write_parquet(frame: pl.DataFrame | pl.LazyFrame, path: Path) -> None:
    """Write a frame; a lazy one some rows at a time. Raises `OSError` where the disk is full."""
    if isinstance(frame, pl.LazyFrame):
        write_with(lambda target: frame.sink_parquet(target, compression="zstd"), path)
    else:
        write_with(lambda target: frame.write_parquet(target, compression="zstd"), path)


def write_with(write: Callable[[Path], object], path: Path) -> None:
    """Let Polars write a file. Of a full disk it tells nothing ("transport error"), so the system is asked itself."""
    try:
        write(path)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException):
        with path.open("ab") as file:
            file.write(bytes(1 << 16))
            file.flush()
            os.fsync(file.fileno())
        raise


def _damaged(path: Path, error: BaseException) -> BaseException:
    """The error to raise: the system's own where it does not let the file be read, our own as it is."""
    if isinstance(error, OSError) and error.errno is not None:
        return error
    reason = (str(error).splitlines() or [type(error).__name__])[0]
    return ChecksumError(f"{path}: not a whole Parquet file: {reason}")


def text_of(table: nw.DataFrame) -> nw.DataFrame:
    """A typed table as it would be read back: every value as text, with row numbers."""
    frame = as_text(table.to_native(), Path("the table"))
    return nw.from_native(frame.with_row_index(ROW, offset=1).cast({ROW: pl.Int64}), eager_only=True)


def as_text(frame: pl.DataFrame, path: Path) -> pl.DataFrame:
    """A table's values as text, under names that the settings can use."""
    if not frame.width:
        raise EmptyTableError(f"{path}: has no columns")
    names = dict(zip(frame.columns, column_names(frame.columns, path), strict=True))
    return frame.select(_as_text(name, dtype).alias(names[name]) for name, dtype in frame.schema.items())


def _as_text(name: str, dtype: pl.DataType) -> pl.Expr:
    """As a CSV holds it: 2.0 as `2`, midnight as its day, a duration in seconds; NaN, lists and bytes are no values."""
    value = pl.col(name)
    if dtype.is_nested() or dtype in {pl.Binary, pl.Object}:
        return pl.lit(None, dtype=pl.String).alias(name)
    if dtype.is_decimal():
        # Not through a float: an id may have 38 digits.
        return value.cast(pl.String).str.replace(r"\.0+$", "").alias(name)
    if dtype.is_float() or dtype == pl.Duration:
        number = value.dt.total_nanoseconds() / 1e9 if dtype == pl.Duration else value.cast(pl.Float64)
        number = number.fill_nan(None)
        whole = (number == number.floor()) & (number.abs() < 1e15)
        # The cast is also evaluated on the other rows, so it must not fail there.
        digits = number.cast(pl.Int64, strict=False).cast(pl.String)
        return pl.when(whole).then(digits).otherwise(number.cast(pl.String)).alias(name)
    if dtype == pl.Datetime:
        midnight = value.dt.time() == pl.time(0, 0)
        return pl.when(midnight).then(value.dt.date().cast(pl.String)).otherwise(value.cast(pl.String)).alias(name)
    return value.cast(pl.String, strict=False)
