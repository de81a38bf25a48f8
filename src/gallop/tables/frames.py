"""A frame in memory, of whatever library, as the table of text that the rules read: as a CSV of it would be."""

import math
from datetime import datetime, time, timedelta
from decimal import Decimal

import narwhals.stable.v2 as nw
from narwhals.exceptions import DuplicateError
from narwhals.stable.v2.typing import IntoDataFrame

from gallop.errors import EmptyTableError, MalformedTableError
from gallop.schema import ROW, usable_names

_EXACT = 1e15
"""Whole floats below it are the numbers they are written as."""


def text_table(frame: IntoDataFrame, source: str) -> nw.DataFrame:
    """Every value as text, with the row number in `schema.ROW`; missing values and such as no cell holds are empty.

    Args:
        frame: pandas, Polars, PyArrow or another eager frame that narwhals knows; values of any type.
        source: the frame's name in errors.

    Raises:
        EmptyTableError: no columns.
        MalformedTableError: two columns of one name.
        TypeError: not a frame, or a lazy one.
    """
    try:
        given = nw.from_native(frame, eager_only=True)
    except DuplicateError as error:
        raise MalformedTableError(f"{source}: {' '.join(str(error).split())}") from None
    names = usable_names([str(name) for name in given.columns])
    if not names:
        raise EmptyTableError(f"{source}: has no columns")
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise MalformedTableError(f"{source}: has columns {twice} more than once; every column needs a name of its own")
    texts = {name: _texts(given[:, index]) for index, name in enumerate(names)}
    rows = {ROW: list(range(1, len(given) + 1))}
    types = dict.fromkeys(names, nw.String()) | {ROW: nw.Int64()}
    return nw.from_dict(texts | rows, types, backend="polars")


def _texts(column: nw.Series) -> list[str]:
    return [
        "" if missing else cell_text(value)
        for value, missing in zip(column.to_list(), column.is_null().to_list(), strict=True)
    ]


def cell_text(value: object) -> str:
    """A value as the text that a cell of a table would hold; empty for lists and the like."""
    if isinstance(value, str):
        return value
    if isinstance(value, timedelta):
        value = value.total_seconds()
    if isinstance(value, float | Decimal):
        return _number(value)
    if isinstance(value, datetime) and value.time() == time():
        return value.date().isoformat()
    # Lists, bytes and the like are in no cell of a table.
    return "" if hasattr(value, "__len__") else str(value)


def _number(value: float | Decimal) -> str:
    if value != value:  # noqa: PLR0124 NaN, which Polars and Arrow do not count as missing
        return ""
    # Group 2.0 is level `2`: a library makes whole numbers floats where one of them is missing. A decimal is exact.
    whole = isinstance(value, Decimal) or abs(value) < _EXACT
    return str(int(value)) if whole and math.isfinite(value) and value == int(value) else str(value)
