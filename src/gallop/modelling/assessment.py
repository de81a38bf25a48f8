"""What the test rows say of a model that is chosen and fitted. Nothing here decides anything."""

import numpy as np
import pandas as pd

from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import Estimate, Vector, log_losses
from gallop.evaluation.slices import slices
from gallop.modelling.candidates import CandidateModel
from gallop.modelling.conformal import check_uncertainty
from gallop.modelling.explanations import effects, surest
from gallop.modelling.stack import Stack
from gallop.results.evidence import DecisionPlan, LearningPoint, ScoreUncertainty, TestEvidence
from gallop.results.run import Importance
from gallop.schema import Role
from gallop.settings.params import Settings

_SHUFFLES = 5


def gather_evidence(
    model: CandidateModel,
    plan: DecisionPlan,
    uncertainty: ScoreUncertainty,
    learning: tuple[LearningPoint, ...],
    X: pd.DataFrame,
    y: Vector,
    roles: dict[str, Role],
    settings: Settings,
) -> TestEvidence:
    """All that is said of a model beyond its test figures.

    Args:
        plan, uncertainty, learning: what was chosen and learnt on out-of-fold predictions.
        X: model inputs of the test rows; y: their labels, shape (n,).
    """
    probability = model.predict_proba(X)[:, 1]
    confidence = settings.evaluation.confidence
    categories = {
        name: [None if pd.isna(level) else str(level) for level in X[name]]
        for name, role in roles.items()
        if role is not Role.NUMBER
    }
    effects_of_columns, hits, misses = (), (), ()
    if isinstance(model, Stack):
        parts, base = model.contributions(X)
        effects_of_columns = effects(X, parts)
        hits, misses = surest(X, y, parts, base)
    return TestEvidence(
        decision=plan,
        calibration=calibration(y, probability, **settings.resampling),
        slices=slices(categories, y, probability, confidence=confidence),
        learning=learning,
        effects=effects_of_columns,
        hits=hits,
        misses=misses,
        certainty=check_uncertainty(uncertainty, y, probability, confidence),
        uncertainty=uncertainty,
    )


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
