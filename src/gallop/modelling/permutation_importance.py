"""How much worse a model becomes where one of its inputs is shuffled."""

import numpy as np
import pandas as pd
from sklearn import inspection
from sklearn.frozen import FrozenEstimator

from gallop.evaluation.metrics import Estimate, Vector
from gallop.modelling.candidates import CandidateModel
from gallop.results.run import Importance
from gallop.settings.params import Settings

_SHUFFLES = 5


def importances(model: CandidateModel, X: pd.DataFrame, y: Vector, settings: Settings) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001) of each model input: the mean increase of the log-loss over shuffles of its
    values, with the central range over the shuffles; the most important first."""
    tail = (1 - settings.evaluation.confidence) / 2
    increases = inspection.permutation_importance(
        FrozenEstimator(model), X, y, scoring="neg_log_loss", n_repeats=_SHUFFLES, random_state=settings.seed
    ).importances
    importances = []
    for name, shuffles in zip(X.columns, increases, strict=True):
        low, high = np.quantile(shuffles, [tail, 1 - tail])
        increase = Estimate(value=float(shuffles.mean()), low=float(low), high=float(high))
        importances.append(Importance(column=name, increase=increase))
    return tuple(sorted(importances, key=lambda importance: -importance.increase.value))
