"""Importance is what shuffling a column costs, for models that cannot be fitted again, too."""

import numpy as np
import pandas as pd
import pytest
from scipy.special import expit
from sklearn.base import BaseEstimator, ClassifierMixin

from gallop.evaluation.metrics import log_losses
from gallop.modelling.permutation_importance import importances

ROWS = 4_000


class Known(ClassifierMixin, BaseEstimator):
    """A fitted model of two columns, without `fit`, as a stack is."""

    classes_ = np.array([0.0, 1.0])

    def __sklearn_is_fitted__(self) -> bool:
        return True

    def predict_proba(self, X: pd.DataFrame) -> np.ndarray:
        yes = expit(0.5 * X["weak"] + 2 * X["strong"]).to_numpy()
        return np.column_stack([1 - yes, yes])


@pytest.fixture(scope="module")
def leads() -> tuple[pd.DataFrame, np.ndarray]:
    random = np.random.default_rng(5)
    X = pd.DataFrame(random.normal(size=(ROWS, 3)), columns=["weak", "unused", "strong"])
    return X, (random.random(ROWS) < Known().predict_proba(X)[:, 1]).astype(float)


def test_columns_come_by_importance_and_one_that_is_not_used_has_none(leads, settings):
    ranked = importances(Known(), *leads, settings)
    assert [importance.column for importance in ranked] == ["strong", "weak", "unused"]
    unused = ranked[-1].increase
    assert (unused.low, unused.value, unused.high) == (0.0, 0.0, 0.0)


def test_the_increase_is_that_of_the_log_loss_of_another_shuffle(leads, settings):
    X, y = leads
    before = log_losses(y, Known().predict_proba(X)[:, 1]).mean()
    for importance in importances(Known(), X, y, settings)[:2]:
        shuffled = X.assign(**{importance.column: np.random.default_rng(9).permutation(X[importance.column])})
        increase = log_losses(y, Known().predict_proba(shuffled)[:, 1]).mean() - before
        assert importance.increase.value == pytest.approx(increase, rel=0.2)
        assert importance.increase.low <= importance.increase.value <= importance.increase.high


def test_equal_seeds_give_equal_importances_and_other_seeds_do_not(leads, settings):
    other = settings.model_copy(update={"seed": settings.seed + 1})
    assert importances(Known(), *leads, settings) == importances(Known(), *leads, settings)
    assert importances(Known(), *leads, settings) != importances(Known(), *leads, other)
