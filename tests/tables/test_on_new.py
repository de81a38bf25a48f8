"""The schema in production: new levels, ranges and types are kept and counted, set aside, or refused."""

import pytest

from gallop.adapters.tables.polars import read_text
from gallop.errors import WrongTypeError
from gallop.schema import NEW_LEVEL
from gallop.settings.table import Table
from gallop.tables.applied_rules import apply_rules

HEADER = "id,y,visits,source,since,ok\n"
NEW = {
    "level": ("4,1,5,tv,2024-01-04,yes\n", "source_unknown", "source"),
    "range": ("4,1,500,fb,2024-01-04,yes\n", "visits_above_maximum", "visits"),
    "type": ("4,1,many,fb,2024-01-04,yes\n", "visits_no_number", "visits"),
}
KEPT = {"level": NEW_LEVEL, "range": 500.0, "type": None}


def table(**on_new: str) -> Table:
    content = {
        "on_new": on_new,
        "label": {"column": "y", "positive": ["1"], "negative": ["0"]},
        "columns": {
            "id": {"role": "id"},
            "y": {"role": "label"},
            "visits": {"role": "number", "minimum": 0, "maximum": 10},
            "source": {"role": "category", "levels": ["fb", "li"]},
            "since": {"role": "date"},
            "ok": {"role": "boolean"},
        },
    }
    import json

    return Table.model_validate_json(json.dumps(content))


def sorted_rows(tmp_path, row: str, settings: Table, *, labelled: bool):
    path = tmp_path / "leads.csv"
    path.write_text(HEADER + "1,1,2,fb,2024-01-01,yes\n2,0,3,li,2024-01-02,no\n" + row)
    return apply_rules(read_text(path), settings, "leads.csv", labelled=labelled)


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("kind", NEW)
def test_what_is_new_is_kept_and_counted(tmp_path, kind, labelled):
    row, rule, column = NEW[kind]
    rows = sorted_rows(tmp_path, row, table(**{kind: "keep"}), labelled=labelled)
    assert rows.noticed == {rule: 1}
    assert rows.leads[column].to_list()[-1] == KEPT[kind]
    assert len(rows.rejected) == 0


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("kind", NEW)
def test_what_is_new_is_set_aside_and_counted(tmp_path, kind, labelled):
    row, rule, _ = NEW[kind]
    rows = sorted_rows(tmp_path, row, table(**{kind: "reject"}), labelled=labelled)
    assert (len(rows.leads), rows.counts()[rule], rows.noticed) == (2, 1, {})


@pytest.mark.parametrize("labelled", [True, False])
@pytest.mark.parametrize("kind", NEW)
def test_what_is_new_stops_the_run(tmp_path, kind, labelled):
    row, rule, column = NEW[kind]
    with pytest.raises(WrongTypeError, match=f"row 3, column '{column}'.*{rule}"):
        sorted_rows(tmp_path, row, table(**{kind: "refuse"}), labelled=labelled)


@pytest.mark.parametrize(("row", "column"), [("4,1,5,fb,soon,yes\n", "since"), ("4,1,5,fb,2024-01-04,TRUE?\n", "ok")])
def test_an_unreadable_date_or_truth_value_is_missing_where_it_is_kept(tmp_path, row, column):
    rows = sorted_rows(tmp_path, row, table(type="keep"), labelled=True)
    assert rows.leads[column].to_list()[-1] is None
    assert list(rows.noticed.values()) == [1]
