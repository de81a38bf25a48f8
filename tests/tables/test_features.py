"""Features are row-wise and mean the same on every engine."""

import narwhals.stable.v2 as nw
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.schema import MISSING_LEVEL, ROW, RULE, Role
from gallop.settings.features import Bins
from gallop.settings.params import Settings
from gallop.stages.data_preprocess import data_preprocess
from gallop.tables.applied_rules import apply_rules
from gallop.tables.features import as_category, binned, input_roles, inputs
from tests.support.laws import assert_row_wise
from tests.support.leads import lead, messy_leads, raw, values

few_examples = examples(max_examples=12)  # each sorts a table, which takes a tenth of a second
ENGINES = ["polars", "pandas", "pyarrow"]
BINS = Bins(column="source", groups={"socials": ("li", "fb"), "group1": ("organic",)}, other="other")

typed_leads = st.lists(
    st.fixed_dictionaries(
        {
            "lead_id": st.text(min_size=1, max_size=3),
            "source": st.sampled_from(["li", "fb", "organic", "signup", None]),
            "purchases": st.one_of(st.none(), st.floats(-1e6, 1e6)),
            "time_spent": st.one_of(st.none(), st.floats(-1e6, 1e6)),
            "customer_group": st.sampled_from(["1", "9", None]),
            "onboarding": st.sampled_from([True, False, None]),
            "n_visits": st.one_of(st.none(), st.floats(-1e6, 1e6)),
        }
    ),
    min_size=1,
    max_size=12,
)
TYPES = {
    "lead_id": nw.String(),
    "source": nw.String(),
    "purchases": nw.Float64(),
    "time_spent": nw.Float64(),
    "customer_group": nw.String(),
    "onboarding": nw.Boolean(),
    "n_visits": nw.Float64(),
}


def as_frame(rows: list[dict]) -> nw.DataFrame:
    return nw.from_dict({name: [row[name] for row in rows] for name in TYPES}, TYPES, backend="polars")


def column(name: str, content: list, dtype: nw.dtypes.DType, engine: str) -> nw.DataFrame:
    return nw.from_dict({name: content}, {name: dtype}, backend=engine)


@pytest.mark.parametrize("engine", ENGINES)
def test_a_level_of_no_group_goes_to_other_and_a_missing_one_stays_missing(engine: str):
    frame = column("source", ["li", "organic", "signup", "tv", None], nw.String(), engine)
    levels = frame.select(binned("bin", BINS))["bin"]
    assert levels.drop_nulls().to_list() == ["socials", "group1", "other", "other"]
    assert levels.is_null().to_list() == [False, False, False, False, True]


@pytest.mark.parametrize("engine", ["polars", "pyarrow"])
def test_a_missing_value_is_a_level_of_its_own(engine: str):
    levels = column("a", ["x", None], nw.String(), engine)
    assert levels.select(as_category("a", Role.CATEGORY))["a"].to_list() == ["x", MISSING_LEVEL]
    truths = column("a", [True, False, None], nw.Boolean(), engine)
    assert truths.select(as_category("a", Role.BOOLEAN))["a"].to_list() == ["True", "False", MISSING_LEVEL]


def test_the_inputs_come_in_the_order_of_the_settings(settings: Settings):
    leads = apply_rules(raw([lead()]), settings.table, "here", labelled=True).leads
    made = data_preprocess(leads, settings.table, settings.features)
    assert made.columns == ["lead_id", ROW, "date_part", "lead_indicator", *settings.features.inputs]
    assert list(input_roles(settings.table, settings.features)) == list(settings.features.inputs)


def test_a_lead_becomes_what_the_model_takes(settings: Settings):
    leads = apply_rules(raw([lead()]), settings.table, "here", labelled=True).leads
    made = data_preprocess(leads, settings.table, settings.features)
    assert values(made) == [("L0", 1, "2024-01-03", 1, 5.0, 100.5, 9.0, "2", "True", "group1")]


def test_a_lead_without_values_keeps_its_row(settings: Settings):
    blank = lead(purchases="", time_spent="", customer_group="", onboarding="", n_visits="")
    leads = apply_rules(raw([blank]), settings.table, "here", labelled=True).leads
    made = data_preprocess(leads, settings.table, settings.features)
    assert values(made) == [("L0", 1, "2024-01-03", 1, None, None, None, MISSING_LEVEL, MISSING_LEVEL, "group1")]


@given(typed_leads, st.data())
def test_features_are_row_wise(settings: Settings, rows: list[dict], data: st.DataObject):
    selection = data.draw(st.lists(st.integers(0, len(rows) - 1), max_size=12), label="selection")
    permutation = data.draw(st.permutations(range(len(rows))), label="permutation")

    def step(leads: nw.DataFrame) -> nw.DataFrame:
        return data_preprocess(leads, settings.table, settings.features)

    assert_row_wise(step, as_frame(rows), [selection, permutation])


@few_examples
@given(messy_leads, st.data())
def test_whether_a_lead_is_kept_is_row_wise_apart_from_duplicates(settings: Settings, rows: list, data: st.DataObject):
    alone = [row | {"lead_id": row["lead_id"] and f"{row['lead_id']}{index}"} for index, row in enumerate(rows)]
    permutation = data.draw(st.permutations(range(len(rows))), label="permutation")
    selection = data.draw(st.lists(st.sampled_from(range(len(rows))), min_size=1, unique=True), label="selection")

    def step(leads: nw.DataFrame) -> nw.DataFrame:
        done = apply_rules(leads, settings.table, "here", labelled=True)
        kept = done.leads.with_columns(nw.lit(None, dtype=nw.String).alias(RULE)).select(ROW, RULE)
        return nw.concat([kept, done.rejected.select(ROW, RULE)]).sort(ROW).select(RULE)

    frame = raw(alone)
    whole = values(step(frame))
    for chosen in (permutation, selection):
        part = raw([alone[index] for index in chosen])
        assert values(step(part)) == [whole[index] for index in chosen]


def test_a_planted_fitted_step_outside_the_model_is_caught(settings: Settings):
    def fitted(leads: nw.DataFrame) -> nw.DataFrame:
        made = data_preprocess(leads, settings.table, settings.features)
        return made.with_columns(nw.col("purchases").fill_null(nw.col("purchases").mean()))

    leads = as_frame(
        [
            {"lead_id": key, "source": "li", "purchases": number, "time_spent": 1.0}
            | {"customer_group": "1", "onboarding": True, "n_visits": 2.0}
            for key, number in (("A", 1.0), ("B", None), ("C", 9.0))
        ]
    )
    assert_row_wise(lambda rows: data_preprocess(rows, settings.table, settings.features), leads, [[0, 1], [2, 1, 0]])
    with pytest.raises(AssertionError):
        assert_row_wise(fitted, leads, [[0, 1]])


def test_a_planted_step_that_looks_at_the_neighbouring_row_is_caught(settings: Settings):
    def shifted(leads: nw.DataFrame) -> nw.DataFrame:
        return leads.select(nw.col("n_visits").shift(1))

    frame = raw([lead(n_visits="1"), lead(n_visits="2")])
    assert settings.table.columns["n_visits"].role is Role.NUMBER
    with pytest.raises(AssertionError):
        assert_row_wise(shifted, frame, [[1, 0]])


def test_inputs_are_expressions_and_touch_no_data(settings: Settings):
    assert len(inputs(settings.table, settings.features)) == len(settings.features.inputs)
