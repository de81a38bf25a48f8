"""How much worse a model becomes where one of its inputs is shuffled."""

import numpy as np
import pandas as pd
from sklearn import inspection
from sklearn.base import BaseEstimator, ClassifierMixin
from sklearn.model_selection import train_test_split

from gallop.additive.columns import Matrix
from gallop.additive.model import AdditiveModel
from gallop.evaluation.metrics import Estimate, Vector
from gallop.results.run import Importance
from gallop.settings.params import Settings

_SHUFFLES, _MOST_ROWS = 5, 2_000


class _Fitted(ClassifierMixin, BaseEstimator):
    """A fitted model, as scikit-learn asks it."""

    classes_ = np.array([0.0, 1.0])

    def __init__(self, model: AdditiveModel) -> None:
        self.model = model

    def fit(self, X: pd.DataFrame, y: Vector):  # noqa: ARG002 fitted already
        return self

    def predict_proba(self, X: pd.DataFrame) -> Matrix:
        return self.model.predict_proba(X)


def importances(model: AdditiveModel, X: pd.DataFrame, y: Vector, settings: Settings) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001) of each model input: the mean increase of the log-loss over shuffles of its
    values, with the central range over the shuffles; the most important first. Of many rows, a stratified sample."""
    if len(y) > _MOST_ROWS:
        X, _, y, _ = train_test_split(X, y, train_size=_MOST_ROWS, stratify=y, random_state=settings.seed)
    tail = (1 - settings.evaluation.confidence) / 2
    increases = inspection.permutation_importance(
        _Fitted(model), X, y, scoring="neg_log_loss", n_repeats=_SHUFFLES, random_state=settings.seed
    ).importances
    importances = []
    for name, shuffles in zip(X.columns, increases, strict=True):
        low, high = np.quantile(shuffles, [tail, 1 - tail])
        increase = Estimate(value=float(shuffles.mean()), low=float(low), high=float(high))
        importances.append(Importance(column=name, increase=increase))
    return tuple(sorted(importances, key=lambda importance: -importance.increase.value))
