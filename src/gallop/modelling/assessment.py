"""What the test rows say of a model that is chosen and fitted. Nothing here decides anything."""

import pandas as pd

from gallop.additive.model import AdditiveModel
from gallop.evaluation.calibration import calibration
from gallop.evaluation.metrics import Vector
from gallop.evaluation.slices import slices
from gallop.modelling.explanations import effects, surest
from gallop.modelling.uncertainty import check_uncertainty
from gallop.results.evidence import DecisionPlan, LearningPoint, ScoreUncertainty, TestEvidence
from gallop.schema import Role
from gallop.settings.params import Settings


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
    parts, base = model.contributions(X)
    hits, misses = surest(X, y, parts, base)
    return TestEvidence(
        decision=plan,
        calibration=calibration(y, probability, **settings.resampling),
        slices=slices(categories, y, probability, confidence=confidence),
        learning=learning,
        effects=effects(X, parts),
        hits=hits,
        misses=misses,
        certainty=check_uncertainty(uncertainty, y, probability, confidence),
        uncertainty=uncertainty,
    )
