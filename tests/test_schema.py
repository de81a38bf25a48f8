"""Which texts are a number or a day, held against Python's own parsing, on every engine."""

import math
import re
from datetime import date

import narwhals.stable.v2 as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.schema import DAY, NUMBER, Role
from gallop.tables.days import padded_day
from gallop.tables.parsing import readable

ENGINES = ["polars", "pandas", "pyarrow"]


def is_number(text: str) -> bool:
    return re.search(NUMBER, text) is not None


def is_day(text: str, engine: str = "polars") -> bool:
    frame = nw.from_dict({"day": [text]}, {"day": nw.String()}, backend=engine)
    return frame.select(readable("day", Role.DAY))["day"].to_list() == [True]


@given(st.floats(min_value=-1e100, max_value=1e100, exclude_min=True, exclude_max=True))
def test_every_float_below_1e100_is_a_number_as_python_writes_it(value: float):
    assert is_number(repr(value))


@given(st.integers(min_value=-(10**40) + 1, max_value=10**40 - 1))
def test_every_whole_number_of_up_to_forty_digits_is_a_number(value: int):
    assert is_number(str(value))


@given(st.from_regex(NUMBER, fullmatch=True))
def test_every_number_is_one_to_python_too_and_finite(text: str):
    assert math.isfinite(float(text))


@given(st.text(alphabet="0123456789+-.eE naif_x,", max_size=12))
def test_what_python_does_not_read_as_a_finite_number_is_none(text: str):
    try:
        finite = math.isfinite(float(text))
    except ValueError:
        finite = False
    assert finite or not is_number(text)


@pytest.mark.parametrize(
    "text",
    ["nan", "NaN", "inf", "-Infinity", "1e999", "1e400", "9" * 400, "", ".", "+", "1_000", "1,5", "0x1", "٣", "1e"],
)
def test_these_are_no_numbers(text: str):
    assert not is_number(text)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_reads_the_same_numbers(engine: str):
    texts = ["1", "-1.5", "+.5", "5.", "1e5", "1E-300", "nan", "inf", "1e999", "9" * 400, "x", "1 2"]
    frame = nw.from_dict({"n": texts}, {"n": nw.String()}, backend=engine)
    is_readable = frame.select(readable("n", Role.NUMBER))["n"].to_list()
    assert is_readable == [True] * 6 + [False] * 6


@given(st.dates(), st.booleans(), st.booleans())
def test_every_date_is_a_day_padded_or_not(day: date, pad_month: bool, pad_day: bool):
    month = f"{day.month:02}" if pad_month else f"{day.month}"
    number = f"{day.day:02}" if pad_day else f"{day.day}"
    assert is_day(f"{day.year:04}-{month}-{number}")


@given(st.integers(1, 9999), st.integers(0, 99), st.integers(0, 99))
def test_a_day_that_no_calendar_has_is_no_day(year: int, month: int, number: int):
    try:
        date(year, month, number)
        exists = True
    except ValueError:
        exists = False
    assert is_day(f"{year:04}-{month}-{number}") is exists


@pytest.mark.parametrize("year", [1896, 1900, 2000, 2023, 2024, 2100, 2400])
def test_the_29th_of_february_is_a_day_in_leap_years_only(year: int):
    leap = year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)
    assert is_day(f"{year}-02-29") is leap
    assert is_day(f"{year}-2-29") is leap


@pytest.mark.parametrize(
    "text",
    ["", "2024", "2024-01", "2024-1-3-4", "24-01-03", "2024/01/03", "2024-01-03 00:00", "03-01-2024", "x2024-01-03"],
)
def test_these_are_no_days(text: str):
    assert not is_day(text)


@pytest.mark.parametrize("engine", ENGINES)
def test_every_engine_reads_the_same_days(engine: str):
    for text, expected in {"2024-01-3": True, "2024-2-29": True, "2023-2-29": False, "2024-13-1": False}.items():
        assert is_day(text, engine) is expected


@given(st.dates())
def test_padded_days_compare_as_dates_do(day: date):
    frame = nw.from_dict({"day": [f"{day.year:04}-{day.month}-{day.day}"]}, backend="polars")
    assert frame.select(padded_day(nw.col("day")))["day"].to_list() == [day.isoformat()]
    assert re.search(DAY, day.isoformat())
