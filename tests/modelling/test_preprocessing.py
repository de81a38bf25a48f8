"""The fitted steps learn from the rows they are fitted on, and encode any other row by that alone."""

import csv
import pickle

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from gallop.adapters.tables.polars import read_text
from gallop.modelling.preprocessing import Clip, encoder, frame
from gallop.schema import Role
from gallop.stages.data_clean import data_clean
from gallop.stages.data_preprocess import data_preprocess
from gallop.stages.data_split import data_split
from tests.conftest import ROOT

numbers = st.floats(-1e6, 1e6) | st.just(float("nan"))
columns = st.lists(st.lists(numbers, min_size=2, max_size=2), min_size=1, max_size=30).map(np.array)
ROLES = {"n": Role.NUMBER, "level": Role.CATEGORY, "yes": Role.BOOLEAN}


def inputs(n: list, level: list, yes: list | None = None) -> pd.DataFrame:
    return pd.DataFrame({"n": n, "level": level, "yes": yes or [str(place % 2 == 0) for place in range(len(n))]})


@given(columns)
def test_clipped_values_lie_within_the_bounds_and_missing_ones_stay_missing(X):
    clip = Clip(2.0).fit(X)
    clipped = clip.transform(X)
    there = ~np.isnan(X)
    assert np.array_equal(np.isnan(clipped), np.isnan(X))
    assert (clipped >= clip.low_)[there].all()
    assert (clipped <= clip.high_)[there].all()


@given(columns)
def test_clipping_twice_is_clipping_once(X):
    clip = Clip(2.0).fit(X)
    once = clip.transform(X)
    assert np.array_equal(clip.transform(once), once, equal_nan=True)


@given(columns, st.floats(0.1, 3.0))
def test_the_bounds_are_mean_and_sample_standard_deviations(X, sd):
    clip = Clip(sd).fit(X)
    for place, column in enumerate(X.T):
        there = column[~np.isnan(column)]
        if len(there) > 1:
            expected = there.mean() - sd * there.std(ddof=1), there.mean() + sd * there.std(ddof=1)
            assert (clip.low_[place], clip.high_[place]) == pytest.approx(expected, abs=1e-6)


def test_values_within_the_bounds_are_not_touched():
    X = np.arange(20.0)[:, None]
    assert np.array_equal(Clip(5.0).fit_transform(X), X)


def test_a_constant_column_clips_all_to_its_constant():
    clip = Clip(2.0).fit(np.full((10, 1), 3.0))
    assert clip.transform(np.array([[3.0], [100.0], [-5.0], [np.nan]])).ravel()[:3].tolist() == [3.0, 3.0, 3.0]


@pytest.mark.parametrize("column", [[[5.0]], [[np.nan], [5.0]], [[np.nan], [np.nan]]])
def test_one_value_or_none_says_nothing_about_spread_and_clips_nothing(column):
    clip = Clip(2.0).fit(np.array(column))
    assert clip.transform(np.array([[1e9], [-1e9]])).ravel().tolist() == [1e9, -1e9]


def test_clip_is_a_transformer_that_keeps_names_and_pickles():
    X = pd.DataFrame({"a": [1.0, 2.0, 30.0], "b": [1.0, 1.0, 1.0]})
    clip = Clip(1.0).fit(X)
    assert list(clip.get_feature_names_out()) == ["a", "b"]
    assert np.array_equal(pickle.loads(pickle.dumps(clip)).transform(X), clip.transform(X))


@examples(max_examples=25)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=20), st.lists(st.floats(-1e9, 1e9), min_size=1, max_size=5))
def test_encoded_numbers_lie_between_0_and_1_whatever_comes(seen, unseen):
    fitted = encoder({"n": Role.NUMBER}, 2.0).fit(pd.DataFrame({"n": seen}))
    encoded = fitted.transform(pd.DataFrame({"n": [*unseen, float("nan")]}))["n"]
    assert encoded.between(0.0, 1.0).all()


def test_a_missing_number_becomes_the_mean_of_the_clipped_ones():
    fitted = encoder({"n": Role.NUMBER}, 10.0).fit(pd.DataFrame({"n": [0.0, 1.0, 5.0, np.nan]}))
    assert fitted.transform(pd.DataFrame({"n": [np.nan]}))["n"][0] == pytest.approx(2.0 / 5.0)


def test_a_column_without_any_value_is_kept():
    fitted = encoder({"n": Role.NUMBER, "m": Role.NUMBER}, 2.0).fit(pd.DataFrame({"n": [0.0, 1.0], "m": [np.nan] * 2}))
    assert list(fitted.transform(pd.DataFrame({"n": [0.5], "m": [3.0]})).columns) == ["n", "m"]


def test_numbers_come_first_then_a_column_per_level_without_the_first():
    roles = {"level": Role.CATEGORY, "n": Role.NUMBER, "yes": Role.BOOLEAN}
    fitted = encoder(roles, 2.0).fit(inputs([1.0, 2.0, 3.0], ["b", "a", "c"]))
    assert list(fitted.get_feature_names_out()) == ["n", "level_b", "level_c", "yes_True"]


def test_the_order_of_the_levels_is_not_that_of_the_rows():
    one, two = (encoder(ROLES, 2.0).fit(inputs([1.0, 2.0, 3.0], levels)) for levels in (list("abc"), list("cba")))
    assert list(one.get_feature_names_out()) == list(two.get_feature_names_out())


def test_an_unseen_level_encodes_as_the_first_one_does_with_a_warning():
    fitted = encoder(ROLES, 2.0).fit(inputs([1.0, 2.0, 3.0], ["a", "b", "c"]))
    with pytest.warns(UserWarning, match="unknown categories"):
        encoded = fitted.transform(inputs([2.0], ["z"]))
    assert encoded.equals(fitted.transform(inputs([2.0], ["a"])))


@pytest.mark.parametrize("roles", [{"n": Role.NUMBER}, {"level": Role.CATEGORY}])
def test_a_model_may_have_numbers_only_or_levels_only(roles):
    X = inputs([1.0, 2.0], ["a", "b"])[list(roles)]
    assert len(encoder(roles, 2.0).fit_transform(X)) == 2


def test_the_encoded_columns_of_the_real_data_are_those_of_the_contract(shared, settings):
    leads = read_text(shared / "data" / "course_raw_data.csv")
    clean = data_clean(leads, settings.table, "raw").leads
    made = data_preprocess(clean, settings.table, settings.features)
    train = data_split(made, settings.table, settings.split, settings.seed).train
    roles = {name: settings.table.columns[name].role for name in settings.features.inputs if name != "bin_source"}
    roles["bin_source"] = Role.CATEGORY
    names = list(encoder(roles, settings.training.clip_sd).fit(frame(train, roles)).get_feature_names_out())
    with (ROOT / "contract/model_contract.csv").open(newline="") as file:
        assert [*names, "expected"] == next(csv.reader(file))
    assert len(names) == 12
