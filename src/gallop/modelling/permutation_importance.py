"""How much worse a model becomes where one of its inputs says nothing any more."""

import numpy as np
import pandas as pd

from gallop.evaluation.metrics import Estimate, Vector, log_losses
from gallop.modelling.candidates import CandidateModel
from gallop.results.run import Importance
from gallop.settings.params import Settings

_SHUFFLES = 5


def importances(model: CandidateModel, X: pd.DataFrame, y: Vector, settings: Settings) -> tuple[Importance, ...]:
    """Permutation importance (Breiman 2001) of each model input, with the spread over the shuffles.

    All shuffled copies of a column are predicted in one call: a model is asked once per column, not once per shuffle.
    """
    draw = np.random.default_rng(settings.seed)
    whole = log_losses(y, model.predict_proba(X)[:, 1]).mean()
    tail = (1 - settings.evaluation.confidence) / 2
    importances_of_columns = []
    for name in X.columns:
        order = np.concatenate([draw.permutation(len(X)) for _ in range(_SHUFFLES)])
        copies = pd.concat([X] * _SHUFFLES, ignore_index=True)
        copies[name] = X[name].to_numpy()[order]
        losses = log_losses(np.tile(y, _SHUFFLES), model.predict_proba(copies)[:, 1])
        increases = losses.reshape(_SHUFFLES, len(X)).mean(axis=1) - whole
        low, high = np.quantile(increases, [tail, 1 - tail])
        increase = Estimate(value=float(increases.mean()), low=float(low), high=float(high))
        importances_of_columns.append(Importance(column=name, increase=increase))
    return tuple(sorted(importances_of_columns, key=lambda importance: -importance.increase.value))
