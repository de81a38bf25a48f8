"""Rows and labels as an audit takes them: CSV files of numbers, each refused by row and column where it is none."""

import csv
from pathlib import Path

import numpy as np
import pandas as pd

from gallop.errors import (
    EmptyTableError,
    EncodingError,
    MalformedTableError,
    SingleClassError,
    UnknownLabelError,
    WrongTypeError,
)
from gallop.evaluation.metrics import Vector


def read_rows(path: Path) -> pd.DataFrame:
    """Read encoded rows: a CSV of finite numbers with a header.

    Raises:
        EmptyTableError, MalformedTableError, WrongTypeError, EncodingError: naming the row and the column.
    """
    try:
        with path.open(encoding="utf-8", newline="") as file:
            header, *records = [record for record in csv.reader(file) if record] or [[]]
    except UnicodeDecodeError:
        raise EncodingError(f"{path}: not UTF-8") from None
    except OSError as error:
        raise EmptyTableError(f"{path}: cannot be read: {error.strerror}") from None
    if not records:
        raise EmptyTableError(f"{path}: needs a header and at least one row")
    values = np.empty((len(records), len(header)))
    for row, record in enumerate(records):
        if len(record) != len(header):
            raise MalformedTableError(f"{path}: row {row + 1} has {len(record)} values, the header has {len(header)}")
        for column, text in enumerate(record):
            values[row, column] = _number(text)
            if not np.isfinite(values[row, column]):
                raise WrongTypeError(f"{path}: row {row + 1}, column {header[column]}: {text!r} is no finite number")
    return pd.DataFrame(values, columns=header)


def read_labels(path: Path, rows: int) -> Vector:
    """Read one label a row: a CSV with a header and one column of 0 and 1, both there.

    Raises:
        As `read_rows`, and UnknownLabelError, SingleClassError.
    """
    table = read_rows(path)
    if table.shape != (rows, 1):
        raise MalformedTableError(
            f"{path}: {len(table)} rows of {table.shape[1]} columns; {rows} labels in one column are needed"
        )
    labels = table.iloc[:, 0].to_numpy()
    if unknown := sorted(set(labels) - {0.0, 1.0}):
        raise UnknownLabelError(f"{path}: labels are 0 and 1, there are also {unknown[:3]}")
    if labels.min() == labels.max():
        raise SingleClassError(f"{path}: all {rows} labels are {labels[0]:.0f}; an audit needs both outcomes")
    return labels


def _number(text: str) -> float:
    try:
        return float(text)
    except ValueError:
        return np.nan
