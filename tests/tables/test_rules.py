"""Each rule claims the rows it should; the first that a row breaks claims it; every row is counted once."""

from collections import Counter
from datetime import date

import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.errors import EmptyTableError, MissingColumnError
from gallop.schema import ROW, RULE
from gallop.settings.table import Column, Table, Window
from gallop.tables.applied_rules import apply_rules
from gallop.tables.duplicates import CONFLICT, DUPLICATE
from gallop.tables.rules import rules
from tests.support.leads import Lead, lead, messy_leads, raw, values

few_examples = examples(max_examples=12)  # each sorts a table, which takes a tenth of a second


def verdicts(leads: list[Lead], table: Table, *, labelled: bool = True) -> list[str | None]:
    """The rule that claimed each row; None where it was kept."""
    result = apply_rules(raw(leads), table, "here", labelled=labelled)
    claimed = dict(zip(result.rejected[ROW].to_list(), result.rejected[RULE].to_list(), strict=True))
    assert sorted([*claimed, *result.leads[ROW].to_list()]) == list(range(1, len(leads) + 1))
    return [claimed.get(row) for row in range(1, len(leads) + 1)]


def varied(table: Table, name: str, **changes: object) -> Table:
    """The table with one column changed."""
    column = Column.model_validate(table.columns[name].model_dump() | changes)
    return Table.model_validate(table.model_dump() | {"columns": dict(table.columns) | {name: column}})


@pytest.mark.parametrize(
    ("changes", "rule"),
    [
        ({}, None),
        ({"lead_id": ""}, "no_id"),
        ({"lead_id": "   "}, "no_id"),
        ({"lead_indicator": ""}, "no_label"),
        ({"lead_indicator": "2"}, "unknown_label"),
        ({"lead_indicator": "true"}, "unknown_label"),
        ({"lead_indicator": " 0 "}, None),
        ({"date_part": ""}, "no_day"),
        ({"date_part": "soon"}, "date_part_no_day"),
        ({"date_part": "2024-01-32"}, "date_part_no_day"),
        ({"date_part": "2023-12-31"}, "outside_window"),
        ({"date_part": "2024-02-1"}, "outside_window"),
        ({"date_part": "2024-1-1"}, None),
        ({"date_part": "2024-01-31"}, None),
        ({"source": ""}, "source_not_kept"),
        ({"source": "fb"}, "source_not_kept"),
        ({"source": "tv"}, "source_unknown"),
        ({"purchases": ""}, None),
        ({"purchases": "five"}, "purchases_no_number"),
        ({"purchases": "NaN"}, "purchases_no_number"),
        ({"purchases": "1e999"}, "purchases_no_number"),
        ({"purchases": "-1"}, "purchases_below_minimum"),
        ({"purchases": "-0"}, None),
        ({"time_spent": "-0.001"}, "time_spent_below_minimum"),
        ({"customer_group": "10"}, "customer_group_unknown"),
        ({"customer_group": "2.0"}, None),
        ({"customer_group": ""}, None),
        ({"onboarding": "maybe"}, "onboarding_no_boolean"),
        ({"onboarding": "yes"}, None),
        ({"n_visits": "many"}, "n_visits_no_number"),
    ],
)
def test_each_rule_claims_its_rows(table: Table, changes: Lead, rule: str | None):
    assert verdicts([lead(**changes)], table) == [rule]


def test_a_number_above_its_maximum_is_claimed(table: Table):
    bounded = varied(table, "purchases", maximum=10.0)
    assert verdicts([lead(purchases="10"), lead(lead_id="B", purchases="10.5")], bounded) == [
        None,
        "purchases_above_maximum",
    ]


def test_a_row_with_two_faults_is_claimed_by_the_first_rule(table: Table):
    order = [rule.name for rule in rules(table, labelled=True)]
    assert verdicts([lead(lead_id="", lead_indicator="", purchases="x")], table) == ["no_id"]
    assert verdicts([lead(purchases="x", n_visits="x")], table) == ["purchases_no_number"]
    assert verdicts([lead(date_part="2025-01-01", source="tv")], table) == ["outside_window"]
    assert order.index("purchases_no_number") < order.index("n_visits_no_number")
    assert order[-2:] == [DUPLICATE, CONFLICT]


