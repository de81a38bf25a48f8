"""Model inputs become columns of numbers that know where they come from, and that no row's own label is in."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from sklearn.preprocessing import SplineTransformer

from gallop.additive.columns import EncodedColumns, basis, ranks
from gallop.modelling.encoder import RARE_ROWS, Columns
from gallop.schema import MISSING_LEVEL, Role
from tests.support.made import ROLES, leads

NUMBERS = [name for name, role in ROLES.items() if role is Role.NUMBER]
CATEGORIES = [name for name in ROLES if name not in NUMBERS]
X, Y = leads(400)
both = pytest.mark.parametrize("splines", [False, True])


def made(splines: bool, **changes) -> Columns:
    return Columns(**({"numbers": NUMBERS, "categories": CATEGORIES, "splines": splines} | changes))


@pytest.fixture(scope="module")
def fitted() -> dict[bool, EncodedColumns]:
    return {splines: made(splines).fit(X, Y) for splines in (False, True)}


@both
def test_a_training_rows_rate_does_not_know_the_rows_own_label(splines):
    draw = np.random.default_rng(3)
    table = pd.DataFrame({"many": [f"l{level}" for level in draw.integers(0, 500, 3000)]})
    label = draw.permutation(np.repeat([0.0, 1.0], 1500))
    step = made(splines, numbers=[], categories=["many"], fixed={"many": "target"})
    of_others = step.fit_transform(table, label)[:, 0]
    own_too = step.transform(table)[:, 0]
    assert abs(np.corrcoef(of_others, label)[0, 1]) < 0.06
    assert np.corrcoef(own_too, label)[0, 1] > 0.3


@both
def test_fitting_and_transforming_learns_what_fitting_alone_does(splines):
    one, two = made(splines).fit(X, Y), made(splines)
    two.fit_transform(X, Y)
    assert np.array_equal(one.transform(X), two.transform(X), equal_nan=True)


@both
@given(st.lists(st.integers(0, 399), min_size=1, max_size=20))
@examples(max_examples=20)
def test_a_rows_columns_depend_on_that_row_alone(fitted, splines, places):
    whole = fitted[splines].transform(X)
    assert np.array_equal(fitted[splines].transform(X.iloc[places]), whole[places], equal_nan=True)


@both
def test_the_index_of_the_frame_means_nothing(splines):
    order = np.random.default_rng(1).permutation(len(X))
    odd, plain = X.iloc[order], X.iloc[order].reset_index(drop=True)
    one, two = made(splines).fit_transform(odd, Y[order]), made(splines).fit_transform(plain, Y[order])
    assert np.array_equal(one, two, equal_nan=True)


@both
@pytest.mark.parametrize("name", ROLES)
def test_every_column_comes_from_the_input_it_names_and_from_no_other(fitted, splines, name):
    step = fitted[splines]
    other = X.copy()
    other[name] = np.where(X[name].isna(), 7.0, np.nan) if name in NUMBERS else X[name].iloc[::-1].to_numpy()
    changed = ~np.isclose(step.transform(X), step.transform(other), equal_nan=True).all(axis=0)
    assert set(np.array(step.sources)[changed]) == {name}
    assert len(step.sources) == step.transform(X).shape[1] == len(step.center)


@both
def test_an_unknown_level_encodes_as_the_rare_ones_do_and_with_the_overall_rate(splines):
    draw = np.random.default_rng(0)
    table = pd.DataFrame({"level": ["a"] * 200 + ["b"] * 200 + ["c"] * 100 + [f"r{place}" for place in range(20)]})
    label = (draw.random(520) < 0.3).astype(float)
    step = made(splines, numbers=[], categories=["level"]).fit(table, label)
    unknown, rare, common = step.transform(pd.DataFrame({"level": ["new", "r0", "a"]}))
    assert unknown[:4].tolist() == rare[:4].tolist() == [0.0, 0.0, 0.0, 1.0]
    assert common[:4].tolist() == [1.0, 0.0, 0.0, 0.0]
    overall = label.mean()
    assert unknown[4] == pytest.approx(np.log(overall / (1 - overall)) if splines else overall)


def test_levels_of_few_rows_share_one_column():
    levels = ["a"] * 100 + ["b"] * 100 + ["c"] * RARE_ROWS + ["d"] * (RARE_ROWS - 1) + ["e"]
    table = pd.DataFrame({"level": levels})
    step = made(True, numbers=[], categories=["level"]).fit(table, np.arange(len(levels)) % 2)
    encoded = step.transform(pd.DataFrame({"level": list("abcde")}))
    assert encoded.tolist() == [[1, 0, 0, 0], [0, 1, 0, 0], [0, 0, 1, 0], [0, 0, 0, 1], [0, 0, 0, 1]]


@both
def test_a_category_of_one_level_says_nothing_and_of_two_levels_one_column_is_enough(splines):
    table = pd.DataFrame({"one": ["a"] * 60, "two": ["x", "y"] * 30})
    step = made(splines, numbers=[], categories=["one", "two"]).fit(table, np.arange(60) % 2)
    assert step.sources == ("two",)
    assert step.transform(table.head(2)).tolist() == [[0.0], [1.0]]


@both
def test_how_a_category_is_encoded_can_be_said(splines):
    table = pd.DataFrame({"few": ["x", "y"] * 100, "many": [f"l{place % 9}" for place in range(200)]})
    fixed = {"few": "target", "many": "one_hot"}
    step = made(splines, numbers=[], categories=["few", "many"], fixed=fixed).fit(table, np.arange(200) % 3 == 0)
    assert step.sources == ("few", *["many"] * 9)


@both
@pytest.mark.parametrize(("numbers", "categories"), [(NUMBERS, []), ([], CATEGORIES), (["n"], ["yes"])])
def test_a_model_may_have_numbers_only_or_categories_only(splines, numbers, categories):
    step = made(splines, numbers=numbers, categories=categories)
    encoded = step.fit_transform(X, Y)
    assert set(step.fitted.sources) == {*numbers, *categories}
    assert encoded.shape == (len(X), len(step.fitted.sources))


@both
@pytest.mark.parametrize("values", [[np.nan] * 50, [3.0] * 50, [np.nan] * 49 + [2.0]])
def test_numbers_that_are_missing_or_all_the_same_can_be_learnt_from(splines, values):
    table = pd.DataFrame({"n": values})
    step = made(splines, numbers=["n"], categories=[])
    step.fit_transform(table, np.arange(50) % 2)
    encoded = step.transform(pd.DataFrame({"n": [np.nan, 0.0, 1e300, -1e300]}))
    assert np.isfinite(step.fitted.center).all()
    assert np.isfinite(encoded).all() == splines


def test_trees_get_numbers_as_they_are_and_splines_get_a_mark_where_there_is_none(fitted):
    assert np.array_equal(fitted[False].transform(X)[:, :2], X[NUMBERS].to_numpy(), equal_nan=True)
    gap = fitted[True].sources.index("level") - 1
    assert np.array_equal(fitted[True].transform(X)[:, gap], X["n"].isna().to_numpy())


@examples(max_examples=25)
@given(st.lists(st.text(max_size=6), min_size=1, max_size=6, unique=True))
@both
def test_any_text_may_be_a_level(splines, texts):
    table = pd.DataFrame({"level": (texts * 40)[: max(40, 20 * len(texts))]})
    step = made(splines, numbers=[], categories=["level"])
    encoded = step.fit_transform(table, np.arange(len(table)) % 2)
    assert np.isfinite(encoded).all()
    assert len({tuple(row) for row in step.transform(pd.DataFrame({"level": texts}))}) == len(texts)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=30).map(np.array))
def test_the_splines_are_those_of_scikit_learn_and_sum_to_at_most_one(at):
    exact = SplineTransformer(6, include_bias=False).fit(np.linspace(0, 1, 201)[:, None]).transform(at[:, None])
    assert basis(at) == pytest.approx(exact, abs=2e-4)
    assert (basis(at) >= 0).all()
    assert (basis(at).sum(axis=1) <= 1 + 1e-9).all()


finite = st.floats(-1e9, 1e9)


@given(st.lists(finite, min_size=2, max_size=40), st.lists(finite, min_size=2, max_size=20))
def test_ranks_lie_between_0_and_1_and_never_fall_as_values_rise(seen, values):
    quantiles = np.quantile(np.array(seen), np.linspace(0, 1, min(200, len(seen))))
    of_values = ranks(np.sort(np.array(values)), quantiles)
    assert ((of_values >= 0) & (of_values <= 1)).all()
    assert (np.diff(of_values) >= -1e-12).all()


@pytest.mark.parametrize("kind", [object, "str"])
def test_no_text_is_the_missing_level(kind):
    X, y = leads()
    X.loc[::9, "level"] = MISSING_LEVEL
    encoder = Columns(["n"], ["level"]).fit(X, y)
    without = X.assign(level=X["level"].where(X["level"] != MISSING_LEVEL, None).astype(kind))
    assert without["level"].isna().any()
    assert np.array_equal(encoder.transform(without), encoder.transform(X), equal_nan=True)


def test_encoders_fitted_on_the_same_leads_know_each_others_places():
    X, y = leads()
    trees, splines = (Columns(["n"], ["level", "many"], splines=each).fit(X, y) for each in (False, True))
    new = X.assign(level=X["level"].where(X.index % 7 > 0, "unheard of"))
    for one, other in ((trees, splines), (splines, trees)):
        assert np.array_equal(one.transform(new, other.level_rows(new)), one.transform(new), equal_nan=True)
