"""A log of events out of a file, as arrays: texts are read by Polars and Arrow, by the rules of `gallop.events.raw`."""

from dataclasses import dataclass
from pathlib import Path
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np
import polars as pl

from gallop.adapters.tables.polars import read_typed
from gallop.errors import MissingColumnError
from gallop.events.raw import NO_TIME, UNREADABLE, Coded, RawEvents, Times, read_time
from gallop.schema import NUMBER
from gallop.settings.events import Events
from gallop.settings.table import Format

_PLAIN_TIMES: Final = {
    "iso": (
        r"^[0-9]{4}-[0-9]{2}-[0-9]{2}[T ][0-2][0-9]:[0-5][0-9]:[0-5][0-9](\.[0-9]{1,6})?Z?$",
        "%Y-%m-%d %H:%M:%S%.f",
    ),
    "compact": (r"^[0-9]{8}$", "%Y%m%d"),
}
"""The two ways in which nearly all logs are written, which the engine reads faster; all others go one by one."""


_LOOKED_AT: Final = 200_000


@dataclass(frozen=True)
class LogTable:
    """A log as a table, before anybody has said what its columns are."""

    frame: pl.DataFrame

    def sample(self) -> dict[str, list[str | None]]:
        """Column → texts, of at most 200,000 rows over the whole log."""
        some = self.frame.gather_every(max(1, self.frame.height // _LOOKED_AT))
        return {name: _bare(some[name], ()).to_list() for name in some.columns}

    def counts(self, column: str) -> dict[str, int]:
        """Text → rows, of all rows."""
        found = _bare(self.frame[column], ()).drop_nulls().value_counts()
        return dict(zip(found[column].to_list(), found["count"].to_list(), strict=True))

    def raw(self, events: Events, source: str) -> RawEvents:
        """Its rows as arrays."""
        return raw_events(self.frame, events, source)


def read_log(path: Path, form: Format) -> LogTable:
    """A log out of a file. Raises what reading a table raises."""
    return LogTable(read_typed(path, form))


def read_events(path: Path, events: Events) -> RawEvents:
    """The rows of a log: CSV (plain, gz, zst) or Parquet.

    Raises:
        MissingColumnError, and what reading a table raises.
    """
    return raw_events(read_typed(path, events.format), events, str(path))


def raw_events(frame: pl.DataFrame | nw.DataFrame, events: Events, source: str) -> RawEvents:
    """The rows of a table as arrays. Texts, or, out of Parquet, times and numbers as they are."""
    table: pl.DataFrame = frame.to_native() if isinstance(frame, nw.DataFrame) else frame
    categories = [name for name, of in events.attributes.items() if of.role == "category"]
    numbers = [name for name, of in events.attributes.items() if of.role == "number"]
    keys = [events.lead, events.time, events.event, events.id, events.arrived, events.zone]
    wanted = [name for name in (*keys, *categories, *numbers) if name is not None]
    if absent := [name for name in dict.fromkeys(wanted) if name not in table.columns]:
        raise MissingColumnError(
            f"{source}: no column {', '.join(map(repr, absent))}; it has {', '.join(table.columns)}"
        )

    def coded(name: str | None) -> Coded:
        return _coded(table[name], events.missing) if name else Coded(np.zeros(table.height, np.int64), [""])

    read = {name: _numbers(table[name], events.missing, events.attributes[name].decimal) for name in numbers}
    return RawEvents(
        source,
        coded(events.lead),
        times_of(table[events.time], events),
        coded(events.event),
        _classes(table, events),
        times_of(table[events.arrived], events) if events.arrived else None,
        coded(events.id) if events.id else None,
        coded(events.zone) if events.zone else None,
        {name: numbers_read for name, (numbers_read, _) in read.items()},
        {name: bad for name, (_, bad) in read.items()},
        {name: coded(name) for name in categories},
    )


def _classes(table: pl.DataFrame, events: Events) -> np.ndarray:
    """Equal for equal rows.

    By a hash of 64 bits: of ten million different rows, two are taken for equal in one log of 300,000.
    """
    content = [name for name in table.columns if name != events.arrived]
    return table.select(content).hash_rows(seed=0).to_numpy().view(np.int64)


def _bare(series: pl.Series, missing: tuple[str, ...]) -> pl.Series:
    """Texts without blanks around them, null where they mean nothing."""
    if series.dtype != pl.String:
        whole = series.dtype.is_float() and bool((series.drop_nulls() == series.drop_nulls().floor()).all())
        series = (series.cast(pl.Int64, strict=False) if whole else series).cast(pl.String)
    texts = series.str.strip_chars()
    return texts.set(texts.is_in([*missing, ""]).fill_null(False), None)


def _coded(series: pl.Series, missing: tuple[str, ...]) -> Coded:
    import pyarrow as pa

    codes = pa.chunked_array([_bare(series, missing).to_arrow()]).combine_chunks().dictionary_encode()
    return Coded(
        codes.indices.fill_null(-1).to_numpy(zero_copy_only=False).astype(np.int64), codes.dictionary.to_pylist()
    )


def _numbers(series: pl.Series, missing: tuple[str, ...], decimal: str) -> tuple[np.ndarray, int]:
    if series.dtype.is_numeric():
        return series.cast(pl.Float64).fill_null(float("nan")).to_numpy(), 0
    texts = _bare(series, missing)
    if decimal == ",":
        texts = texts.str.replace_all(".", "", literal=True).str.replace_all(",", ".", literal=True)
    readable = texts.str.contains(NUMBER)
    found = texts.set(~readable.fill_null(False), None).cast(pl.Float64)
    return found.fill_null(float("nan")).to_numpy(), int((~readable).sum())


def times_of(series: pl.Series, events: Events) -> Times:
    """A column of times as microseconds, by the rules of `read_time`."""
    if series.dtype == pl.Date or isinstance(series.dtype, pl.Datetime):
        local = series.dtype == pl.Date or series.dtype.time_zone is None  # ty: ignore[missing-attribute]
        micros = series.cast(pl.Datetime("us")).cast(pl.Int64) if local else series.dt.epoch("us")
        return Times(micros.fill_null(NO_TIME).to_numpy(), np.full(len(series), local))
    texts = _bare(series, events.missing)
    micros, local = np.full(len(texts), NO_TIME, dtype=np.int64), np.zeros(len(texts), dtype=bool)
    left = texts.is_not_null()
    if events.written in _PLAIN_TIMES:
        pattern, layout = _PLAIN_TIMES[events.written]
        plain = left & texts.str.contains(pattern).fill_null(False)
        some = texts.filter(plain)
        read = some.str.strip_suffix("Z").str.replace("T", " ", literal=True)
        read = read.str.to_datetime(layout, time_unit="us", strict=False).cast(pl.Int64)
        places = np.flatnonzero(plain.to_numpy())
        micros[places] = read.fill_null(UNREADABLE).to_numpy()
        local[places] = ~some.str.ends_with("Z").to_numpy() & read.is_not_null().to_numpy()
        left &= ~plain
    places = np.flatnonzero(left.to_numpy())
    strange = texts.filter(left)
    if len(strange):
        known = {text: read_time(text, events.written) for text in strange.unique().to_list()}
        found = [known[text] for text in strange.to_list()]
        micros[places] = [moment for moment, _ in found]
        local[places] = [is_local for _, is_local in found]
    return Times(micros, local)
