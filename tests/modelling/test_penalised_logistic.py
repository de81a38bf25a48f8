"""The penalised logistic regression: scikit-learn's where that has one, and its target and bounds where it has none."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from scipy.special import expit
from sklearn.linear_model import LogisticRegression

from gallop.modelling.penalised_logistic import PENALTY, fit_penalised_logistic


def leads(rows: int, seed: int, columns: int = 2) -> tuple[np.ndarray, np.ndarray]:
    random = np.random.default_rng(seed)
    X = random.normal(size=(rows, columns))
    return X, (random.random(rows) < expit(X.sum(axis=1) - 0.5)).astype(float)


def test_without_bounds_and_with_target_zero_it_is_scikit_learns():
    X, y = leads(2_000, 1, columns=3)
    base, weights = fit_penalised_logistic(X, y, target=np.zeros(3), lowest=-np.inf)
    expected = LogisticRegression(C=1 / (2 * PENALTY), tol=1e-10).fit(X, y)
    assert base == pytest.approx(expected.intercept_[0], abs=1e-4)
    assert weights == pytest.approx(expected.coef_[0], abs=1e-4)


def test_few_rows_stay_near_the_target_and_many_rows_leave_it():
    target = np.array([3.0, -1.0])
    distances = []
    for rows in (2, 200, 20_000):
        _, weights = fit_penalised_logistic(*leads(rows, 2), target=target, lowest=-np.inf)
        distances.append(np.abs(weights - target).max())
    assert distances == sorted(distances)
    assert distances[0] < 0.5
    assert weights == pytest.approx([1.0, 1.0], abs=0.1)


@given(st.integers(0, 10_000), st.integers(3, 60), st.floats(-0.5, 0.9))
@examples(max_examples=40)
def test_no_weight_is_below_the_lowest(seed, rows, lowest):
    X, y = leads(rows, seed)
    base, weights = fit_penalised_logistic(-X, y, target=np.ones(2), lowest=lowest)
    assert np.isfinite(base)
    assert (weights >= lowest).all()
