"""A log out of a file: texts, times and numbers are what the one rule for texts says, whatever the engine does."""

import gzip
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.adapters.tables.csv_format import detect_log
from gallop.adapters.tables.event_log import raw_events, read_log, times_of
from gallop.errors import MissingColumnError
from gallop.events.live import raw_of
from gallop.events.raw import NO_TIME, UNREADABLE, read_time
from gallop.settings.table import Format
from tests.support.event_logs import drawn, settings_of

TEXTS = st.one_of(
    st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)).map(lambda at: at.isoformat(sep=" ")),
    st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)).map(lambda at: f"{at.isoformat()}Z"),
    st.datetimes(datetime(1971, 1, 1), datetime(2090, 1, 1)).map(lambda at: f"{at:%Y-%m-%d}"),
    st.from_regex(
        r"\A20[0-9]{2}-[0-9]{1,2}-[0-9]{1,2}[T ][0-9]{1,2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,7})?)?(Z|[+-]0[0-9]:?[03]0)?\Z"
    ),
    st.from_regex(r"\A[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}\Z"),
    st.sampled_from(
        ["", " ", "now", "2024-02-30 10:00:00", "2024-01-01 24:00:00", "2024-01-01 10:00:60", "2024-1-3 9:05"]
    ),
)


@given(st.lists(TEXTS, min_size=1, max_size=20))
def test_times_of_a_column_are_those_of_its_texts_one_by_one(texts):
    events = settings_of()
    times = times_of(pl.Series(texts, dtype=pl.String), events)
    for text, micros, local in zip(texts, times.micros.tolist(), times.local.tolist(), strict=True):
        expected, is_local = read_time(text.strip(), "iso") if text.strip() else (NO_TIME, False)
        assert micros == expected, text
        assert local == is_local or micros <= UNREADABLE


@pytest.mark.parametrize(
    ("written", "text", "moment"),
    [
        ("iso", "2024-03-01 09:00", "2024-03-01T09:00"),
        ("iso", "2024/3/1 9:00 PM", "2024-03-01T21:00"),
        ("iso", "2024-03-01T09:00:00.5+01:00", "2024-03-01T08:00:00.5"),
        ("dmy", "31/01/2024 09:00", "2024-01-31T09:00"),
        ("mdy", "01/31/2024 12:30 am", "2024-01-31T00:30"),
        ("compact", "20240131", "2024-01-31T00:00"),
        ("seconds", "1706691600", "2024-01-31T09:00"),
        ("seconds", "1706691600.25", "2024-01-31T09:00:00.25"),
        ("milliseconds", "1706691600000", "2024-01-31T09:00"),
        ("microseconds", "1706691600000000", "2024-01-31T09:00"),
    ],
)
def test_times_as_people_write_them(written, text, moment):
    expected = int(np.datetime64(moment, "us").astype(np.int64))
    assert read_time(text, written)[0] == expected
    assert times_of(pl.Series([text]), settings_of(written=written)).micros.tolist() == [expected]


@pytest.mark.parametrize("text", ["13:00 PM", "2024-01-01 13:00 PM", "31/01/2024", "1e9", "-5", "2024-01-01 9:0"])
def test_what_is_no_time_is_none(text):
    assert read_time(text, "iso")[0] == UNREADABLE
    assert read_time(text, "seconds")[0] == UNREADABLE


@given(st.integers(0, 2**32 - 1))
def test_a_file_and_rows_at_hand_give_the_same_arrays(seed):
    events, rows = settings_of(arrived="arrived", id="id", zone="zone"), drawn(seed, 30, 3)
    file, live = raw_events(pl.DataFrame(rows), events, "the log"), raw_of(rows, events)
    for mine, theirs in ((file.lead, live.lead), (file.kind, live.kind), (file.zone, live.zone), (file.id, live.id)):
        texts = [[[*coded.names, None][code] for code in coded.codes] for coded in (mine, theirs)]
        assert texts[0] == texts[1]
    assert np.array_equal(file.time.micros, live.time.micros)
    assert np.array_equal(file.arrived.micros, live.arrived.micros)
    assert np.array_equal(file.numbers["amount"], live.numbers["amount"], equal_nan=True)
    assert file.unreadable == live.unreadable
    mine, theirs = file.same, live.same
    assert np.array_equal(mine[:, None] == mine, theirs[:, None] == theirs)


def test_typed_parquet_gives_what_its_texts_would(tmp_path: Path):
    moments = [datetime(2024, 3, 1, 9, second, 7, tzinfo=UTC) for second in range(3)]
    frame = pl.DataFrame(
        {
            "lead": [1, 2, None],
            "time": moments,
            "event": ["view"] * 3,
            "amount": [1.5, None, 2.0],
            "place": ["home"] * 3,
        }
    )
    frame.write_parquet(tmp_path / "log.parquet")
    events = settings_of()
    typed = read_log(tmp_path / "log.parquet", Format()).raw(events, "log")
    assert typed.time.micros.tolist() == [int(moment.timestamp() * 1_000_000) for moment in moments]
    assert not typed.time.local.any()
    assert [[*typed.lead.names, None][code] for code in typed.lead.codes] == ["1", "2", None]
    assert typed.numbers["amount"][0] == 1.5


@pytest.mark.parametrize(
    ("text", "separator", "header"),
    [
        ("user,at,what\na,2024-01-01,view\nb,2024-01-02,buy\n", ",", True),
        (" 001  20240101   1  9.5\r\n 002 20240102 2 1.5\r\n", " ", False),
        ("1;2024-01-01;view\n2;2024-01-02;buy\n", ";", False),
        ("user at what\na 2024-01-01 view\nb 2024-01-02 buy\n", " ", True),
    ],
)
def test_separators_blanks_and_a_missing_header_are_seen(tmp_path, text, separator, header):
    path = tmp_path / "log.txt"
    path.write_bytes(text.encode())
    form = detect_log(path).form
    assert (form.separator, form.header) == (separator, header)
    table = read_log(path, form).frame
    assert table.height == 2
    assert table.columns == (
        ["user", "at", "what"] if header else [f"column_{place}" for place in range(1, table.width + 1)]
    )
    packed = tmp_path / "log.csv.gz"
    packed.write_bytes(gzip.compress(text.encode()))
    assert detect_log(packed).form == form


def test_a_missing_column_is_named_with_those_that_are_there():
    with pytest.raises(MissingColumnError, match=r"the log: no column 'time', 'event'.*; it has lead"):
        raw_events(pl.DataFrame({"lead": ["a"]}), settings_of(), "the log")
