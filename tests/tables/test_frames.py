"""A frame of any library and any types reads as the CSV of it would."""

from datetime import UTC, date, datetime
from decimal import Decimal

import narwhals.stable.v2 as nw
import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.errors import EmptyTableError, MalformedTableError
from gallop.schema import ROW
from gallop.tables.frames import text_table

CONTENT = {
    "text": ["a", " b ", None],
    "whole": [1, None, 3],
    "number": [0.5, None, 3.0],
    "yes": [True, None, False],
    "day": [date(2024, 1, 3), None, date(2024, 12, 31)],
}
AS_TEXT = {
    "text": ["a", " b ", ""],
    "whole": ["1", "", "3"],
    "number": ["0.5", "", "3"],
    "yes": ["True", "", "False"],
    "day": ["2024-01-03", "", "2024-12-31"],
}


def texts(frame: object) -> dict[str, list]:
    table = text_table(frame, "here").to_dict(as_series=False)
    assert table.pop(ROW) == list(range(1, 1 + len(next(iter(table.values())))))
    return table


@pytest.mark.parametrize("make", [pd.DataFrame, pl.DataFrame, pa.table], ids=["pandas", "polars", "pyarrow"])
def test_every_library_gives_the_same_texts(make) -> None:
    assert texts(make(CONTENT)) == AS_TEXT


@pytest.mark.parametrize("backend", ["pyarrow", "numpy_nullable"])
def test_the_other_types_of_pandas_give_the_same_texts(backend: str) -> None:
    assert texts(pd.DataFrame(CONTENT).convert_dtypes(dtype_backend=backend)) == AS_TEXT
    assert texts(pd.DataFrame({"text": pd.Categorical(["a", None]), "n": pd.Categorical([2.0, None])})) == {
        "text": ["a", ""],
        "n": ["2", ""],
    }


@pytest.mark.parametrize("nothing", [None, float("nan"), np.nan, pd.NA, pd.NaT, Decimal("NaN")], ids=repr)
def test_whatever_stands_for_no_value_is_empty_beside_values_of_any_type(nothing: object) -> None:
    assert texts(pd.DataFrame({"a": pd.Series([nothing, "x", 2], dtype=object)})) == {"a": ["", "x", "2"]}


def test_nan_is_no_value_in_polars_and_arrow_either() -> None:
    for frame in (pl.DataFrame({"a": [float("nan"), 1.0]}), pa.table({"a": [float("nan"), 1.0]})):
        assert texts(frame) == {"a": ["", "1"]}


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (-0.0, "0"),
        (1e14, "100000000000000"),
        (1e300, "1e+300"),
        (float("inf"), "inf"),
        (Decimal("2.00"), "2"),
        (Decimal("0.10"), "0.10"),
        (np.int64(7), "7"),
        (np.bool_(True), "True"),
        (datetime(2024, 1, 3), "2024-01-03"),
        (datetime(2024, 1, 3, 10, 30, tzinfo=UTC), "2024-01-03 10:30:00+00:00"),
        ([1, 2], ""),
        (b"x", ""),
        ({"a": 1}, ""),
    ],
)
def test_a_value_is_written_as_a_csv_would_hold_it(value: object, text: str) -> None:
    assert texts(pd.DataFrame({"a": pd.Series([value], dtype=object)})) == {"a": [text]}


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_itself_when_read_again(value: float) -> None:
    assert float(texts(pl.DataFrame({"a": [value]}))["a"][0]) == value


def test_names_are_read_as_those_of_a_file() -> None:
    frame = pd.DataFrame([["x", "y", "z"]], columns=[3, "", ROW])
    assert texts(frame) == {"3": ["x"], "column_2": ["y"], f"{ROW}_": ["z"]}


def test_two_columns_of_one_name_are_refused() -> None:
    with pytest.raises(MalformedTableError, match="here: Expected unique column names, got: - 'a' 2 times"):
        text_table(pd.DataFrame([[1, 2]], columns=["a", "a"]), "here")
    with pytest.raises(MalformedTableError, match=r"here: has columns \['1'\] more than once"):
        text_table(pd.DataFrame([[1, 2]], columns=[1, "1"]), "here")


def test_a_frame_without_columns_is_refused_and_one_without_rows_is_empty() -> None:
    with pytest.raises(EmptyTableError, match="here: has no columns"):
        text_table(pd.DataFrame(), "here")
    assert nw.to_native(text_table(pl.DataFrame({"a": []}), "here")).schema == {"a": pl.String, ROW: pl.Int64}


@pytest.mark.parametrize("other", [pl.LazyFrame({"a": [1]}), [{"a": 1}], "leads.csv"], ids=["lazy", "list", "path"])
def test_what_is_no_frame_is_a_type_error(other: object) -> None:
    with pytest.raises(TypeError):
        text_table(other, "here")
