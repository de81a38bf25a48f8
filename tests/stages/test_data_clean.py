"""data_clean keeps what is in scope and possible, counts the rest, and refuses a table that cannot be trained on."""

import pytest

from gallop.adapters.tables.polars import read_text
from gallop.errors import EmptyTableError, SingleClassError, UnknownLabelError, WrongTypeError
from gallop.results.run import Quality
from gallop.schema import RULE, Role
from gallop.settings.table import Label, Table
from gallop.stages.data_clean import LABEL_MIN_ROWS, data_clean
from tests.support.leads import Lead, lead, many, raw


def clean(leads: list[Lead], table: Table) -> Quality:
    return data_clean(raw(leads), table, "leads.csv").quality


def counts(quality: Quality) -> dict[str, int]:
    return {each.rule: each.rows for each in quality.rules if each.rows}


def test_the_real_file_has_2937_leads(shared, table):
    leads = read_text(shared / "data" / "course_raw_data.csv")
    cleaned = data_clean(leads, table, "raw_data.csv")
    assert cleaned.quality.rows == 12345
    assert cleaned.quality.kept == len(cleaned.leads) == 2937
    assert counts(cleaned.quality) == {"no_label": 592, "source_not_kept": 8816}
    assert cleaned.quality.positives == cleaned.leads["lead_indicator"].sum() == 1375


def test_the_counts_add_up_to_the_rows_that_came_in(table):
    leads = [*many(40), lead(lead_id=""), lead(lead_id="X", date_part="2023-1-1"), lead(lead_id="Y", lead_indicator="")]
    quality = clean(leads, table)
    assert quality.rows == 43
    assert quality.kept + sum(each.rows for each in quality.rules) == 43
    assert quality.positives == 20


def test_missing_values_are_counted_per_column(table):
    quality = clean([*many(40), lead(lead_id="X", purchases="", n_visits="")], table)
    assert (quality.missing["purchases"], quality.missing["n_visits"], quality.missing["time_spent"]) == (1, 1, 0)


def test_few_defects_are_set_aside(table):
    cleaned = data_clean(raw([*many(40), lead(lead_id="X", purchases="five")]), table, "here")
    assert cleaned.rejected[RULE].to_list() == ["purchases_no_number"]
    assert [each.defect for each in cleaned.quality.rules if each.rows] == [True]


def test_many_defects_of_one_kind_name_row_column_value_and_what_is_accepted(table):
    leads = [*many(40), *(lead(lead_id=f"X{place}", purchases="five") for place in range(3))]
    with pytest.raises(
        WrongTypeError,
        match=r"csv: row 41, column 'purchases': 'five' is not a decimal number such as 12 or 0\.5; 3 of 43 rows",
    ):
        clean(leads, table)


def test_many_defects_of_several_kinds_are_refused_together(table):
    broken = [lead(lead_id=name, **{name: "x"}) for name in ("purchases", "n_visits", "onboarding")]
    with pytest.raises(
        WrongTypeError, match=r"3 of 43 rows are broken \(purchases_no_number 1, .*\), more than table\.max_"
    ):
        clean([*many(40), *broken], table)


def test_rows_out_of_scope_are_no_defects_however_many(table):
    quality = clean([*many(40), *(lead(lead_id=f"X{place}", source="fb") for place in range(400))], table)
    assert counts(quality) == {"source_not_kept": 400}


def test_many_conflicting_ids_are_refused(table):
    with pytest.raises(WrongTypeError, match="conflicting_id"):
        clean([*many(40), *(lead(purchases=str(place)) for place in range(10))], table)


def test_a_third_label_value_is_refused_with_its_row(table):
    leads = [*many(40), lead(lead_id="X", lead_indicator="maybe"), lead(lead_id="Y", lead_indicator="2")]
    with pytest.raises(
        UnknownLabelError, match=r"leads\.csv: row 41, column 'lead_indicator'.*\['2', 'maybe'\] in 2 rows"
    ):
        clean(leads, table)


def test_a_third_label_value_is_set_aside_where_the_settings_say_so(table):
    label = Label.model_validate(table.label.model_dump() | {"other": "reject"})
    lenient = Table.model_validate(table.model_dump() | {"label": label})
    quality = clean([*many(40), lead(lead_id="X", lead_indicator="maybe")], lenient)
    assert counts(quality) == {"unknown_label": 1}
    assert quality.kept == 40


def test_one_label_only_is_refused(table):
    with pytest.raises(SingleClassError, match=r"leads\.csv: column 'lead_indicator': 0 converted and 40 not"):
        clean(many(40, lead_indicator="0"), table)


def test_ten_leads_of_each_label_are_enough_and_nine_are_not(table):
    enough = many(2 * LABEL_MIN_ROWS)
    assert clean(enough, table).kept == 20
    with pytest.raises(SingleClassError):
        clean(enough[:-1], table)


def test_a_table_whose_rows_are_all_out_of_scope_says_why(table):
    with pytest.raises(EmptyTableError, match=r"none of the 30 rows is left after the rules \(source_not_kept 30\)"):
        clean(many(30, source="fb"), table)


def test_labels_become_one_and_zero(table):
    words = Label(column="lead_indicator", positive=("won", "sold"), negative=("lost",))
    worded = Table.model_validate(table.model_dump() | {"label": words})
    leads = [
        lead(lead_id=f"L{place}", lead_indicator=("won", "sold", "lost", "lost")[place % 4]) for place in range(40)
    ]
    cleaned = data_clean(raw(leads), worded, "here")
    assert cleaned.leads["lead_indicator"].to_list() == [1, 1, 0, 0] * 10


def test_ignored_columns_may_be_there_or_not(table):
    with_code = [row | {"customer_code": "secret"} for row in many(20)]
    cleaned = data_clean(raw(with_code), table, "here")
    assert "customer_code" not in cleaned.leads.columns
    assert "customer_code" not in cleaned.rejected.columns
    assert clean(many(20), table).kept == 20


def test_the_days_of_the_kept_leads_are_in_the_quality_and_only_of_those(table):
    leads = [*many(40), lead(lead_id="X", date_part="2024-1-31"), lead(lead_id="Y", date_part="2024-1-1")]
    outside = lead(lead_id="Z", date_part="2023-1-1")
    assert clean([*leads, outside], table).days == ("2024-01-01", "2024-01-31")


def test_a_table_without_a_day_has_no_days(table):
    columns = {
        name: column.model_copy(update={"role": Role.IGNORE}) if column.role is Role.DAY else column
        for name, column in table.columns.items()
    }
    undated = table.model_copy(update={"columns": columns, "window": None})
    assert clean(many(40), undated).days is None