def test_an_impossible_source_is_a_defect_and_not_out_of_scope(table: Table):
    assert verdicts([lead(source="tv")], table) == ["source_unknown"]
    defects = {rule.name: rule.defect for rule in rules(table, labelled=True)}
    assert defects["source_unknown"]
    assert not defects["source_not_kept"]


def test_rules_have_names_of_their_own(table: Table):
    names = [rule.name for rule in rules(table, labelled=True)]
    assert len(set(names)) == len(names)


def test_every_rule_says_what_it_accepts(table: Table):
    assert all(rule.accepts and rule.column in table.columns for rule in rules(table, labelled=True))


def test_of_equal_rows_the_first_stays(table: Table):
    assert verdicts([lead(), lead(), lead()], table) == [None, DUPLICATE, DUPLICATE]


def test_rows_of_one_id_that_differ_all_go(table: Table):
    assert verdicts([lead(), lead(purchases="6")], table) == [CONFLICT, CONFLICT]
    assert verdicts([lead(), lead(), lead(lead_indicator="0")], table) == [CONFLICT] * 3


def test_rows_that_differ_in_an_ignored_column_only_are_equal(table: Table):
    rows = [lead() | {"customer_code": "A"}, lead() | {"customer_code": "B"}]
    assert verdicts(rows, table) == [None, DUPLICATE]


def test_a_row_that_another_rule_claimed_is_nobodys_duplicate(table: Table):
    assert verdicts([lead(purchases="x"), lead()], table) == ["purchases_no_number", None]
    assert verdicts([lead(source="fb"), lead(), lead(source="fb")], table) == [
        "source_not_kept",
        None,
        "source_not_kept",
    ]


def test_equal_rows_with_missing_values_are_duplicates(table: Table):
    assert verdicts([lead(purchases=""), lead(purchases="")], table) == [None, DUPLICATE]


def test_ids_are_compared_as_text(table: Table):
    assert verdicts([lead(lead_id="1"), lead(lead_id="01"), lead(lead_id="1.0")], table) == [None, None, None]


@few_examples
@given(messy_leads)
def test_every_row_is_counted_exactly_once(table: Table, rows: list[Lead]):
    done = apply_rules(raw(rows), table, "here", labelled=True)
    assert len(done.leads) + len(done.rejected) == len(rows)
    assert sum(done.counts().values()) == len(done.rejected)
    assert Counter(done.rejected[RULE].to_list()) == Counter({name: n for name, n in done.counts().items() if n})


@few_examples
@given(messy_leads)
def test_no_id_is_kept_twice(table: Table, rows: list[Lead]):
    kept = apply_rules(raw(rows), table, "here", labelled=True).leads["lead_id"].to_list()
    assert len(set(kept)) == len(kept)


@few_examples
@given(messy_leads, st.data())
def test_the_order_of_rows_changes_no_lead_and_no_count(table: Table, rows: list[Lead], data: st.DataObject):
    shuffled = data.draw(st.permutations(rows), label="shuffled")
    one, two = (apply_rules(raw(table_rows), table, "here", labelled=True) for table_rows in (rows, shuffled))
    assert one.counts() == two.counts()
    assert sorted(values(one.leads.drop(ROW)), key=repr) == sorted(values(two.leads.drop(ROW)), key=repr)


@few_examples
@given(messy_leads)
def test_sorting_the_kept_rows_again_rejects_none(table: Table, rows: list[Lead]):
    kept = set(apply_rules(raw(rows), table, "here", labelled=True).leads[ROW].to_list())
    again = [row for number, row in enumerate(rows, 1) if number in kept]
    if again:
        assert len(apply_rules(raw(again), table, "here", labelled=True).rejected) == 0


@few_examples
@given(messy_leads)
def test_kept_numbers_and_truth_values_are_typed(table: Table, rows: list[Lead]):
    leads = apply_rules(raw(rows), table, "here", labelled=True).leads
    assert [str(leads.schema[name]) for name in ("purchases", "onboarding", "lead_indicator", "customer_group")] == [
        "Float64",
        "Boolean",
        "Int8",
        "String",
    ]


