"""A number or date is read as its column's settings say it is written, and never as another value."""

from datetime import UTC, date, datetime, timedelta

import narwhals.stable.v2 as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from gallop.schema import Role
from gallop.settings.table import Column
from gallop.tables.parsing import plain_texts, readable, typed

ENGINES = ["polars", "pandas", "pyarrow"]


def read(texts: list[str], engine: str = "polars", **keys: object) -> list:
    """What a column that is written so holds; None for a text that cannot be read."""
    column = Column.model_validate(keys)
    frame = plain_texts(nw.from_dict({"x": texts}, {"x": nw.String()}, backend=engine), {"x": column}, ("",))
    known = nw.when(readable("x", column.role)).then(nw.col("x")).otherwise(None).alias("x")
    values = frame.select(known).select(typed("x", column.role))["x"]
    return [
        None if missing else value for value, missing in zip(values.to_list(), values.is_null().to_list(), strict=True)
    ]


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("keys", "texts", "values"),
    [
        ({"thousands": ","}, ["1,160", "998", "-1,234,567.5", "12,34,567"], [1160, 998, -1234567.5, 1234567]),
        ({"thousands": ","}, ["1,16", "0,160", "1,1600", "x"], [None] * 4),
        ({"decimal": ","}, ["1160,5", "3", "-,5", "1,5e3"], [1160.5, 3, -0.5, 1500]),
        ({"decimal": ","}, ["12.5", "1.234"], [None] * 2),
        ({"decimal": ",", "thousands": "."}, ["1.234,5", "12", "1.234.567"], [1234.5, 12, 1234567]),
        ({"decimal": ",", "thousands": "."}, ["12.5", "1.23,4"], [None] * 2),
        ({"decimal": ",", "thousands": " "}, ["1 234,50", "1\u202f234,50", "1\xa0234", "7"], [1234.5, 1234.5, 1234, 7]),
        ({"thousands": "'"}, ["1'234'567.8", "5"], [1234567.8, 5]),
        ({"unit": ("$", "USD"), "thousands": ","}, ["$1,234.00", "-$5", "$-5", "USD 7", "8"], [1234, -5, -5, 7, 8]),
        ({"unit": ("$",)}, ["($5.50)", "$$7", "1$2", "7 €"], [-5.5, None, None, None]),
        ({"unit": ("€",), "decimal": ","}, ["12,5 €", "€3", "4,0\xa0€"], [12.5, 3, 4]),
        ({"unit": ("%",)}, ["12.5%", "-3 %", "0.125", "12"], [12.5, -3, None, None]),
        ({"duration": True}, ["1:23:45", "00:02:13", "2:13", "-0:00:01.5"], [5025, 133, 133, -1.5]),
        ({"duration": True}, ["2 days", "1 day, 2:03:04", "0 days 00:00:09", "90 min"], [172800, 93784, 9, 5400]),
        ({"duration": True}, ["133", "1:75:00", "1 day 02:03", "soon"], [None] * 4),
    ],
)
def test_a_number_is_read_as_its_column_is_written(engine: str, keys: dict, texts: list[str], values: list):
    assert read(texts, engine, role=Role.NUMBER, **keys) == values


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("order", "texts", "days"),
    [
        ("ymd", ["2024-3-14", "2024/03/14 02:05 PM", "20240314", "20240314.0", "20240314T101500Z"], ["2024-03-14"] * 5),
        ("mdy", ["03/14/2024 02:05 PM", "3/14/24", "3/14/2024, 2:05\u202fPM", "2024-03-14"], ["2024-03-14"] * 4),
        ("dmy", ["14.03.2024", "14/3/24 23:59:59", "14-03-2024T00:00:00.000+0100"], ["2024-03-14"] * 3),
        ("dmy", ["Mar 14, 2024", "14 March 2024", "14-MAR-24 02.05.00.000 PM"], ["2024-03-14"] * 3),
        ("mdy", ["March 14th, 2024", "Thu, 14 Mar 2024 10:00:00 GMT", "2024-Mar-14"], ["2024-03-14"] * 3),
        ("epoch", ["1710417900", "1710417900000", "1710417900.0", "1710417900000000"], ["2024-03-14"] * 4),
        ("dmy", ["1/2/68", "1/2/69"], ["2068-02-01", "1969-02-01"]),
        ("ymd", ["03/14/2024", "2024-02-30", "20241399", "soon", "Marathon 5 2024"], [None] * 5),
        ("dmy", ["03/14/2024", "20240314", "1710417900"], [None] * 3),
        ("epoch", ["2024-03-14", "17104179", "soon"], ["2024-03-14", None, None]),
    ],
)
def test_a_date_is_read_in_its_columns_order(engine: str, order: str, texts: list[str], days: list):
    assert read(texts, engine, role=Role.DATE, order=order) == days


@given(
    st.dates(date(1969, 1, 1), date(2068, 12, 31)), st.sampled_from(["%d.%m.%y", "%d %B %Y", "%b %d, %Y", "%d-%b-%y"])
)
def test_a_day_survives_being_written_with_names_and_short_years(day: date, form: str):
    assert read([day.strftime(form)], role=Role.DATE, order="dmy") == [day.isoformat()]


@given(st.dates(date(1975, 1, 1), date(2200, 12, 31)), st.integers(0, 86_399), st.sampled_from([1, 1000, 10**6]))
def test_a_day_survives_being_written_as_seconds_since_1970(day: date, second: int, factor: int):
    moment = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(seconds=second)
    assert read([str(int(moment.timestamp()) * factor)], role=Role.DATE, order="epoch") == [day.isoformat()]


@given(st.floats(-1e12, 1e12).map(lambda value: round(value, 2)))
def test_a_number_survives_being_written_with_money_and_thousands(value: float):
    assert read([f"${value:,.2f}"], role=Role.NUMBER, unit=("$",), thousands=",") == [value]
    german = f"{value:,.2f} €".translate(str.maketrans(",.", ".,"))
    assert read([german], role=Role.NUMBER, unit=("€",), decimal=",", thousands=".") == [value]


@given(st.from_regex(r"^[0-9.,' %$-]{1,9}$", fullmatch=True), st.sampled_from([None, " ", "'", "."]))
def test_with_a_decimal_comma_no_point_is_ever_taken_for_one(text: str, thousands: str | None):
    value = read([text], role=Role.NUMBER, decimal=",", thousands=thousands)[0]
    if value is not None and "." in text:
        assert thousands == "."
        assert value == int(value) or "," in text


@pytest.mark.parametrize("engine", ENGINES)
def test_a_code_that_a_library_made_a_float_is_the_code(engine: str):
    assert read(["3.0", "3", "007.0", "1.10"], engine, role=Role.CATEGORY) == ["3", "3", "007.0", "1.10"]
    assert read(["3.0", "3", "4.0"], engine, role=Role.CATEGORY, levels=("3.0", "4")) == ["3.0", "3", "4"]
    assert read(["1.0", "0.0", "2.0"], engine, role=Role.BOOLEAN) == [True, False, None]


@pytest.mark.parametrize(
    "keys",
    [{"thousands": "."}, {"decimal": ",", "thousands": ","}, {"unit": ("1",)}, {"unit": (" ",)},
     {"duration": True, "unit": ("s",)}],
)  # fmt: skip
def test_a_spelling_that_means_nothing_is_refused(keys: dict):
    with pytest.raises(ValidationError):
        Column.model_validate(
            {"role": Role.NUMBER} | {key: tuple(v) if isinstance(v, list) else v for key, v in keys.items()}
        )
