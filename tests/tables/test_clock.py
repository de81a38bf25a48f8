"""A lead's moment rises with time, whatever it goes by."""

import narwhals.stable.v2 as nw
import pytest

from gallop.schema import ROW, Role
from gallop.settings.table import Table
from gallop.tables.clock import NEVER, clock_columns, moments, shown_moment

LEADS = nw.from_dict({ROW: [3, 1, 2], "date_part": ["2024-01-31", None, "2024-01-01"]}, backend="polars")


def test_rows_count_down_where_the_newest_come_first(table: Table):
    assert moments(LEADS, table, "order").tolist() == [3, 1, 2]
    assert moments(LEADS, table, "reverse").argsort().tolist() == [0, 2, 1]


@pytest.mark.parametrize("by", ["day", "date_part"])
def test_days_are_numbers_and_a_missing_one_is_never(table: Table, by: str):
    last, never, first = moments(LEADS, table, by).tolist()
    assert last - first == 30
    assert never == NEVER
    assert shown_moment(first, by) == "2024-01-01"


def test_a_row_is_shown_by_its_number_in_the_file():
    assert [shown_moment(moment, by) for moment, by in ((1200, "order"), (-1200, "reverse"))] == ["row 1,200"] * 2


def test_rows_days_and_dates_can_say_when(table: Table):
    dated = table.columns | {"seen": table.columns["date_part"].model_copy(update={"role": Role.DATE})}
    assert clock_columns(table.model_copy(update={"columns": dated})) == (ROW, "date_part", "seen")
