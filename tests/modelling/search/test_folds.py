"""Large tables are searched on a sample; every other table on all its rows."""

import numpy as np
import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from gallop.modelling.candidates import fit_assembly, ranked_contenders, winner
from gallop.modelling.search.folds import MOST_VALUES, AllRows, searched_rows, stratified
from gallop.modelling.search.grouped_folds import InTime
from gallop.modelling.search.run import search
from gallop.schema import Role
from tests.support.made import training

NUMBERS = {"n": Role.NUMBER, "m": Role.NUMBER}


def leads(rows: int) -> tuple[pd.DataFrame, np.ndarray]:
    draw = np.random.default_rng(4)
    X = pd.DataFrame({"n": draw.normal(size=rows), "m": draw.normal(size=rows)})
    return X, (draw.random(rows) < 1 / (1 + np.exp(-X["n"].to_numpy()))).astype(float)


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(10, 20_000), rare=st.integers(2, 5), most=st.integers(1_000, 30_000))
def test_a_sample_has_distinct_rows_in_order_and_the_rate_of_the_table(rows, rare, most):
    y = (np.arange(rows) % rare == 0).astype(float)
    drawn = searched_rows(y, 3, most, seed=1)
    assert len(drawn) <= 2 * most + 1
    assert np.all(np.diff(drawn) > 0)
    assert abs(y[drawn].mean() - y.mean()) < 0.01 or rows < 200
    assert np.array_equal(drawn, searched_rows(y, 3, most, seed=1))


def test_up_to_twice_as_many_rows_are_searched_where_one_label_is_rare():
    rare = np.arange(100_000) % 500 == 0
    assert len(searched_rows(rare * 1.0, 3, 30_000, seed=1)) == 60_000
    less_rare = np.arange(100_000) % 80 == 0
    assert len(searched_rows(less_rare * 1.0, 3, 30_000, seed=1)) == 40_000


def test_of_many_rows_fewer_folds_are_held_out_but_enough_of_the_rarer_label():
    def folds(rows: int, every: int) -> int:
        return len(stratified(np.arange(rows) % every * 1.0 // max(1, every - 1), 5, seed=1))

    assert [folds(rows, 2) for rows in (1_000, 12_000, 20_000, 30_000, 50_000)] == [5, 5, 3, 2, 2]
    assert folds(50_000, 500) == 5
    assert folds(50_000, 250) == 3


def test_wide_tables_have_smaller_samples():
    y = np.arange(50_000) % 2 * 1.0
    assert len(searched_rows(y, 90, 30_000, seed=1)) == MOST_VALUES // 90
    assert len(searched_rows(y, 5_000, 30_000, seed=1)) == 5_000


def test_the_recipe_found_on_a_sample_is_fitted_on_all_rows():
    X, y = leads(3_000)
    chosen = training().model_copy(update={"search_rows": 1_000})
    found = search(X, y, NUMBERS, chosen, 1)
    assert 1_000 <= len(found.rows) <= 1_020
    assert len(np.unique(found.rows)) == len(found.rows)
    assert found.rows.max() > 2_000
    assert all(not np.isin(seen, held_out).any() for seen, held_out in zip(found.seen, found.folds, strict=True))
    _, recipe = winner(ranked_contenders(found, y, chosen))
    model = fit_assembly(AllRows(X, y, NUMBERS, chosen), recipe, 1)
    of_sample = fit_assembly(AllRows(X.iloc[found.rows], y[found.rows], NUMBERS, chosen), recipe, 1)
    assert not np.array_equal(model.predict_proba(X), of_sample.predict_proba(X))


def test_a_sample_in_time_keeps_days_apart():
    X, y = leads(3_000)
    at = np.arange(3_000) // 100
    chosen = training().model_copy(update={"search_rows": 1_000})
    for found in (
        search(X, y, NUMBERS, chosen, 1, at=at),
        search(X, y, NUMBERS, chosen, 1, in_time=InTime(at, gap_days=2)),
    ):
        for seen, held_out in zip(found.seen, found.folds, strict=True):
            assert at[seen].max() < at[held_out].min()
            assert len(seen) + len(held_out) <= 1_020
