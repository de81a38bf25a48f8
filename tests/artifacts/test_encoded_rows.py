"""An audit's tables are numbers, or are refused by row and column."""

from pathlib import Path

import pandas as pd
import pytest

from gallop.artifacts.encoded_rows import read_labels, read_rows
from gallop.errors import (
    EmptyTableError,
    EncodingError,
    MalformedTableError,
    SingleClassError,
    UnknownLabelError,
    WrongTypeError,
)


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "table.csv"


def test_rows_are_read_as_numbers_with_their_names(file: Path) -> None:
    file.write_text("a,b\n1,2.5\n-3e2,0\n", encoding="utf-8")
    pd.testing.assert_frame_equal(read_rows(file), pd.DataFrame({"a": [1.0, -300.0], "b": [2.5, 0.0]}))


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        (b"", EmptyTableError, "needs a header"),
        (b"a,b\n", EmptyTableError, "needs a header and at least one row"),
        (b"a,b\n1,2\n3\n", MalformedTableError, "row 2 has 1 values, the header has 2"),
        (b"a,b\n1,x\n", WrongTypeError, "row 1, column b: 'x' is no finite number"),
        (b"a,b\n1,\n", WrongTypeError, "row 1, column b: '' is no finite number"),
        (b"a\n1e999\n", WrongTypeError, "no finite number"),
        (b"a\n\xff\n", EncodingError, "not UTF-8"),
    ],
)
def test_rows_that_cannot_be_used_are_named(file: Path, content: bytes, error: type[Exception], message: str) -> None:
    file.write_bytes(content)
    with pytest.raises(error, match=message):
        read_rows(file)


def test_rows_that_are_not_there_are_named(file: Path) -> None:
    with pytest.raises(EmptyTableError, match="No such file"):
        read_rows(file)


@pytest.mark.parametrize(
    ("content", "error", "message"),
    [
        ("y\n1\n0\n", MalformedTableError, "2 rows of 1 columns; 3 labels"),
        ("y,z\n1,0\n0,0\n1,1\n", MalformedTableError, "3 rows of 2 columns"),
        ("y\n1\n0\n2\n", UnknownLabelError, r"also \[.*2.0"),
        ("y\n1\n1\n1\n", SingleClassError, "all 3 labels are 1"),
    ],
)
def test_labels_that_cannot_be_used_are_named(file: Path, content: str, error: type[Exception], message: str) -> None:
    file.write_text(content, encoding="utf-8")
    with pytest.raises(error, match=message):
        read_labels(file, rows=3)


def test_labels_are_read_in_order(file: Path) -> None:
    file.write_text("y\n1\n0.0\n1.0\n", encoding="utf-8")
    assert read_labels(file, rows=3).tolist() == [1.0, 0.0, 1.0]
