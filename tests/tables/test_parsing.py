"""A text is read the same way on every engine."""

import narwhals.stable.v2 as nw
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gallop.schema import Role
from gallop.tables.parsing import readable, text, typed

ENGINES = ["polars", "pandas", "pyarrow"]


def column(name: str, content: list, dtype: nw.dtypes.DType, engine: str) -> nw.DataFrame:
    return nw.from_dict({name: content}, {name: dtype}, backend=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_text_loses_blanks_around_it_and_is_null_where_missing(engine: str):
    frame = column("a", [" x ", "", "  ", "NA", "y"], nw.String(), engine)
    assert frame.select(text("a", ("", "NA")))["a"].is_null().to_list() == [False, True, True, True, False]
    assert frame.select(text("a", ("", "NA")))["a"].drop_nulls().to_list() == ["x", "y"]


@pytest.mark.parametrize("engine", ENGINES)
def test_truth_values_are_read_in_any_case(engine: str):
    texts = ["true", "TRUE", "Yes", "1", "t", "False", "no", "N", "0", "f"]
    frame = column("a", texts, nw.String(), engine)
    assert frame.select(readable("a", Role.BOOLEAN))["a"].to_list() == [True] * 10
    assert frame.select(typed("a", Role.BOOLEAN))["a"].to_list() == [True] * 5 + [False] * 5


@pytest.mark.parametrize("text", ["maybe", "2", "on", "oui", "truee", "10"])
def test_other_words_are_no_truth_values(text: str):
    assert column("a", [text], nw.String(), "polars").select(readable("a", Role.BOOLEAN))["a"].to_list() == [False]


@pytest.mark.parametrize("engine", ENGINES)
def test_numbers_are_typed_as_python_reads_them(engine: str):
    texts = ["1", "-1.5", "+.5", "5.", "1e5", "1E-30", "0.1", "123456789.123456789"]
    numbers = column("a", texts, nw.String(), engine).select(typed("a", Role.NUMBER))["a"].to_list()
    assert numbers == [float(number) for number in texts]


@given(st.floats(min_value=-1e99, max_value=1e99))
def test_a_number_survives_being_written_and_typed(value: float):
    frame = column("a", [repr(value)], nw.String(), "polars")
    assert frame.select(typed("a", Role.NUMBER))["a"].to_list() == [value]
