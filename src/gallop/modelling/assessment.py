"""What the test rows say of a model that is chosen and fitted. Nothing here decides anything."""

from typing import Final

import numpy as np
import pandas as pd

from gallop.additive.model import AdditiveModel
from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import Vector
from gallop.evaluation.slices import slices
from gallop.modelling.explanations import effects, surest
from gallop.modelling.search.folds import Rows
from gallop.modelling.uncertainty import check_uncertainty
from gallop.results.evidence import DecisionPlan, LearningPoint, ScoreUncertainty, TestEvidence
from gallop.schema import Role
from gallop.settings.params import Settings

MOST_EXPLAINED: Final = 3_000
"""Test rows that reasons are worked out for, which takes milliseconds each: enough for what columns do on the whole."""


def spread_rows(rows: int, most: int) -> Rows:
    """Indices of at most so many rows, evenly spread over all of them."""
    return np.arange(rows) if rows <= most else np.linspace(0, rows - 1, most).astype(np.int64)


def gather_evidence(
    model: AdditiveModel,
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
    shown = spread_rows(len(y), MOST_EXPLAINED)
    parts, base = model.contributions(X.iloc[shown])
    hits, misses = surest(X.iloc[shown], y[shown], parts, base)
    return TestEvidence(
        decision=plan,
        calibration=calibration(y, probability, **settings.resampling),
        slices=slices(categories, y, probability, confidence=confidence),
        learning=learning,
        effects=effects(X.iloc[shown], parts),
        hits=hits,
        misses=misses,
        certainty=check_uncertainty(uncertainty, y, probability, confidence),
        uncertainty=uncertainty,
    )