def test_scoring_needs_no_label_no_day_and_no_window(table: Table):
    row = {name: text for name, text in lead().items() if name not in ("lead_indicator", "date_part")}
    assert verdicts([row], table, labelled=False) == [None]
    assert verdicts([lead(lead_indicator="7", date_part="soon")], table, labelled=False) == [None]


def test_scoring_holds_values_to_the_same_rules(table: Table):
    assert verdicts([lead(purchases="x")], table, labelled=False) == ["purchases_no_number"]
    assert verdicts([lead(source="fb")], table, labelled=False) == ["source_not_kept"]


def test_a_day_column_is_checked_without_a_window_too(table: Table):
    endless = Table.model_validate(table.model_dump() | {"window": None})
    days = ["1999-1-1", "soon", ""]
    rows = [lead(lead_id=day or "none", date_part=day) for day in days]
    assert verdicts(rows, endless) == [None, "date_part_no_day", "no_day"]


def test_the_window_includes_both_ends(table: Table):
    window = Window(first=date(2024, 1, 9), last=date(2024, 1, 10))
    narrow = Table.model_validate(table.model_dump() | {"window": window})
    days = ["2024-1-8", "2024-1-9", "2024-1-10", "2024-1-11"]
    rows = [lead(lead_id=day, date_part=day) for day in days]
    assert verdicts(rows, narrow) == ["outside_window", None, None, "outside_window"]


def test_a_missing_column_is_named_with_the_header_that_is_there(table: Table):
    row = {name: text for name, text in lead().items() if name not in ("purchases", "n_visits")}
    with pytest.raises(
        MissingColumnError, match=r"leads\.csv: no column 'purchases', 'n_visits'; the header has: lead_id"
    ):
        apply_rules(raw([row]), table, "leads.csv", labelled=True)


def test_training_needs_the_label_and_the_day(table: Table):
    row = {name: text for name, text in lead().items() if name != "lead_indicator"}
    with pytest.raises(MissingColumnError, match="'lead_indicator'"):
        apply_rules(raw([row]), table, "here", labelled=True)


def test_a_table_without_rows_is_empty(table: Table):
    with pytest.raises(EmptyTableError, match="has a header but no rows"):
        apply_rules(raw([]), table, "here", labelled=True)


def test_rejected_rows_keep_their_text(table: Table):
    done = apply_rules(raw([lead(purchases="five")]), table, "here", labelled=True)
    assert done.rejected["purchases"].to_list() == ["five"]
    assert done.rejected[ROW].to_list() == [1]


def test_a_row_that_is_neither_yes_nor_no_is_out_of_scope_where_such_rows_are_set_aside(table: Table):
    label = table.label.model_dump()
    for other, defect in (("reject", False), ("refuse", True)):
        varied_table = Table.model_validate(table.model_dump() | {"label": label | {"other": other}})
        assert {rule.name: rule.defect for rule in rules(varied_table, labelled=True)}["unknown_label"] is defect
    assert verdicts([lead(lead_indicator="open")], varied_table) == ["unknown_label"]


def test_where_no_text_means_no_an_empty_label_is_a_no(table: Table):
    blank = Table.model_validate(table.model_dump() | {"label": table.label.model_dump() | {"negative": ("",)}})
    rows = [lead(lead_indicator=""), lead(lead_id="B", lead_indicator="1"), lead(lead_id="C", lead_indicator="0")]
    assert verdicts(rows, blank) == [None, None, "unknown_label"]
    assert apply_rules(raw(rows), blank, "here", labelled=True).leads["lead_indicator"].to_list() == [0, 1]


def test_a_used_column_without_any_value_is_noticed_in_scoring_and_only_there(table: Table):
    rows = [lead(n_visits=""), lead(lead_id="B", n_visits=" ")]
    used = ["n_visits", "purchases"]
    assert apply_rules(raw(rows), table, "here", labelled=False, used=used).noticed == {"n_visits_empty": 2}
    assert apply_rules(raw([*rows, lead(lead_id="C")]), table, "here", labelled=False, used=used).noticed == {}
    assert apply_rules(raw(rows), table, "here", labelled=False, used=["purchases"]).noticed == {}
    assert apply_rules(raw(rows), table, "here", labelled=True, used=used).noticed == {}
