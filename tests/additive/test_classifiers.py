"""Classifiers say what the library's estimators said, and what their columns add; along a curve, sums still hold."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gallop.additive.classifiers import rescaled
from gallop.modelling import additive_form
from gallop.modelling.families import classifier

PARTS = arrays(float, (4, 3), elements=st.floats(-5, 5))


def slope(base: float) -> float:
    return 1 / np.cosh(base) ** 2


@given(PARTS, st.floats(-2, 2))
def test_rescaled_contributions_add_up_to_what_the_curve_gives(parts, base):
    moved, start = rescaled(parts, base, np.tanh, slope(base))
    assert start == np.tanh(base)
    assert start + moved.sum(axis=1) == pytest.approx(np.tanh(base + parts.sum(axis=1)), abs=1e-6)


def test_columns_of_a_lead_keep_their_shares():
    parts = np.array([[1.0, 3.0, -2.0]])
    moved, _ = rescaled(parts, 0.5, np.tanh, slope(0.5))
    assert moved / moved.sum() == pytest.approx(parts / parts.sum())


def test_columns_that_cancel_out_keep_the_slope_of_the_curve():
    moved, start = rescaled(np.array([[2.0, -2.0], [0.0, 0.0]]), 0.5, np.tanh, slope(0.5))
    assert moved == pytest.approx(np.array([[2.0, -2.0], [0.0, 0.0]]) * slope(0.5))
    assert start + moved.sum(axis=1) == pytest.approx([np.tanh(0.5)] * 2)


def encoded(rows: int = 300, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    draw = np.random.default_rng(seed)
    X = draw.normal(size=(rows, 4)).round(1)
    X[::7, 2] = np.nan
    return X, (draw.random(rows) < 1 / (1 + np.exp(-X[:, 0]))).astype(float)


@pytest.mark.parametrize(("family", "parameters"), [("forest", {"n_estimators": 20}), ("lightgbm", {"num_leaves": 6})])
def test_trees_without_their_library_say_what_the_library_said(family, parameters):
    X, y = encoded()
    estimator = classifier(family, parameters, seed=1).fit(X, y)
    strange = np.array([[np.nan] * 4, [1e300, -1e300, 0.0, np.inf], [0.05, 0.15, 0.25, 0.35]])
    for rows in (X, encoded(2_000, seed=3)[0], strange):
        ours = additive_form.additive_form(estimator).log_odds(rows)
        assert ours == pytest.approx(additive_form.log_odds(estimator, rows), abs=1e-9)
        probability = np.clip(estimator.predict_proba(np.clip(rows, -1e30, 1e30))[:, 1], 0.01, 0.99)
        if family == "forest":
            assert 1 / (1 + np.exp(-ours)) == pytest.approx(probability, abs=1e-9)


def test_a_forest_goes_where_scikit_learn_goes_at_its_very_thresholds():
    X, y = encoded()
    estimator = classifier("forest", {"n_estimators": 5}, seed=1).fit(X, y)
    at = np.unique(np.concatenate([tree.tree_.threshold[tree.tree_.feature == 0] for tree in estimator.estimators_]))
    rows = np.column_stack([np.concatenate([at, np.nextafter(at, 9), np.nextafter(at, -9)])] * 4)
    ours = additive_form.additive_form(estimator).log_odds(rows)
    assert ours == pytest.approx(additive_form.log_odds(estimator, rows), abs=1e-9)
