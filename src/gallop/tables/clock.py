"""When a lead was: the order in which leads came, by which a split goes forward in time. Never an input of a model."""

from datetime import date
from typing import Final

import narwhals.stable.v2 as nw
import numpy as np
from numpy.typing import NDArray

from gallop.schema import ROW, Role
from gallop.settings.split import BY_DAY, BY_ORDER, BY_REVERSE
from gallop.settings.table import Table

Moments = NDArray[np.int64]
"""Whole numbers that rise with time: days, or rows of the raw file."""

NEVER: Final = int(np.iinfo(np.int64).min)
"""The moment of a lead without a date."""


def clock_columns(table: Table) -> tuple[str, ...]:
    """The columns that can say when a lead was: the row of the raw file, the lead's day, and all dates."""
    return (ROW, *table.with_role(Role.DAY), *table.with_role(Role.DATE))


def moments(leads: nw.DataFrame, table: Table, by: str) -> Moments:
    """When each lead was, shape (n,): its day as a number, or its row in the raw file; `NEVER` without a date.

    Args:
        by: as `split.by`, but not random.
    """
    if by in {BY_ORDER, BY_REVERSE}:
        rows = np.array(leads[ROW].to_list(), dtype=np.int64)
        return rows if by == BY_ORDER else -rows
    days = leads[str(table.day) if by == BY_DAY else by].to_list()
    # A missing text is None in most libraries and NaN in pandas.
    known = [date.fromisoformat(day).toordinal() if isinstance(day, str) else NEVER for day in days]
    return np.array(known, dtype=np.int64)


def shown_moment(moment: int, by: str) -> str:
    """A moment for people: a day as YYYY-MM-DD, or `row 17`."""
    return f"row {abs(moment):,}" if by in {BY_ORDER, BY_REVERSE} else date.fromordinal(moment).isoformat()
